import assert from "node:assert/strict";
import { test } from "node:test";
import { avOffset, type Decoded, type Track } from "./recording.ts";
import { countBeeps, countFrames, type Witness } from "./screens.ts";
import { step } from "./unwrap.ts";

const camera = { id: 1, width: 320, height: 180, fps: 10 };
const track = {} as Track;

/** A sender whose camera and microphone began at odd moments, and one who watches with a delay. */
function room(): { sender: Witness; watcher: Witness } {
  const sender: Witness = { key: "sender", id: 1, frames: [], beeps: [] };
  const watcher: Witness = { key: "watcher", id: null, frames: [], beeps: [] };
  for (let n = 0; n < 700; n++) {
    const seen = { id: 1, counter: (n + 250) % 300 };
    sender.frames.push({ at: 1_000_033 + n * 100, tile: "p1", element: 0, own: true, seen });
    watcher.frames.push({ at: 1_000_133 + n * 100, tile: "p1", element: 3, own: false, seen });
  }
  for (let k = 0; k < 35; k++) {
    sender.beeps.push({ at: 1_000_777 + k * 2000, tone: 1, own: true });
    watcher.beeps.push({ at: 1_000_937 + k * 2000 + (k % 3) * 5, tone: 1, own: false });
  }
  return { sender, watcher };
}

const window = { from: 1_010_000, to: 1_050_000 };
const owner = new Map([[1, "p1"]]);

test("counters go round", () => {
  assert.equal(step(299, 0), 1);
  assert.equal(step(0, 299), -1);
});

test("distinct frames count once, faults are found", () => {
  const { sender, watcher } = room();
  assert.deepEqual(countFrames([sender, watcher], window, owner), { checked: 400, errors: 0, pairs: { "watcher ← 1": 400 }, faults: [] });
  const frame = watcher.frames[200]!;
  watcher.frames[200] = { ...frame, seen: "bad" };
  watcher.frames[201] = { ...frame, tile: "p2" };
  watcher.frames[202] = { ...frame, at: frame.at + 150, seen: { id: 1, counter: 100 } };
  assert.equal(countFrames([watcher], window, owner).errors, 3);
});

test("beeps that are missing or stray are told", () => {
  const { sender, watcher } = room();
  watcher.beeps.splice(10, 1);
  watcher.beeps[12]!.at += 60;
  const count = countBeeps([sender, watcher], window);
  assert.equal(count.sent - count.heard, 1);
  assert.ok(Math.abs(count.max_error_ms - 60) <= 5, `${count.max_error_ms}`);
});

test("the offset of sound and picture is what the recording adds, not what the files began with", () => {
  const { sender } = room();
  const picture: Decoded = { track, beeps: [], frames: sender.frames.map((f) => ({ at: f.at + 20, seen: f.seen })) };
  const sound: Decoded = { track, frames: [], beeps: sender.beeps.map((b) => ({ at: b.at + 65, tone: 1 })) };
  assert.equal(avOffset(sender, camera, picture, sound), 45);
});
