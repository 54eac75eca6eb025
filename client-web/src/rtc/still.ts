// A still from a running track, at the track's full resolution, as JPEG.

export interface Grab {
	bytes: Blob;
	width: number;
	height: number;
	/** Device clock, UTC ms. */
	capturedAt: number;
}

/** The frame that is on the screen at the press, where one is; else the next one that the track gives. */
export async function grab(track: MediaStreamTrack): Promise<Grab | null> {
	const shown = Array.from(document.querySelectorAll("video")).find((video) => shows(video, track));
	if (shown) return draw(shown);
	const video = document.createElement("video");
	video.muted = true;
	video.playsInline = true;
	video.srcObject = new MediaStream([track]);
	await firstFrame(video);
	const still = await draw(video);
	video.srcObject = null;
	return still;
}

function shows(video: HTMLVideoElement, track: MediaStreamTrack): boolean {
	const stream = video.srcObject;
	const ready = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
	return ready && stream instanceof MediaStream && stream.getVideoTracks().includes(track);
}

const PATIENCE_MS = 4_000;

/** Gives up after a while: a camera that fell asleep must not block the next press. */
function firstFrame(video: HTMLVideoElement): Promise<void> {
	return new Promise((resolve) => {
		window.setTimeout(resolve, PATIENCE_MS);
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
