// The sizes in which a camera is sent (simulcast, RFC 8853), and which of them are wanted. Low before high: a browser that is
// short of bandwidth begins with the first.

export interface Layer {
	rid: string;
	scaleResolutionDownBy: number;
	/** bit/s */
	maxBitrate: number;
}

/** Chromium sends so many layers for a picture of that many pixels, and leaves out what it was asked for beyond. */
const THREE_FROM = 960 * 540;
const TWO_FROM = 640 * 360;

const QUARTER: Layer = { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000 };
const HALF = { rid: "h", scaleResolutionDownBy: 2 };

/** The layers of a picture of that size, the whole one last; a small picture has one, without a name. */
export function layersOf(width: number, height: number, maxBitrate: number): Layer[] {
	const full: Layer = { rid: "f", scaleResolutionDownBy: 1, maxBitrate };
	const pixels = width * height;
	if (pixels >= THREE_FROM) return [QUARTER, { ...HALF, maxBitrate: 500_000 }, full];
	if (pixels >= TWO_FROM) return [{ ...HALF, maxBitrate: 150_000 }, full];
	return [];
}

interface Encoding {
	rid?: string;
	active?: boolean;
}

/**
 * Sends the layers that are wanted and pauses the others; null where nothing changes. What has no name is the only
 * layer there is and stays. Wanted is everything until something else was said.
 */
export function paused<E extends Encoding>(encodings: E[], wanted: string[] | null): E[] | null {
	const active = (one: E) => wanted === null || one.rid === undefined || wanted.includes(one.rid);
	if (encodings.length < 2 || encodings.every((one) => (one.active ?? true) === active(one))) return null;
	return encodings.map((one) => ({ ...one, active: active(one) }));
}
