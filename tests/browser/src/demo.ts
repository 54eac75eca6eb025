// `make demo`: journey A on the built product, measured; then a second session in which the server is killed and comes back.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { playCrash } from "./crash.ts";
import { judgePackage, judgeScreens, verifyAll } from "./judge.ts";
import { tamper } from "./measure/tamper.ts";
import { openPlayback, playJourney, recordingReady } from "./play.ts";
import { print, type Report } from "./report.ts";
import { Server } from "./server.ts";
import { Cast } from "./steps/cast.ts";

const began = Date.now();
const say = (text: string): void => console.log(`${String(Math.round((Date.now() - began) / 1000)).padStart(4)} s  ${text}`);
const work = mkdtempSync(join(tmpdir(), "kanjie-demo-"));
const packages = resolve(process.env["KANJIE_PACKAGES"] ?? "packages", new Date().toISOString().replace(/[:.]/g, "-"));
mkdirSync(packages, { recursive: true });
const shots = process.env["DEMO_SHOTS"] ?? null;
if (shots) mkdirSync(shots, { recursive: true });

const server = new Server(join(work, "server"));
const report: Report = {};
let cast: Cast | undefined;
let failure: unknown;
try {
  const seed = server.seed();
  await server.start();
  say(`kanjie at ${server.base}; six browsers open`);
  cast = await Cast.open(seed, work);
  const session = seed.sessions["journey"] ?? "";
  const played = await playJourney(cast, server, session, { window_s: 16, live_s: 64, shots }, say);
  const ready = await recordingReady(cast.chair, server, session, played.closed);
  Object.assign(report, judgeScreens(cast, played));

  say("playback, export, verification");
  report["playback_whole"] = await openPlayback(cast.chair, server, session);
  if (shots) await cast.chair.shot(join(shots, "playback.png"));
  const full = server.export(session, join(packages, "journey"));
  const copy = server.export(session, join(packages, "journey-applicant"), "applicant");
  Object.assign(report, await judgePackage(cast, played, full, ready));
  const verified = verifyAll(server, full, copy, played.receipt, work);
  for (const words of verified.words) say(words);
  Object.assign(report["journal"] as Report, { verified: verified.verified, verified_independently: verified.independently });
  report["applicant_copy_verified"] = verified.applicantCopy;
  report["package"] = full;

  say("the second session: the server is killed");
  report["crash"] = await playCrash(cast, server, seed.sessions["crash"] ?? "", join(packages, "crash"));

  say("a byte changed at 200 places and more");
  report["tamper"] = await tamper([full, copy], server.binary, 220);
} catch (error) {
  failure = error;
  for (const actor of cast?.all ?? []) await actor.shot(join(packages, `failed-${actor.key}.png`)).catch(() => undefined);
} finally {
  for (const actor of cast?.all ?? []) if (actor.errors.length > 0) say(`${actor.key}'s page: ${actor.errors.slice(0, 3).join(" · ")}`);
  await cast?.close();
  await server.stop();
}
if (server.log().includes("panicked")) failure ??= new Error("the server panicked");

console.log();
const open = print(report);
const json = process.env["DEMO_JSON"];
if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
console.log(`\npackage: ${report["package"] ?? "none"}`);
if (failure) {
  console.error(failure);
  writeFileSync(join(packages, "kanjie.log"), server.log());
  console.error(`screens and log: ${packages}`);
}
rmSync(work, { recursive: true, force: true });
process.exit(failure || open > 0 ? 1 : 0);
