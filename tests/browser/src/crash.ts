// A second, short session in which the server is killed with -9 and comes back.
import type { Actor } from "./actor.ts";
import type { Camera } from "./known/layout.ts";
import { journalOf } from "./measure/package.ts";
import { decodeTracks, type Decoded } from "./measure/recording.ts";
import { frameNumber, round } from "./measure/unwrap.ts";
import { until } from "./play.ts";
import { run, type Server } from "./server.ts";
import type { Cast } from "./steps/cast.ts";
import { closeSession, endWithHearing } from "./steps/decide.ts";
import { gather, start } from "./steps/enter.ts";
import { answerItem, answerUntilTaken, itemCodes, shootExterior } from "./steps/survey.ts";

export interface CrashResult {
  resumed_ms: number;
  /** Of which the process took this long to say that it is ready. */
  restart_ms: number;
  acts_acknowledged: number;
  acts_lost: number;
  media_lost_ms: number;
  verified: boolean;
}

export async function playCrash(cast: Cast, server: Server, session: string, packagePath: string): Promise<CrashResult> {
  const walker = cast.get("surveyor_1");
  await gather(cast, server, "crash", session);
  await start(cast);
  await shootExterior(walker);
  const codes = await itemCodes(walker);
  await until(Date.now() + 9000);
  await cast.collect();
  for (const code of codes.slice(0, 4)) await answerItem(walker, code, "met");

  const before = known(cast);
  const killed = Date.now();
  await server.kill();
  await server.start();
  const ready = Date.now();
  // An act is taken again …
  await answerUntilTaken(walker, codes[4] ?? "F05", "met");
  const acted = Date.now();
  // … and every sender's picture moves again on every other screen.
  const moving = await picturesMoveAgain(cast, ready);
  await until(Date.now() + 3000);
  await cast.collect();

  await endWithHearing(cast.chair);
  await closeSession(cast.chair);
  await cast.chair.page.waitForTimeout(2000);
  server.export(session, packagePath);
  const verified = run(server.binary, ["verify", packagePath]).code === 0;
  const journal = journalOf(packagePath);
  const { decoded } = await decodeTracks(`${packagePath}/data/media`);
  return {
    resumed_ms: Math.max(acted, moving) - killed,
    restart_ms: ready - killed,
    acts_acknowledged: before.done.length,
    acts_lost: [...before.hashes].filter(([seq, hash]) => journal.hashes.get(seq) !== hash).length + before.done.filter((seq) => !journal.hashes.has(seq)).length,
    media_lost_ms: round(Math.max(...cast.senders.map((sender) => lostBefore(cast, sender, decoded, killed)))),
    verified,
  };
}

/** What the pages had been told when the server was killed: acknowledged acts, and the hash of every entry. */
function known(cast: Cast): { done: number[]; hashes: Map<number, string> } {
  const hashes = new Map<number, string>();
  for (const actor of cast.all) for (const [seq, entry] of actor.entries) hashes.set(seq, entry.hash);
  return { done: cast.all.flatMap((actor) => actor.done.map((done) => done.seq)), hashes };
}

/** The moment at which the last of all pairs of screen and sender showed a picture again. */
async function picturesMoveAgain(cast: Cast, ready: number): Promise<number> {
  const limit = ready + 30_000;
  for (;;) {
    await cast.collect();
    const firsts = cast.all.flatMap((actor) => cast.senders.filter((sender) => sender !== actor).map((sender) => firstShown(actor, sender, ready)));
    if (firsts.every((at) => at !== null)) return Math.max(...(firsts as number[]));
    if (Date.now() > limit) throw new Error("the pictures did not come back within 30 s");
    await until(Date.now() + 100);
  }
}

function firstShown(actor: Actor, sender: Actor, after: number): number | null {
  const frame = actor.frames.find((f) => !f.own && f.at > after && f.seen !== null && f.seen !== "bad" && f.seen.id === sender.id);
  return frame?.at ?? null;
}

/** Milliseconds of a sender's picture that others saw in the seconds before the kill and that the recording lacks. */
function lostBefore(cast: Cast, sender: Actor, decoded: readonly Decoded[], killed: number): number {
  const camera = sender.camera as Camera;
  const own = sender.frames.find((f) => f.own && f.at > killed - 8000 && f.seen !== null && f.seen !== "bad");
  if (!own || own.seen === null || own.seen === "bad") throw new Error(`${sender.key} shows no picture of its own before the kill`);
  const origin = { at: own.at, counter: own.seen.counter };
  const number = (frame: { at: number; seen: unknown }): number | null => {
    const seen = frame.seen as { id: number; counter: number } | "bad" | null;
    return seen === null || seen === "bad" || seen.id !== sender.id ? null : frameNumber(seen.counter, frame.at, camera.fps, origin);
  };
  const shown = new Set<number>();
  for (const actor of cast.all) {
    for (const frame of actor.frames) {
      const at = frame.own || frame.at < killed - 8000 || frame.at > killed + 500 ? null : number(frame);
      if (at !== null) shown.add(at);
    }
  }
  const kept = new Set<number>();
  for (const one of decoded.filter((d) => d.track.person === sender.person && d.track.kind === "video")) {
    for (const frame of one.frames) {
      const at = number(frame);
      if (at !== null) kept.add(at);
    }
  }
  return ([...shown].filter((at) => !kept.has(at)).length * 1000) / camera.fps;
}
