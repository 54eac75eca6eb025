// Turns what was played into the figures of the report.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { firstPacketAt, journalOf, type Recorded } from "./measure/package.ts";
import { avOffset, decodeTracks, frameErrors } from "./measure/recording.ts";
import { countBeeps, countFrames } from "./measure/screens.ts";
import { median, round } from "./measure/unwrap.ts";
import type { Played } from "./play.ts";
import type { Report } from "./report.ts";
import { run, type Server } from "./server.ts";
import type { Cast } from "./steps/cast.ts";

/** What the screens showed and the ears heard. */
export function judgeScreens(cast: Cast, played: Played): Report {
  const { pictures, sound, counts, deliberation } = played;
  const pressed = cast.chair.pressedAt("lobby.start");
  const firsts = cast.all.flatMap((actor) =>
    cast.senders
      .filter((sender) => sender !== actor)
      .map((sender) => actor.frames.find((f) => !f.own && f.at > pressed && f.seen !== null && f.seen !== "bad" && f.seen.id === sender.id)?.at ?? Number.NaN)
      .map((at) => at - pressed),
  );
  const announced = cast.chair.pressedAt("announce.submit");
  const announcements = cast.all.map((actor) => (actor.announcements.find((time) => time > announced) ?? Number.NaN) - announced);
  const screens = Object.fromEntries(cast.all.map(({ key }, at) => [key, round(announcements[at] ?? Number.NaN)]));
  const frames = countFrames(cast.all, pictures, cast.owner);
  const beeps = countBeeps(cast.all, sound);
  const received = cast.all.reduce((sum, { key }) => sum + counts.after.received[key]! - counts.before.received[key]!, 0);
  const sent = cast.senders.reduce((sum, { key }) => sum + (counts.after.sent[key]! - counts.before.sent[key]!) * (cast.all.length - 1), 0);
  // Among themselves, a second after the relay closed: nothing may reach the applicant.
  const applicant = cast.get("applicant");
  const during = (time: number): boolean => time > deliberation.from + 1000 && time < deliberation.to;
  const others = applicant.frames.filter((f) => !f.own && during(f.at) && f.seen !== null && f.seen !== "bad");
  const faults = frames.faults.slice(0, 5);
  return {
    participants: cast.all.length,
    first_frame_ms: { p50: round(median(firsts)), max: round(Math.max(...firsts)) },
    announce_ms: { p50: round(median(announcements)), max: round(Math.max(...announcements)), screens },
    frames: { expected: Math.max(received, sent), checked: frames.checked, errors: frames.errors, pairs: frames.pairs, ...(faults.length > 0 ? { faults } : {}) },
    audio: { beeps_sent: beeps.sent, beeps_heard: beeps.heard, max_error_ms: round(beeps.max_error_ms), delay_ms: beeps.delays, strays: beeps.strays },
    deliberation: {
      seconds: round((deliberation.to - deliberation.from) / 1000, 1),
      frames_to_applicant: new Set(others.map((f) => `${f.element} ${JSON.stringify(f.seen)}`)).size,
      beeps_to_applicant: applicant.beeps.filter((b) => !b.own && during(b.at)).length,
    },
  };
}

/** What the package holds. */
export async function judgePackage(cast: Cast, played: Played, directory: string, readyMs: number): Promise<Report> {
  const { decoded, tracks } = await decodeTracks(join(directory, "data/media"));
  const offsets: Record<string, number | null> = {};
  let errors = 0;
  for (const sender of cast.senders) {
    const mine = decoded.filter((d) => d.track.person === sender.person);
    const picture = mine.find((d) => d.track.kind === "video" && d.track.source === "camera");
    const sound = mine.find((d) => d.track.kind === "audio");
    const { camera } = sender;
    if (camera) errors += mine.filter((d) => d.track.kind === "video").reduce((sum, d) => sum + frameErrors(d, camera), 0);
    const offset = picture && sound && sender.camera ? avOffset(sender, sender.camera, picture, sound) : null;
    offsets[sender.key] = offset === null ? null : round(offset);
  }
  const missing = tracks.tracks.map((track) => {
    const first = firstPacketAt(directory, track);
    return first === null ? Number.NaN : (tracks.t0 + track.start_us) / 1000 - first;
  });
  const journal = journalOf(directory);
  return {
    recording: {
      tracks: tracks.tracks.length,
      seconds: round(Math.max(...tracks.tracks.map((track) => track.start_us + track.duration_us)) / 1e6, 1),
      frame_errors: errors,
      frames: decoded.reduce((sum, d) => sum + d.frames.length, 0),
      av_offset_ms: offsets,
      av_offset_ms_max: Math.max(...Object.values(offsets).map((offset) => (offset === null ? Number.NaN : Math.abs(offset)))),
      ready_ms: round(readyMs),
      missing_at_start_ms: round(Math.max(...missing)),
    },
    decision: judgeDecision(journal.visible),
    journal: { entries: journal.entries },
    session: played.session,
  };
}

function judgeDecision(journal: readonly Recorded[]): Report {
  const one = (type: string): Recorded | undefined => journal.find((entry) => entry.event.type === type);
  const sealed = one("decision_sealed");
  const announced = one("announced");
  const live = (announced?.event["live"] ?? []) as string[];
  const acknowledged = new Set(journal.filter((entry) => entry.event.type === "acknowledged").map((entry) => entry.event["person"]));
  return {
    sealed_before_announced: sealed !== undefined && announced !== undefined && sealed.seq < announced.seq,
    received_by_all: live.length > 0 && live.every((person) => acknowledged.has(person)),
    recording_offset_s: round(Number(announced?.event["recording_offset_us"] ?? Number.NaN) / 1e6, 2),
  };
}

export interface Verified {
  verified: boolean;
  independently: boolean;
  applicantCopy: boolean;
  words: string[];
}

/** Both programs, the independent verifier, and the applicant's copy against the receipt that the applicant holds. */
export function verifyAll(server: Server, full: string, applicantCopy: string, receipt: string, work: string): Verified {
  const receiptFile = join(work, "receipt.json");
  writeFileSync(receiptFile, receipt);
  const standalone = process.env["KANJIE_VERIFY_BIN"] ?? "";
  const python = new URL("../../verify_package.py", import.meta.url).pathname;
  const results = {
    kanjie: run(server.binary, ["verify", full, "--receipt", receiptFile]),
    standalone: run(standalone, [full, "--receipt", receiptFile]),
    python: run("python3", [python, full]),
    copy: run(server.binary, ["verify", applicantCopy, "--receipt", receiptFile]),
    copyPython: run("python3", [python, applicantCopy]),
  };
  const lacks = !journalOf(applicantCopy).visible.some((entry) => JSON.stringify(entry.event).includes("只在合议中说"));
  const has = journalOf(full).visible.some((entry) => JSON.stringify(entry.event).includes("只在合议中说"));
  return {
    verified: results.kanjie.code === 0 && results.standalone.code === 0,
    independently: results.python.code === 0 && results.copyPython.code === 0,
    applicantCopy: results.copy.code === 0 && lacks && has,
    words: Object.entries(results).filter(([, one]) => one.code !== 0).map(([name, one]) => `${name}: exit ${one.code}: ${one.text.slice(0, 400)}`),
  };
}
