// What the screens showed and the ears heard in a window of time, against what was sent.
import { BEEP_EVERY_MS } from "../known/layout.ts";
import type { HeardBeep, ShownFrame } from "../page/probe.ts";
import { median, step } from "./unwrap.ts";

export interface Witness {
  key: string;
  /** Number painted in the own picture; null for one who only watches. */
  id: number | null;
  frames: ShownFrame[];
  beeps: HeardBeep[];
}

/** A window of time, epoch ms. */
export interface Window {
  from: number;
  to: number;
}

export interface FrameCount {
  checked: number;
  errors: number;
  /** Distinct frames by "receiver ← sender". */
  pairs: Record<string, number>;
  faults: string[];
}

/**
 * Counts the distinct good frames of others on each screen. An error is a picture that is there and does not check, one on
 * another's tile, or one that goes backward.
 */
export function countFrames(witnesses: readonly Witness[], window: Window, owner: ReadonlyMap<number, string>): FrameCount {
  const result: FrameCount = { checked: 0, errors: 0, pairs: {}, faults: [] };
  for (const witness of witnesses) {
    const last = new Map<number, number>();
    const newest = new Map<number, number>();
    const fault = (what: string): void => {
      result.errors++;
      result.faults.push(`${witness.key}: ${what}`);
    };
    for (const frame of witness.frames) {
      if (frame.own || frame.at < window.from || frame.at > window.to || frame.seen === null) continue;
      if (frame.seen === "bad") {
        fault(`unreadable picture on the tile of ${frame.tile}`);
        continue;
      }
      const { id, counter } = frame.seen;
      if (frame.tile && owner.get(id) !== frame.tile) fault(`picture of sender ${id} on the tile of ${frame.tile}`);
      const before = last.get(frame.element);
      if (before !== undefined && step(before, counter) < 0) fault(`sender ${id} went from ${before} to ${counter}`);
      last.set(frame.element, counter);
      const top = newest.get(id);
      if (top !== undefined && step(top, counter) <= 0) continue;
      newest.set(id, counter);
      result.checked++;
      const pair = `${witness.key} ← ${id}`;
      result.pairs[pair] = (result.pairs[pair] ?? 0) + 1;
    }
  }
  return result;
}

export interface BeepCount {
  sent: number;
  heard: number;
  max_error_ms: number;
  /** Median time from microphone to ear, by "listener ← sender". */
  delays: Record<string, number>;
  /** The beeps that stray furthest: which, how many seconds into the window, by how many ms. */
  strays: { pair: string; second: number; ms: number }[];
}

/**
 * Each sender beeps on a grid of two seconds; its phase is what the sender's own microphone gave. A beep counts as heard
 * within a second after; its error is how far it strays from that pair's usual delay.
 */
export function countBeeps(witnesses: readonly Witness[], window: Window): BeepCount {
  const result: BeepCount = { sent: 0, heard: 0, max_error_ms: 0, delays: {}, strays: [] };
  for (const sender of witnesses) {
    if (sender.id === null) continue;
    const instants = grid(sender.beeps.filter((b) => b.own && b.tone === sender.id), window);
    for (const listener of witnesses) {
      if (listener === sender) continue;
      const heard = listener.beeps.filter((b) => !b.own && b.tone === sender.id).map((b) => b.at);
      const delays = instants.map((at) => heard.filter((h) => h > at - 50 && h < at + 1000).map((h) => h - at)[0]);
      const found = delays.filter((delay) => delay !== undefined);
      const pair = `${listener.key} ← ${sender.id}`;
      const usual = median(found);
      result.sent += instants.length;
      result.heard += found.length;
      result.delays[pair] = Math.round(usual);
      for (const [at, delay] of delays.entries()) {
        if (delay === undefined) continue;
        const second = Math.round((instants[at]! - window.from) / 1000);
        result.strays.push({ pair, second, ms: Math.round(delay - usual) });
        result.max_error_ms = Math.max(result.max_error_ms, Math.abs(delay - usual));
      }
    }
  }
  result.strays = result.strays.sort((a, b) => Math.abs(b.ms) - Math.abs(a.ms)).slice(0, 8);
  return result;
}

/** The instants within the window at which a sender's beeps fall, from those that its own page found. */
export function grid(own: readonly HeardBeep[], { from, to }: Window): number[] {
  const near = own.filter((beep) => beep.at > from - 60_000 && beep.at < to + 60_000);
  if (near.length === 0) return [];
  const first = near[0]!.at;
  const phase = first + median(near.map((beep) => remainder(beep.at - first)));
  const instants: number[] = [];
  for (let k = Math.ceil((from - phase) / BEEP_EVERY_MS); phase + k * BEEP_EVERY_MS < to - 1000; k++) {
    instants.push(phase + k * BEEP_EVERY_MS);
  }
  return instants;
}

const remainder = (time: number): number => time - BEEP_EVERY_MS * Math.round(time / BEEP_EVERY_MS);
