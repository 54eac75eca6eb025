// Where this device is, kept up to date while on the site. A still takes the last known place; it never waits for one.
import { metresBetween } from "@/core/place";
import type { Position } from "@/core/types";

const FRESH_MS = 60_000;
/** How far a device moves before the journal hears of it again. */
const MOVED_M = 30;

export class PositionWatch {
	private last: { position: Position; at: number } | null = null;
	private id: number | null = null;

	start(moved: (position: Position) => void): void {
		if (this.id !== null || !navigator.geolocation) return;
		this.id = navigator.geolocation.watchPosition(
			({ coords }) => {
				const position = {
					lat_e7: Math.round(coords.latitude * 1e7),
					lon_e7: Math.round(coords.longitude * 1e7),
					accuracy_m: Math.round(coords.accuracy),
				};
				this.last = { at: Date.now(), position };
				moved(position);
			},
			() => undefined,
			{ enableHighAccuracy: true, maximumAge: 10_000 },
		);
	}

	get current(): Position | undefined {
		return this.last && Date.now() - this.last.at < FRESH_MS ? this.last.position : undefined;
	}

	stop(): void {
		if (this.id !== null) navigator.geolocation.clearWatch(this.id);
		this.id = null;
	}
}

/** R23: the first place, one some way off, or one known twice as well: worth an entry. */
export function isNews(told: Position | null, next: Position): boolean {
	if (told === null || next.accuracy_m * 2 <= told.accuracy_m) return true;
	return metresBetween(told, next) > Math.max(MOVED_M, told.accuracy_m, next.accuracy_m);
}
