import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { decodeCells } from "./decode.ts";
import { cells, DARK, LIGHT } from "./layout.ts";
import { writeCamera } from "./picture.ts";
import { recordedBeeps, recordedFrames } from "./recorded.ts";
import { writeMicrophone } from "./sound.ts";

const small = (id: number, counter: number): number[] => {
  const grid = cells(id, counter);
  return Array.from({ length: 64 * 36 }, (_, i) => {
    const bit = grid[Math.floor(i / 64 / 4)]?.[Math.floor((i % 64) / 4)];
    return bit === undefined ? 128 : bit ? LIGHT : DARK;
  });
};

test("every counter reads back as itself", () => {
  for (let counter = 0; counter < 65_536; counter += 97) {
    const picture = small(4, counter);
    assert.deepEqual(decodeCells((i) => picture[i]!), { id: 4, counter });
  }
});

test("one cell turned over is found, a blank picture is no picture", () => {
  for (let row = 1; row <= 4; row++) {
    for (let column = 0; column < 16; column++) {
      const picture = small(2, 777);
      for (let y = 0; y < 4; y++) {
        for (let x = 0; x < 4; x++) {
          const at = (row * 4 + y) * 64 + column * 4 + x;
          picture[at] = LIGHT + DARK - picture[at]!;
        }
      }
      assert.equal(decodeCells((i) => picture[i]!), "bad");
    }
  }
  assert.equal(decodeCells(() => 16), null);
});

test("a recorded file keeps every frame and every beep in step", async () => {
  const work = mkdtempSync(join(tmpdir(), "kanjie-known-"));
  try {
    const at = (name: string): string => join(work, name);
    writeCamera(at("camera.y4m"), { id: 1, width: 320, height: 180, fps: 10 });
    writeMicrophone(at("microphone.wav"), 1);
    execFileSync("ffmpeg", ["-v", "error", "-i", at("camera.y4m"), "-i", at("microphone.wav"), "-t", "10", "-c:v", "libvpx", "-b:v", "80k",
      "-deadline", "realtime", "-c:a", "libopus", at("both.webm")]);
    const frames = await recordedFrames(at("both.webm"));
    assert.deepEqual(frames.map((f) => f.seen), frames.map((_, counter) => ({ id: 1, counter })));
    assert.equal(frames.length, 100);
    const { beeps } = await recordedBeeps(at("both.webm"));
    assert.deepEqual(beeps.map((b) => b.tone), [1, 1, 1, 1, 1]);
    beeps.forEach((beep, n) => assert.ok(Math.abs(beep.at - (0.5 + 2 * n)) < 0.02, `${beep.at}`));
  } finally {
    rmSync(work, { recursive: true });
  }
});
