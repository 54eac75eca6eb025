// What a package says of itself: its journal, its tracks and the first packet of each recorded segment.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Track } from "./recording.ts";

export interface Recorded {
  seq: number;
  hash: string;
  at: number;
  actor: string;
  event: { type: string } & Record<string, unknown>;
}

/** The entries of a package's journal whose bodies are there. */
export function journalOf(directory: string): { entries: number; visible: Recorded[]; hashes: Map<number, string> } {
  const lines = readFileSync(join(directory, "data/journal.jsonl"), "utf8").trimEnd().split("\n");
  const all = lines.map((line) => JSON.parse(line));
  const visible = all
    .filter((entry) => entry.body !== undefined)
    .map((entry) => ({ seq: entry.seq, hash: entry.hash, ...JSON.parse(entry.body) }) as Recorded);
  return { entries: all.length, visible, hashes: new Map(all.map((entry) => [entry.seq, entry.hash])) };
}

/** When the first RTP packet of a track was received, epoch ms: read from the recording itself, not from what was derived. */
export function firstPacketAt(directory: string, track: Track): number | null {
  const segments = readdirSync(join(directory, "data/recording")).filter((name) => track.segments.includes(name.replace(".pcapng", "")));
  const times = segments.map((name) => firstPacketIn(readFileSync(join(directory, "data/recording", name)))).filter((at) => at !== null);
  return times.length > 0 ? Math.min(...times) : null;
}

/** The timestamp of the first Enhanced Packet Block to port 5004, epoch ms. */
function firstPacketIn(file: Buffer): number | null {
  const ENHANCED_PACKET = 6;
  for (let at = 0; at + 12 <= file.length; ) {
    const length = file.readUInt32LE(at + 4);
    if (file.readUInt32LE(at) === ENHANCED_PACKET && file.readUInt16BE(at + 28 + 22) === 5004) {
      const micros = file.readUInt32LE(at + 12) * 2 ** 32 + file.readUInt32LE(at + 16);
      return micros / 1000;
    }
    if (length < 12) return null;
    at += length;
  }
  return null;
}
