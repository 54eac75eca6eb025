// Proves the known content itself: camera and microphone file → Chromium → VP8 and Opus over a peer connection → decoded.
import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openBrowser } from "./browser.ts";
import { BEEP_EVERY_MS, PERIOD } from "./known/layout.ts";
import { writeCamera } from "./known/picture.ts";
import { writeMicrophone } from "./known/sound.ts";

const CALL = async (): Promise<void> => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  const a = new RTCPeerConnection();
  const b = new RTCPeerConnection();
  a.onicecandidate = (e) => void (e.candidate && b.addIceCandidate(e.candidate));
  b.onicecandidate = (e) => void (e.candidate && a.addIceCandidate(e.candidate));
  b.ontrack = (e) => {
    const element = document.createElement(e.track.kind === "video" ? "video" : "audio");
    element.autoplay = true;
    element.srcObject = new MediaStream([e.track]);
    element.dataset["person"] = "remote";
    document.body.append(element);
  };
  for (const track of stream.getTracks()) a.addTrack(track, stream);
  const own = document.createElement("video");
  own.autoplay = true;
  own.muted = true;
  own.srcObject = new MediaStream(stream.getVideoTracks());
  document.body.append(own);
  await a.setLocalDescription();
  await b.setRemoteDescription(a.localDescription!);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription!);
};

const work = mkdtempSync(join(tmpdir(), "kanjie-loopback-"));
const camera = { id: 3, width: 320, height: 180, fps: 10 };
writeCamera(join(work, "camera.y4m"), camera);
writeMicrophone(join(work, "microphone.wav"), camera.id);
const server = createServer((_, answer) => answer.setHeader("content-type", "text/html").end("<!doctype html><body>")).listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
const context = await openBrowser({ camera: join(work, "camera.y4m"), microphone: join(work, "microphone.wav") });
try {
  const page = await context.newPage();
  page.on("pageerror", (e) => console.log("page error", e.message));
  page.on("console", (m) => console.log("console", m.text()));
  await page.goto(`http://localhost:${port}/`);
  await page.evaluate(CALL);
  await page.evaluate(() => window.__probe.watch("both"));
  await page.waitForTimeout(14_000);
  const got = await page.evaluate(() => window.__probe.drain());
  const stats = await page.evaluate(() => window.__probe.counts());
  const far = got.frames.filter((f) => !f.own);
  const good = far.flatMap((f) => (f.seen !== null && f.seen !== "bad" ? [f.seen] : []));
  const steps = good.slice(1).map((seen, i) => (seen.counter - good[i]!.counter + PERIOD) % PERIOD);
  const tones = (own: boolean): string =>
    got.beeps.filter((b) => b.own === own).map((b) => `${b.tone}@${Math.round(b.at % 100_000)}`).join(" ");
  console.log(`remote frames ${far.length}, good ${good.length}, bad ${far.filter((f) => f.seen === "bad").length}, missed ${got.missed}`);
  console.log(`wrong id ${good.filter((s) => s.id !== camera.id).length}, steps not 1: ${steps.filter((s) => s !== 1).length}`, stats);
  console.log(`own beeps ${tones(true)}\nremote beeps ${tones(false)} (every ${BEEP_EVERY_MS} ms)`);
} finally {
  await context.close();
  server.close();
  rmSync(work, { recursive: true });
}
