// Chromium started by root ranks a page's own thread below its drawing. With one browser a machine nobody notices; of six browsers
// on two cores each page would wait for the pictures of all. Here a page ranks with its pictures; sound stays before both.
import { readdirSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";

/** What Chromium gives its drawing where it may. */
const DRAWING = -8;
const EVERY_MS = 1000;

const ranked = new Set<string>();
let timer: NodeJS.Timeout | undefined;

/** Keeps the pages of this machine's browsers at the rank of their drawing, from now on; nothing where that is not ours to say. */
export function rankPages(): void {
  if (process.getuid?.() !== 0) return;
  timer ??= setInterval(look, EVERY_MS).unref();
}

function look(): void {
  for (const pid of readdirSync("/proc")) {
    if (ranked.has(pid) || !Number(pid)) continue;
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=renderer")) continue;
      // Of a process the first thread alone: of a renderer, the page's.
      setPriority(Number(pid), DRAWING);
      ranked.add(pid);
    } catch {
      // It is gone, or nobody here may come before others: then no drawing does, either.
    }
  }
}
