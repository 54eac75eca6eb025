// A still from a running track, at the track's full resolution, as JPEG.

export interface Grab {
	bytes: Blob;
	width: number;
	height: number;
	/** Device clock, UTC ms. */
	capturedAt: number;
}

export async function grab(track: MediaStreamTrack): Promise<Grab | null> {
	const video = document.createElement("video");
	video.muted = true;
	video.playsInline = true;
	video.srcObject = new MediaStream([track]);
	await firstFrame(video);
	const still = await draw(video);
	video.srcObject = null;
	return still;
}

function firstFrame(video: HTMLVideoElement): Promise<void> {
	return new Promise((resolve) => {
		video.onloadeddata = () => resolve();
		video.play().catch(() => resolve());
	});
}

async function draw(video: HTMLVideoElement): Promise<Grab | null> {
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
