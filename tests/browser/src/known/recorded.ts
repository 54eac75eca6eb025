// Reads the known picture and sound out of a recorded file, with ffmpeg.
import { spawn } from "node:child_process";
import { beepFinder, decodeCells, type Seen, SMALL_HEIGHT, SMALL_WIDTH } from "./decode.ts";
import { TONES } from "./layout.ts";

export interface RecordedFrame {
  /** Seconds on the file's own time line. */
  at: number;
  seen: Seen | "bad" | null;
}

export async function recordedFrames(path: string): Promise<RecordedFrame[]> {
  const filters = `showinfo,scale=${SMALL_WIDTH}:${SMALL_HEIGHT}:flags=area,format=gray`;
  const { out, log } = await ffmpeg(["-copyts", "-i", path, "-map", "0:v:0", "-vsync", "passthrough", "-vf", filters, "-f", "rawvideo", "-"]);
  const times = [...log.matchAll(/\bpts_time:\s*(-?[\d.]+)/g)].map((m) => Number(m[1]));
  const size = SMALL_WIDTH * SMALL_HEIGHT;
  const count = Math.floor(out.length / size);
  if (count !== times.length) throw new Error(`${path}: ${count} frames but ${times.length} times`);
  return times.map((at, n) => ({ at, seen: decodeCells((i) => out[n * size + i]!) }));
}

/** Onsets of beeps, seconds on the file's own time line. Gaps in the sound are filled, so that time keeps its place. */
export async function recordedBeeps(path: string): Promise<{ start: number; beeps: { at: number; tone: number }[] }> {
  const rate = 16_000;
  const start = await startOf(path);
  const filters = `aresample=${rate}:async=1:first_pts=${Math.round(start * rate)}`;
  const { out } = await ffmpeg(["-copyts", "-i", path, "-map", "0:a:0", "-af", filters, "-ac", "1", "-f", "f32le", "-"]);
  const samples = new Float32Array(out.buffer, out.byteOffset, Math.floor(out.byteLength / 4));
  const found = beepFinder(TONES, rate).push(samples);
  return { start, beeps: found.map(([tone, sample]) => ({ at: start + sample / rate, tone })) };
}

async function startOf(path: string): Promise<number> {
  const { out } = await run("ffprobe", ["-v", "error", "-show_entries", "packet=pts_time", "-select_streams", "a:0", "-read_intervals", "%+#1", "-of", "csv=p=0", path]);
  return Number.parseFloat(out.toString()) || 0;
}

const ffmpeg = (args: string[]): Promise<{ out: Buffer; log: string }> => run("ffmpeg", ["-hide_banner", "-nostdin", ...args]);

function run(program: string, args: string[]): Promise<{ out: Buffer; log: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const log: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => log.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      const text = Buffer.concat(log).toString();
      if (code === 0) resolve({ out: Buffer.concat(out), log: text });
      else reject(new Error(`${program} ${args.join(" ")}: exit ${code}\n${text.slice(-2000)}`));
    });
  });
}
