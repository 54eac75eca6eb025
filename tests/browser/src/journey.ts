// `npm run journey`: the whole journey once, in real browsers, without limits in milliseconds. What a user would notice is
// asserted; how fast it is, is the demo's business.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIGHT_CAST } from "./actor.ts";
import { judgePackage, judgeScreens, verifyAll } from "./judge.ts";
import { tamper } from "./measure/tamper.ts";
import { openPlayback, playJourney, recordingReady } from "./play.ts";
import type { Report } from "./report.ts";
import { Server } from "./server.ts";
import { Cast } from "./steps/cast.ts";

let passed = 0;
let failed = 0;
const check = (words: string, holds: boolean, detail: unknown = ""): void => {
  if (holds) passed++;
  else failed++;
  console.log(`${holds ? "ok  " : "FAIL"} ${words}${holds ? "" : ` ${JSON.stringify(detail)}`}`);
};

const work = mkdtempSync(join(tmpdir(), "kanjie-journey-"));
const server = new Server(join(work, "server"));
let cast: Cast | undefined;
try {
  const seed = server.seed();
  await server.start();
  cast = await Cast.open(seed, work, LIGHT_CAST);
  const session = seed.sessions["journey"] ?? "";
  const played = await playJourney(cast, server, session, { window_s: 6, live_s: 0, shots: null }, (text) => console.log(`     ${text}`));
  check("the journey runs from the door to the closed session", true);
  const ready = await recordingReady(cast.chair, server, session, played.closed);
  check("the recording can be played after closing", ready > 0);
  const screens = judgeScreens(cast, played);
  const frames = screens["frames"] as Report;
  check("every picture on every screen is the sender's own, in order", frames["errors"] === 0 && Number(frames["checked"]) > 100, frames);
  const audio = screens["audio"] as Report;
  check("the others' beeps are heard", Number(audio["beeps_heard"]) >= 0.8 * Number(audio["beeps_sent"]), audio);
  const deliberation = screens["deliberation"] as Report;
  check("nothing of the deliberation reaches the applicant", deliberation["frames_to_applicant"] === 0 && deliberation["beeps_to_applicant"] === 0, deliberation);
  check("the playback page says that the record is whole", await openPlayback(cast.chair, server, session));

  const full = server.export(session, join(work, "full"));
  const copy = server.export(session, join(work, "copy"), "applicant");
  const held = await judgePackage(cast, played, full, ready);
  const recording = held["recording"] as Report;
  check("five people are recorded, sound and picture, without a wrong frame", Number(recording["tracks"]) >= 10 && recording["frame_errors"] === 0, recording);
  const decision = held["decision"] as Report;
  check("sealed, then announced, then acknowledged by all", decision["sealed_before_announced"] === true && decision["received_by_all"] === true, decision);
  const verified = verifyAll(server, full, copy, played.receipt, work);
  check("the package verifies, by both programs and against the applicant's receipt", verified.verified, verified.words);
  check("the independent verifier agrees", verified.independently, verified.words);
  check("the applicant's copy lacks the deliberation and verifies against the same receipt", verified.applicantCopy, verified.words);
  const flips = await tamper([copy], server.binary, 12);
  check("a changed byte is found", flips.flips > 0 && flips.found === flips.flips, flips);
  for (const actor of cast.all) check(`${actor.key}'s page has no error`, actor.errors.length === 0, actor.errors);
  check("the server did not panic", !server.log().includes("panicked"));
} catch (error) {
  check("the journey runs through", false, error instanceof Error ? error.message : error);
  const failures = process.env["KANJIE_FAILURES"] ?? join(tmpdir(), "kanjie-journey-failed");
  rmSync(failures, { recursive: true, force: true });
  for (const actor of cast?.all ?? []) await actor.shot(join(failures, `${actor.key}.png`)).catch(() => undefined);
  writeFileSync(join(failures, "kanjie.log"), server.log());
  console.log(`     screens and log: ${failures}`);
} finally {
  await cast?.close();
  await server.stop();
  rmSync(work, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
