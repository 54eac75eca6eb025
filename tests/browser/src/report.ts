// The bars, and how what was measured stands against them.

export interface Report {
  [key: string]: unknown;
}

type Bar = [path: string, words: string, holds: (value: number, report: Report) => boolean];

const at = (report: Report, path: string): unknown =>
  path.split(".").reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? (value as Report)[key] : undefined), report);
const number = (report: Report, path: string): number => Number(at(report, path));

const BARS: Bar[] = [
  ["participants", "= 6", (v) => v === 6],
  ["first_frame_ms.p50", "≤ 500", (v) => v <= 500],
  ["first_frame_ms.max", "measured", (v) => Number.isFinite(v)],
  ["announce_ms.p50", "measured", (v) => Number.isFinite(v)],
  ["announce_ms.max", "≤ 300", (v) => v <= 300],
  ["frames.expected", "≥ 600", (v) => v >= 600],
  ["frames.checked", "≥ 0.8 × expected", (v, r) => v >= 0.8 * number(r, "frames.expected")],
  ["frames.errors", "= 0", (v) => v === 0],
  ["audio.beeps_sent", "≥ 60", (v) => v >= 60],
  ["audio.beeps_heard", "≥ 0.95 × sent", (v, r) => v >= 0.95 * number(r, "audio.beeps_sent")],
  ["audio.max_error_ms", "≤ 80", (v) => v <= 80],
  ["recording.tracks", "≥ 10", (v) => v >= 10],
  ["recording.seconds", "≥ 60", (v) => v >= 60],
  ["recording.frame_errors", "= 0", (v) => v === 0],
  ["recording.av_offset_ms_max", "≤ 80", (v) => v <= 80],
  ["recording.ready_ms", "≤ 2000", (v) => v <= 2000],
  ["recording.missing_at_start_ms", "≤ 300", (v) => v <= 300],
  ["decision.sealed_before_announced", "true", (v) => v === 1],
  ["decision.received_by_all", "true", (v) => v === 1],
  ["decision.recording_offset_s", "> 0", (v) => v > 0],
  ["deliberation.frames_to_applicant", "= 0", (v) => v === 0],
  ["deliberation.beeps_to_applicant", "= 0", (v) => v === 0],
  ["journal.entries", "> 0", (v) => v > 0],
  ["journal.verified", "true", (v) => v === 1],
  ["journal.verified_independently", "true", (v) => v === 1],
  ["tamper.flips", "≥ 200", (v) => v >= 200],
  ["tamper.found", "= flips", (v, r) => v === number(r, "tamper.flips")],
  ["applicant_copy_verified", "true", (v) => v === 1],
  ["playback_whole", "true", (v) => v === 1],
  ["crash.resumed_ms", "≤ 5000", (v) => v <= 5000],
  ["crash.acts_lost", "= 0", (v) => v === 0],
  ["crash.media_lost_ms", "≤ 1000", (v) => v <= 1000],
  ["crash.verified", "true", (v) => v === 1],
];

/** Prints a line a bar; answers how many do not hold. A figure that is missing does not hold. */
export function print(report: Report): number {
  const rows = BARS.map(([path, words, holds]) => {
    const value = at(report, path);
    const good = (typeof value === "number" && Number.isFinite(value)) || typeof value === "boolean" ? holds(Number(value), report) : false;
    return [path, value === undefined ? "missing" : String(value), words, good ? "holds" : "DOES NOT HOLD"] as const;
  });
  const width = (column: 0 | 1 | 2): number => Math.max(...rows.map((row) => row[column].length));
  for (const row of rows) console.log(`${row[0].padEnd(width(0))}  ${row[1].padStart(width(1))}  ${row[2].padEnd(width(2))}  ${row[3]}`);
  return rows.filter((row) => row[3] !== "holds").length;
}
