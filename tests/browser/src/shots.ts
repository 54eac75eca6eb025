// `npm run shots`: every screen of journey A at both sizes and in both languages, written to SHOTS for whoever looks at them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Actor, LIGHT_CAST } from "./actor.ts";
import { label } from "./labels.ts";
import { openPlayback, recordingReady } from "./play.ts";
import { totp } from "./seed.ts";
import { Server } from "./server.ts";
import { Cast } from "./steps/cast.ts";
import * as decide from "./steps/decide.ts";
import * as enter from "./steps/enter.ts";
import * as survey from "./steps/survey.ts";

const into = process.env["SHOTS"] ?? "shots";
const SIZES = [
  { width: 1440, height: 900 },
  { width: 1180, height: 820 },
];

/** Presses the page's language switch, be it under an announcement; answers whether there is one. */
async function switchLanguage(actor: Actor): Promise<boolean> {
  const before = await actor.page.evaluate(() => {
    const button = document.querySelector<HTMLElement>("button[lang]");
    const { lang } = document.documentElement;
    button?.click();
    return button ? lang : null;
  });
  if (before === null) return false;
  await actor.page.waitForFunction((before) => document.documentElement.lang !== before, before);
  return true;
}

async function look(actor: Actor, name: string): Promise<void> {
  const { page } = actor;
  const usual = page.viewportSize() ?? SIZES[0];
  for (const language of ["zh", "en"]) {
    for (const size of SIZES) {
      await page.setViewportSize(size);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      await actor.shot(join(into, `${name}-${size.width}-${language}.png`));
    }
    if (!(await switchLanguage(actor))) break;
  }
  if (usual) await page.setViewportSize(usual);
  console.log(name);
}

const work = mkdtempSync(join(tmpdir(), "kanjie-shots-"));
const server = new Server(join(work, "server"));
let cast: Cast | undefined;
try {
  const seed = server.seed();
  await server.start();
  cast = await Cast.open(seed, work, LIGHT_CAST);
  const session = seed.sessions["journey"] ?? "";
  const { chair } = cast;
  const [walker, second, expert, applicant, supervisor] = ["surveyor_1", "surveyor_2", "expert", "applicant", "supervisor"].map((key) => cast?.get(key)) as [Actor, Actor, Actor, Actor, Actor];
  await chair.page.goto(`${server.base}/#/sign-in`);
  await chair.button("signin.submit").waitFor();
  await look(chair, "sign-in");
  await chair.fill("signin.user", chair.seed.user ?? "");
  await chair.fill("signin.password", "not this one");
  await chair.fill("signin.totp", "000000");
  await chair.press("signin.submit");
  await chair.page.getByRole("alert").waitFor();
  await look(chair, "sign-in-refused");
  await chair.fill("signin.password", chair.seed.password ?? "");
  await chair.fill("signin.totp", totp(chair.seed.totp_secret ?? ""));
  await chair.press("signin.submit");
  await chair.page.locator(`[data-session="${session}"]`).waitFor();
  await look(chair, "home");

  await applicant.page.goto("about:blank");
  await applicant.page.goto(`${server.base}/#/l/${applicant.seed.links?.["journey"]}`);
  await applicant.button("link.send").waitFor();
  await look(applicant, "link");
  await chair.page.locator(`[data-session="${session}"]`).click();
  await chair.page.locator("[data-testid=preview]").waitFor({ state: "visible" });
  await look(chair, "preflight");
  await chair.page.goto(`${server.base}/`);

  await enter.comeToTheDoor(chair, server, "journey", session);
  await chair.button("lobby.open").waitFor();
  await look(chair, "lobby-closed");
  await chair.press("lobby.open");
  await chair.button("notice.acknowledge").waitFor();
  await look(chair, "notice");
  await enter.readNotice(chair);
  await enter.confirmOwnIdentity(chair, server);
  await enter.showCredential(chair);
  for (const actor of cast.others) {
    await enter.comeToTheDoor(actor, server, "journey", session);
    await enter.readNotice(actor);
    if (actor === applicant) {
      await look(applicant, "lobby-waiting");
      await chair.page.locator(`li[data-person="${applicant.person}"]`).first().getByRole("button", { name: label("identity.begin") }).click();
      await chair.page.locator(`video[data-testid=identity][data-person="${applicant.person}"]`).waitFor({ state: "visible" });
      await look(chair, "lobby-identity");
      await look(applicant, "lobby-checked");
      await chair.page.getByLabel(label("identity.method")).selectOption("id_card");
      await chair.fill("identity.lastFour", "1024");
      await chair.press("identity.confirm");
      await chair.page.locator(`li[data-person="${applicant.person}"]`).first().getByRole("button", { name: label("people.admit") }).click();
      continue;
    }
    await enter.checkAndAdmit(chair, actor);
    if (actor.key === "surveyor_1") await look(walker, "lobby-credential");
    if (actor.key.startsWith("surveyor")) await enter.showCredential(actor);
  }
  await look(chair, "lobby-ready");
  await look(applicant, "lobby-admitted");
  await walker.page.context().grantPermissions(["geolocation", "camera", "microphone"]);
  await walker.page.context().setGeolocation({ latitude: 39.127, longitude: 117.2, accuracy: 20 });
  await enter.start(cast);
  await look(walker, "room-begun");

  await chair.button("location.submit").waitFor();
  await look(walker, "location");
  for (const staff of [second, chair]) {
    await staff.fill("location.reason", "示例：室内定位漂移，门牌已拍摄。");
    await staff.press("location.submit");
  }
  await chair.button("location.submit").waitFor({ state: "detached" });
  await survey.shootExterior(walker);
  const codes = await survey.itemCodes(walker);
  for (const code of codes) {
    if (code === "F22") {
      await survey.answerItem(walker, code, "not_met", "垃圾桶未标识");
      await look(walker, "room-item-failed");
      await survey.answerItem(second, code, "mended", "当场贴上标识");
    } else {
      await survey.answerItem(walker, code, "met");
    }
  }
  await survey.shootItem(walker, codes[5] ?? "F06", [expert, applicant]);
  await look(walker, "room-item");
  await survey.askOnSite(applicant, chair, async () => {
    await look(chair, "on-site-asked");
    await look(applicant, "on-site-asked-applicant");
  });
  await look(applicant, "room-applicant");
  await look(supervisor, "room-supervisor");
  await expert.press("bar.annotate");
  await expert.page.getByRole("dialog").waitFor();
  await look(expert, "still");
  await expert.page.keyboard.press("Escape");
  await chair.press("bar.people");
  await look(chair, "people");
  await chair.page.keyboard.press("Escape");
  await chair.press("bar.suspend");
  await look(chair, "suspend-dialog");
  await chair.page.keyboard.press("Escape");
  await expert.tab("materials");
  await look(expert, "materials");

  await expert.tab("opinions");
  await look(expert, "opinion-form");
  await survey.fileOpinion(expert, "示例意见：布局与流程合理。");
  for (const staff of [chair, second, walker]) await survey.fileOpinion(staff, "示例意见：同意。");
  await look(chair, "opinions");
  await survey.deliberate(chair, applicant, async () => {
    await survey.say(expert, "只在合议中说");
    await look(expert, "deliberation");
    await look(applicant, "deliberation-applicant");
  });
  await chair.tab("conclusion");
  await look(chair, "conclusion-missing");
  await chair.tab("decision");
  await look(chair, "decision-missing");
  await applicant.tab("conclusion");
  await look(applicant, "statement");
  await decide.takeStatement(applicant, "没有异议。");
  await decide.conclude(chair, "示例结论：现场符合要求，二十二项当场整改完毕。");
  await chair.press("record.prepare");
  await applicant.button("record.sign").waitFor();
  await look(applicant, "record-sign");
  for (const signer of [walker, second, chair, applicant]) {
    await signer.tab("conclusion");
    await signer.button("record.sign").waitFor();
    await signer.fillFactor(server);
    await signer.press("record.sign");
    await signer.button("record.sign").waitFor({ state: "detached" });
  }
  await look(chair, "record-signed");
  await chair.tab("decision");
  await look(chair, "decision-draft");
  await decide.sealDecision(chair, server);
  await look(chair, "decision-sealed");
  await decide.announce(cast);
  await look(applicant, "announcement");
  await decide.acknowledgeAll(cast);
  await decide.receiptOf(applicant);
  await look(applicant, "receipt");
  await look(chair, "receipts-chair");
  await decide.leaveAnnouncement(cast);
  await chair.tab("conclusion");
  await look(chair, "close");
  const closed = await decide.closeSession(chair);
  await recordingReady(chair, server, session, closed);
  await look(applicant, "closed-applicant");
  await openPlayback(chair, server, session, () => look(chair, "playback-why"));
  await look(chair, "playback");

  await enter.gather(cast, server, "crash", seed.sessions["crash"] ?? "");
  await enter.start(cast);
  await chair.tab("conclusion");
  await look(chair, "conclusion-unanswered");
  const other = chair.page.getByText(label("ending.title"), { exact: true });
  await other.click();
  await chair.page.getByLabel(label("ending.how")).scrollIntoViewIfNeeded();
  await look(chair, "ending");
  await other.click();
  await decide.endWithHearing(chair);
  await look(applicant, "ended-applicant");
} finally {
  await cast?.close();
  await server.stop();
  rmSync(work, { recursive: true, force: true });
}
