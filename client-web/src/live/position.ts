// Where this device is, kept up to date while on the site. A still takes the last known place; it never waits for one.

export interface Position {
	lat_e7: number;
	lon_e7: number;
	accuracy_m: number;
}

const FRESH_MS = 60_000;

export class PositionWatch {
	private last: { position: Position; at: number } | null = null;
	private id: number | null = null;

	start(): void {
		if (this.id !== null || !navigator.geolocation) return;
		this.id = navigator.geolocation.watchPosition(
			({ coords }) => {
				this.last = {
					at: Date.now(),
					position: {
						lat_e7: Math.round(coords.latitude * 1e7),
						lon_e7: Math.round(coords.longitude * 1e7),
						accuracy_m: Math.round(coords.accuracy),
					},
				};
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
