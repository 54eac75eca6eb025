// What the recorded files hold, against what was sent: counters, beeps, and how far sound and picture are apart.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BEEP_EVERY_MS, type Camera } from "../known/layout.ts";
import { recordedBeeps, type RecordedFrame, recordedFrames } from "../known/recorded.ts";
import type { Witness } from "./screens.ts";
import { frameNumber, median } from "./unwrap.ts";

export interface Track {
  track: string;
  person: string;
  source: string;
  kind: "audio" | "video";
  file: string;
  start_us: number;
  duration_us: number;
  first_packet_wall_us: number;
  segments: string[];
}

export interface Tracks {
  /** Wall clock of the time line's zero, UTC µs. */
  t0: number;
  tracks: Track[];
}

/** One recorded track, decoded; times are epoch ms. */
export interface Decoded {
  track: Track;
  frames: { at: number; seen: RecordedFrame["seen"] }[];
  beeps: { at: number; tone: number }[];
}

export async function decodeTracks(media: string): Promise<{ tracks: Tracks; decoded: Decoded[] }> {
  const tracks: Tracks = JSON.parse(readFileSync(join(media, "tracks.json"), "utf8"));
  const decoded: Decoded[] = [];
  for (const track of tracks.tracks) {
    const path = join(media, track.file);
    // The file's own time line begins with its first sample, which stands at start_us on the session's.
    const zero = (first: number): number => (tracks.t0 + track.start_us) / 1000 - first * 1000;
    if (track.kind === "video") {
      const frames = await recordedFrames(path);
      const start = zero(frames[0]?.at ?? 0);
      decoded.push({ track, beeps: [], frames: frames.map((f) => ({ at: start + f.at * 1000, seen: f.seen })) });
    } else {
      const { start: first, beeps } = await recordedBeeps(path);
      const start = zero(first);
      decoded.push({ track, frames: [], beeps: beeps.map((b) => ({ at: start + b.at * 1000, tone: b.tone })) });
    }
  }
  return { tracks, decoded };
}

/** Pictures in a recorded track that do not check, belong to another, or go backward; a pause may be longer than a round. */
export function frameErrors(decoded: Decoded, { id, fps }: Camera): number {
  let errors = 0;
  let before: { at: number; counter: number } | undefined;
  for (const { at, seen } of decoded.frames) {
    if (seen === null || seen === "bad" || seen.id !== id) {
      errors++;
      continue;
    }
    const counter: number = before ? frameNumber(seen.counter, at, fps, before) : seen.counter;
    if (before && counter < before.counter) errors++;
    before = { at, counter };
  }
  return errors;
}

/**
 * How far a participant's sound stands from the picture in the recording, ms; positive: sound late. Both are laid against
 * what the sender's own page saw of its camera and heard of its microphone.
 */
export function avOffset(sender: Witness, camera: Camera, picture: Decoded, sound: Decoded): number | null {
  const own = sender.frames.filter((f) => f.own && f.seen !== null && f.seen !== "bad");
  const origin = own[Math.floor(own.length / 2)];
  if (!origin || origin.seen === null || origin.seen === "bad") return null;
  const anchor = { at: origin.at, counter: origin.seen.counter };
  const captured = new Map<number, number>();
  for (const frame of own) {
    if (frame.seen === null || frame.seen === "bad") continue;
    const number = frameNumber(frame.seen.counter, frame.at, camera.fps, anchor);
    if (!captured.has(number)) captured.set(number, frame.at);
  }
  const pictureLag: number[] = [];
  for (const frame of picture.frames) {
    if (frame.seen === null || frame.seen === "bad") continue;
    const at = captured.get(frameNumber(frame.seen.counter, frame.at, camera.fps, anchor));
    if (at !== undefined) pictureLag.push(frame.at - at);
  }
  const spoken = sender.beeps.filter((b) => b.own && b.tone === sender.id).map((b) => b.at);
  const soundLag: number[] = [];
  for (const beep of sound.beeps.filter((b) => b.tone === sender.id)) {
    const near = spoken.filter((at) => Math.abs(beep.at - at) < BEEP_EVERY_MS / 2)[0];
    if (near !== undefined) soundLag.push(beep.at - near);
  }
  if (pictureLag.length === 0 || soundLag.length === 0) return null;
  return median(soundLag) - median(pictureLag);
}
