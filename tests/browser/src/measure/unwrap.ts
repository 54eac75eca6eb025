// Counters go round with the camera file's period; this straightens them.
import { PERIOD } from "../known/layout.ts";

/** Steps from counter `before` to `after`, between −PERIOD/2 and PERIOD/2. */
export function step(before: number, after: number): number {
  return ((((after - before) % PERIOD) + PERIOD + PERIOD / 2) % PERIOD) - PERIOD / 2;
}

/** Straightened by time: the frame number nearest to what a camera of `fps` would show at `at` (epoch ms), given one sighting. */
export function frameNumber(counter: number, at: number, fps: number, origin: { at: number; counter: number }): number {
  const guess = origin.counter + ((at - origin.at) * fps) / 1000;
  return counter + PERIOD * Math.round((guess - counter) / PERIOD);
}

export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)]!;
}

export function round(value: number, digits = 0): number {
  return Math.round(value * 10 ** digits) / 10 ** digits;
}
