// One byte changed at a random place: does `kanjie verify` always find it?
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TamperResult {
  flips: number;
  found: number;
  missed: string[];
}

/** Flips bytes, each once, in copies of the packages; every file is hit at least once. Two copies at a time. */
export async function tamper(packages: readonly string[], binary: string, least: number): Promise<TamperResult> {
  const work = mkdtempSync(join(tmpdir(), "kanjie-tamper-"));
  try {
    const results = await Promise.all(
      packages.map((source, n) => {
        const copy = join(work, String(n));
        cpSync(source, copy, { recursive: true });
        return flipOneCopy(copy, binary, Math.ceil(least / packages.length));
      }),
    );
    return {
      flips: results.reduce((sum, one) => sum + one.flips, 0),
      found: results.reduce((sum, one) => sum + one.found, 0),
      missed: results.flatMap((one) => one.missed),
    };
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function flipOneCopy(copy: string, binary: string, least: number): Promise<TamperResult> {
  const files = filesOf(copy);
  const targets = [...files];
  while (targets.length < least) targets.push(files[randomInt(files.length)]!);
  const result: TamperResult = { flips: 0, found: 0, missed: [] };
  for (const file of targets) {
    const whole = readFileSync(file);
    if (whole.length === 0) continue;
    const at = randomInt(whole.length);
    const changed = Buffer.from(whole);
    changed[at] = changed[at]! ^ (1 << randomInt(8));
    writeFileSync(file, changed);
    result.flips++;
    if ((await exitCode(binary, ["verify", copy])) === 1) result.found++;
    else result.missed.push(`${file.slice(copy.length + 1)} at ${at}`);
    writeFileSync(file, whole);
  }
  if ((await exitCode(binary, ["verify", copy])) !== 0) throw new Error(`${copy} does not verify after it was restored`);
  return result;
}

export function filesOf(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function exitCode(program: string, args: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "ignore" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? -1));
  });
}
