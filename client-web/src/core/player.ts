// The master clock of a playback, without media elements: one position on the session's time line, and what each
// track has to do to follow it. All times in seconds; `now` is any monotonic clock.

/** Beyond this a track is put in place; below it, it is led there by a slightly other speed. */
const JUMP_S = 0.4;
/** Tracks do not begin and end in the same instant; a picture is not taken away for so little. */
const EDGE_S = 0.5;
const FRAME_S = 0.05;
/** The ear and eye forgive this much. */
const TOLERANCE_S = 0.03;
/** Speed-up for each second of distance, and its limit: starting late is made good within a second. */
const GAIN = 1.5;
const MOST = 0.25;

export class MasterClock {
	private base = 0;
	private since: number | null = null;

	constructor(readonly duration: number) {}

	get playing(): boolean {
		return this.since !== null;
	}

	position(now: number): number {
		const passed = this.since === null ? 0 : now - this.since;
		return Math.min(this.duration, this.base + passed);
	}

	play(now: number): void {
		if (this.position(now) >= this.duration) this.base = 0;
		this.since ??= now;
	}

	pause(now: number): void {
		this.base = this.position(now);
		this.since = null;
	}

	seek(to: number, now: number): void {
		this.base = Math.max(0, Math.min(this.duration, to));
		if (this.since !== null) this.since = now;
	}
}

/** `hold`: the first or last frame stands while the others have begun or not yet ended. */
export type Correction =
	| { do: "hide" }
	| { do: "hold"; to: number }
	| { do: "jump"; to: number }
	| { do: "run"; rate: number };

/** `at`: where the element is, in its own time; `start`, `length`: the track's place on the time line. */
export function correct(position: number, track: { start: number; length: number }, at: number): Correction {
	const target = position - track.start;
	if (target < -EDGE_S || target > track.length + EDGE_S) return { do: "hide" };
	if (target < 0) return { do: "hold", to: 0 };
	if (target >= track.length - FRAME_S) return { do: "hold", to: Math.max(0, track.length - FRAME_S) };
	const behind = target - at;
	if (Math.abs(behind) > JUMP_S) return { do: "jump", to: target };
	if (Math.abs(behind) <= TOLERANCE_S) return { do: "run", rate: 1 };
	const nudge = Math.max(-MOST, Math.min(MOST, behind * GAIN));
	return { do: "run", rate: 1 + Math.round(nudge * 100) / 100 };
}
