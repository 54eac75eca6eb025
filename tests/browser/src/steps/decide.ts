// From the applicant's word to the closed session: conclusion, record, decision, announcement, receipt.
import type { Actor } from "../actor.ts";
import type { Server } from "../server.ts";
import { label } from "../labels.ts";
import { type Cast, undisturbed } from "./cast.ts";

export async function takeStatement(applicant: Actor, text: string): Promise<void> {
  await applicant.tab("conclusion");
  await applicant.fill("statement.yours", text);
  await applicant.press("statement.submit");
  await applicant.page.locator("p.text", { hasText: text }).waitFor();
}

export async function conclude(chair: Actor, text: string): Promise<void> {
  await chair.tab("conclusion");
  await chair.fill("conclusion.text", text);
  await chair.press("conclusion.submit");
  await chair.button("record.prepare").waitFor();
}

/** The record is read back and signed by each with a fresh factor. */
export async function signRecord(chair: Actor, signers: readonly Actor[], server: Server): Promise<void> {
  await chair.press("record.prepare");
  for (const signer of signers) {
    await signer.tab("conclusion");
    await signer.button("record.sign").waitFor();
    await signer.fillFactor(server);
    await signer.press("record.sign");
    await signer.button("record.sign").waitFor({ state: "detached" });
  }
}

/** The approver drafts, looks at the preview's preconditions, seals with a second factor. */
export async function sealDecision(approver: Actor, server: Server): Promise<void> {
  await approver.tab("decision");
  await approver.press("decision.save");
  await approver.button("seal.submit").waitFor();
  await approver.fillFactor(server);
  await approver.press("seal.submit");
  await approver.button("announce.submit").waitFor();
}

/** Announces; answers when the announcement stands on every screen. */
export async function announce(cast: Cast): Promise<void> {
  await cast.chair.press("announce.submit");
  await undisturbed();
  await Promise.all(cast.all.map((actor) => actor.page.getByTestId("announcement").waitFor()));
}

/** Everybody who was live confirms; answers when all have. */
export async function acknowledgeAll(cast: Cast): Promise<void> {
  for (const actor of cast.all) {
    const mine = actor.button("announcement.acknowledge");
    if (await mine.isVisible()) await mine.click();
  }
  const { page } = cast.chair;
  await page.locator("[data-acknowledged=true]").first().waitFor();
  await page.waitForFunction(() => document.querySelectorAll("[data-acknowledged=false]").length === 0);
}

export async function leaveAnnouncement(cast: Cast): Promise<void> {
  for (const actor of cast.all) {
    await actor.button("announcement.back").click();
    await actor.page.getByTestId("announcement").waitFor({ state: "detached" });
  }
}

/** The receipt on the applicant's screen, as its QR code holds it. */
export async function receiptOf(applicant: Actor): Promise<string> {
  await applicant.page.getByTestId("announcement").getByTestId("receipt").getByRole("img").waitFor();
  const issued = applicant.event("receipt_issued");
  if (!issued) throw new Error("no receipt came to the applicant");
  return canonical(issued.event["receipt"]);
}

/** Canonical JSON for what receipts are made of: objects, strings, whole numbers, null. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(",")}}`;
}

/** Ends without a decision (R43), for the short session. */
export async function endWithHearing(chair: Actor): Promise<void> {
  const { page } = chair;
  await chair.tab("conclusion");
  await page.getByText(label("ending.title"), { exact: true }).click();
  await page.getByLabel(label("ending.how")).selectOption("hearing");
  await chair.fill("ending.reason", "示例：申请人要求听证。");
  await chair.fill("ending.nextStep", "示例：五日内举行听证。");
  await chair.press("ending.submit");
  await page.getByTestId("result").waitFor();
  await chair.press("announcement.back");
}

/** The chair closes the session; answers the moment of pressing, epoch ms. */
export async function closeSession(chair: Actor): Promise<number> {
  await chair.tab("conclusion");
  const pressed = Date.now();
  await chair.press("close.submit");
  return pressed;
}
