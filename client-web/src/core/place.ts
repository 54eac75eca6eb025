// Distances on the earth, as server/domain/src/site.rs reckons them.
import type { Position, Site } from "./types";

/** Metres in 1e-7 degrees of latitude. */
const METRES_PER_E7 = 0.011_119_508;
const CIRCLE_E7 = 3_600_000_000;

type Point = Pick<Site, "lat_e7" | "lon_e7">;

export function metresBetween(a: Point, b: Point): number {
	const north = (a.lat_e7 - b.lat_e7) * METRES_PER_E7;
	const around = (((a.lon_e7 - b.lon_e7) % CIRCLE_E7) + CIRCLE_E7) % CIRCLE_E7;
	const middle = (((a.lat_e7 + b.lat_e7) / 2) * Math.PI) / 180e7;
	const east = Math.min(around, CIRCLE_E7 - around) * METRES_PER_E7 * Math.cos(middle);
	return Math.hypot(north, east);
}

/** R23: distance and accuracy together, whole metres: only the far side of the circle shows that a device is inside. */
export function deviationM(site: Site, position: Position): number {
	return Math.ceil(metresBetween(site, position)) + position.accuracy_m;
}
