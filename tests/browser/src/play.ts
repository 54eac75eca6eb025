// Journey A through the screens: from the front door to the closed session.
import type { Actor } from "./actor.ts";
import { label } from "./labels.ts";
import type { Window } from "./measure/screens.ts";
import type { Server } from "./server.ts";
import type { Cast } from "./steps/cast.ts";
import * as decide from "./steps/decide.ts";
import { gather, start } from "./steps/enter.ts";
import * as survey from "./steps/survey.ts";

/** From a beginning until what is measured has become usual. */
const SETTLE_MS = 4000;
/** Jitter buffers come down slowly from the burst of a beginning. */
const SOUND_SETTLE_MS = 10_000;

export interface Options {
  /** Least seconds of the measured window and of the whole live session. */
  window_s: number;
  live_s: number;
  /** Where screenshots go, if anywhere. */
  shots: string | null;
}

export interface Counts {
  /** Video frames decoded on each screen, by the browsers' own statistics. */
  received: Record<string, number>;
  /** Video frames sent by each sender. */
  sent: Record<string, number>;
}

export interface Played {
  session: string;
  started: number;
  /** When pictures were watched, and when sound was. */
  pictures: Window;
  sound: Window;
  counts: { before: Counts; after: Counts };
  deliberation: Window;
  receipt: string;
  closed: number;
}

export async function playJourney(cast: Cast, server: Server, session: string, options: Options, say: (text: string) => void): Promise<Played> {
  const { chair } = cast;
  const [walker, second, expert, applicant] = ["surveyor_1", "surveyor_2", "expert", "applicant"].map((key) => cast.get(key)) as [Actor, Actor, Actor, Actor];
  const shot = async (actor: Actor, name: string): Promise<void> => {
    if (options.shots) await actor.shot(`${options.shots}/${name}.png`);
  };

  say("everybody comes to the door, is checked and admitted");
  await gather(cast, server, "journey", session);
  await shot(chair, "lobby");
  // The chair looks round before beginning: whoever came last is connected by then.
  await until(Date.now() + SETTLE_MS);
  await start(cast);
  const started = Date.now();
  await Promise.all(cast.senders.map((sender) => pictureOf(cast, sender)));

  say("everybody hears everybody, then sees everybody");
  await cast.watch("sound");
  await until(Date.now() + SOUND_SETTLE_MS);
  const sound = await lasting(options.window_s);
  await cast.watch("pictures");
  await until(Date.now() + SETTLE_MS);
  const before = await counts(cast);
  const pictures = await lasting(options.window_s);
  const after = await counts(cast);
  await cast.watch("nothing");
  await cast.collect();

  say("the survey: the exterior, then the checklist");
  await survey.shootExterior(walker);
  const codes = await survey.itemCodes(walker);
  for (const code of codes) {
    if (code === "F22") {
      await survey.answerItem(walker, code, "not_met", "垃圾桶未标识");
      await survey.answerItem(second, code, "mended", "当场贴上标识");
    } else {
      await survey.answerItem(walker, code, "met");
    }
  }
  await shot(walker, "room");
  await survey.shootItem(walker, codes[5] ?? "F06", [expert, applicant]);

  await survey.askOnSite(applicant, chair);

  say("opinions and the private deliberation");
  await survey.fileOpinion(expert, "示例意见：布局与流程合理。");
  for (const staff of [chair, second, walker]) await survey.fileOpinion(staff, "示例意见：同意。");
  await applicant.watch("both");
  const deliberation = await survey.deliberate(chair, applicant, async () => {
    await survey.say(expert, "只在合议中说");
    await until(Date.now() + 5000);
  });
  await applicant.watch("nothing");
  await until(started + options.live_s * 1000);

  say("conclusion, record, decision");
  await decide.takeStatement(applicant, "没有异议。");
  await decide.conclude(chair, "示例结论：现场符合要求，二十二项当场整改完毕。");
  await decide.signRecord(chair, [walker, second, chair, applicant], server);
  await decide.sealDecision(chair, server);
  await shot(chair, "decision");
  // The approver looks at what was sealed before announcing it.
  await until(Date.now() + 2000);
  await decide.announce(cast);
  await shot(applicant, "announcement");
  await decide.acknowledgeAll(cast);
  const receipt = await decide.receiptOf(applicant);
  await shot(applicant, "receipt");
  await decide.leaveAnnouncement(cast);
  await cast.collect();
  const closed = await decide.closeSession(chair);
  return { session, started, pictures, sound, counts: { before, after }, deliberation, receipt, closed };
}

/** Waits until that sender's picture stands on every other screen. */
async function pictureOf(cast: Cast, sender: Actor): Promise<void> {
  const others = cast.all.filter((actor) => actor !== sender);
  await Promise.all(others.map((actor) => actor.page.locator(`video[data-testid=tile][data-person="${sender.person}"]`).waitFor({ state: "visible" })));
}

export async function counts(cast: Cast): Promise<Counts> {
  const result: Counts = { received: {}, sent: {} };
  await Promise.all(
    cast.all.map(async (actor) => {
      const { received, sent } = await actor.page.evaluate(() => window.__probe.counts());
      result.received[actor.key] = Object.values(received).reduce((sum, one) => sum + one, 0);
      result.sent[actor.key] = sent;
    }),
  );
  return result;
}

/** The demo plays in real time: some things must last, so that there is something to measure. */
export async function until(time: number): Promise<void> {
  const left = time - Date.now();
  if (left > 0) await new Promise((resolve) => setTimeout(resolve, left));
}

async function lasting(seconds: number): Promise<Window> {
  const from = Date.now();
  await until(from + seconds * 1000);
  return { from, to: Date.now() };
}

/** Polls the server until the recording is ready to play; answers milliseconds since `pressed`. */
export async function recordingReady(viewer: Actor, server: Server, session: string, pressed: number): Promise<number> {
  for (;;) {
    const answer = await viewer.page.request.get(`${server.base}/api/v1/sessions/${session}/recording`);
    const state = answer.ok() ? (await answer.json()).state : "";
    if (state === "ready") return Date.now() - pressed;
    if (state === "failed" || Date.now() > pressed + 60_000) throw new Error(`the recording did not become ready: ${state || answer.status()}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** Opens the playback page, reads its verdict, says why it is watched (`asked` sees the page before that) and waits for its pictures. */
export async function openPlayback(viewer: Actor, server: Server, session: string, asked?: () => Promise<void>): Promise<boolean> {
  const { page } = viewer;
  await page.goto("about:blank");
  await page.goto(`${server.base}/`);
  const entry = page.locator(`[data-session="${session}"]`, { hasText: label("home.playback") });
  await entry.click();
  const verdict = page.getByTestId("verification");
  await verdict.waitFor();
  const whole = !((await verdict.getAttribute("class")) ?? "").includes("bad");
  const why = page.getByTestId("why");
  await asked?.();
  await why.getByLabel(label("why.purpose")).selectOption("review");
  await why.getByRole("button", { name: label("why.submit") }).click();
  await page.waitForFunction(() => [...document.querySelectorAll("video")].some((video) => video.readyState >= 2));
  return whole;
}
