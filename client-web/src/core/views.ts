// What this screen shows, and how large: the relay sends each picture in the size in which it is looked at, and none that
// nobody sees. No DOM here (live/screen.ts) and no socket.
import type { SeatId } from "./types";

export type PictureSource = "camera" | "screen";

/** A picture on the screen, device pixels. */
export interface View {
	seat: SeatId;
	source: PictureSource;
	width: number;
	height: number;
	/** To be sharp before others are shown at all. */
	important: boolean;
}

/** A layout that grows by a pixel or two is the same layout. */
const GRID = 16;
/** The server takes 128; no screen holds as many. */
const MOST = 64;
const LARGEST = 8_192;

/** Each picture once, as large as its largest place, in a fixed order; places without extent are left out. */
export function viewsOf(places: Iterable<View>): View[] {
	const largest = new Map<string, View>();
	for (const place of places) {
		const view = { ...place, width: round(place.width), height: round(place.height) };
		if (view.width === 0 || view.height === 0) continue;
		const key = `${view.seat} ${view.source}`;
		const before = largest.get(key);
		const important = view.important || (before?.important ?? false);
		const larger = !before || view.width * view.height > before.width * before.height;
		largest.set(key, { ...(larger ? view : before), important });
	}
	return Array.from(largest)
		.sort(([a], [b]) => (a < b ? -1 : 1))
		.slice(0, MOST)
		.map(([, view]) => view);
}

function round(pixels: number): number {
	return Math.min(LARGEST, Math.ceil(Math.max(0, pixels) / GRID) * GRID);
}

/** A layout is told when it has been still for this long, ms: windows are dragged, panels slide. */
const STILL_MS = 150;
/** And at the latest after this long. */
const LATEST_MS = 600;

/** Says what is shown, all of it each time, and only when it changed. */
export class ViewTeller {
	private told: string | null = null;
	private views: View[] | null = null;
	private firstAt: number | null = null;
	private lastAt = 0;

	/** The layout is this now. */
	changed(views: View[], now: number): void {
		this.views = views;
		this.firstAt ??= now;
		this.lastAt = now;
	}

	/** Whoever is told next knows nothing: a new connection. */
	forget(now: number): void {
		this.told = null;
		if (this.views) this.changed(this.views, now);
	}

	/** When to poll; null while nothing is to be said. */
	get dueAt(): number | null {
		return this.firstAt === null ? null : Math.min(this.lastAt + STILL_MS, this.firstAt + LATEST_MS);
	}

	/** What is to be said now, if anything. */
	poll(now: number): View[] | null {
		const due = this.dueAt;
		if (due === null || now < due || !this.views) return null;
		this.firstAt = null;
		const text = JSON.stringify(this.views);
		if (text === this.told) return null;
		this.told = text;
		return this.views;
	}
}
