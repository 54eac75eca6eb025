// A still from a running track, at the track's full resolution, as JPEG.

export interface Grab {
	bytes: Blob;
	width: number;
	height: number;
	/** Device clock, UTC ms. */
	capturedAt: number;
}

export async function grab(video: HTMLVideoElement): Promise<Grab | null> {
	const width = video.videoWidth;
	const height = video.videoHeight;
	if (width === 0 || height === 0) return null;
	const canvas = document.createElement("canvas");
	canvas.width = width;
	canvas.height = height;
	const context = canvas.getContext("2d");
	if (!context) return null;
	context.drawImage(video, 0, 0, width, height);
	const capturedAt = Date.now();
	const bytes = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
	return bytes && { bytes, width, height, capturedAt };
}
