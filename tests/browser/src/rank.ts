// Chromium started by root ranks a page's own thread below its drawing threads. With one browser a machine nobody notices; of six
// browsers on two cores each page would wait for the pictures of all. Here a page ranks with its pictures. Sound stays before both.
import { readdirSync, readFileSync } from "node:fs";
import { setPriority } from "node:os";

/** What Chromium gives its drawing threads where it may. */
const DRAWING = -8;
const EVERY_MS = 1000;

/** Keeps every page of the browser with this profile at the rank of its drawing; answers how to stop. */
export function rankPages(profile: string): () => void {
  if (process.getuid?.() !== 0) return () => undefined;
  const timer = setInterval(() => {
    const family = new Set<number>();
    for (const { pid, parent, command } of processes()) {
      if (command.includes(profile) || family.has(parent)) family.add(pid);
      if (family.has(pid) && command.includes("--type=renderer")) raise(pid);
    }
  }, EVERY_MS);
  return () => clearInterval(timer);
}

/** A process's priority is its first thread's: of a renderer, the page's. */
function raise(pid: number): void {
  try {
    setPriority(pid, DRAWING);
  } catch {
    // It is gone, or this machine lets nobody be before others: then nobody's pictures are, either.
  }
}

/** Parents before children. */
function processes(): { pid: number; parent: number; command: string }[] {
  const found = [];
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!pid) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      found.push({ pid, parent, command: readFileSync(`/proc/${pid}/cmdline`, "utf8") });
    } catch {
      // It ended meanwhile.
    }
  }
  return found.sort((a, b) => a.pid - b.pid);
}
