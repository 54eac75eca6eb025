// The survey: the exterior first, then the checklist item by item, the opinions, and the private deliberation.
import type { Actor } from "../actor.ts";
import { label } from "../labels.ts";

export type Result = "met" | "not_met" | "mended" | "not_applicable";

/** The first evidence: the exterior with the address (R24). */
export async function shootExterior(surveyor: Actor): Promise<void> {
  await surveyor.press("bar.exterior");
  await surveyor.button("bar.still").waitFor();
}

export async function itemCodes(actor: Actor): Promise<string[]> {
  const codes = actor.page.locator("[data-item]");
  await codes.first().waitFor();
  return codes.evaluateAll((items) => items.map((item) => item.getAttribute("data-item") ?? ""));
}

/** Answers while the connection may be gone: presses again, as a person would, until the item shows the answer. */
export async function answerUntilTaken(surveyor: Actor, code: string, result: Result): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await answerItem(surveyor, code, result, "", 600);
      return;
    } catch (error) {
      if (tries >= 40) throw error;
    }
  }
}

/** Opens the item, reads the value off where one is asked for, and answers. */
export async function answerItem(surveyor: Actor, code: string, result: Result, note = "", patience_ms = 30_000): Promise<void> {
  const { page } = surveyor;
  await page.locator(`[data-item="${code}"]`).click();
  await page.getByRole("region", { name: code, exact: true }).waitFor();
  const value = page.getByLabel(label("item.value"), { exact: true });
  if (await value.isVisible()) {
    await value.fill("26.5");
    await surveyor.fill("item.unit", "m");
  }
  if (note) await surveyor.fill("item.note", note);
  const answers = page.getByRole("group", { name: label("item.answer"), exact: true });
  await answers.getByRole("button", { name: label(`state.${result}`), exact: true }).click();
  await page.locator(`[data-item="${code}"][data-state="${result}"]`).waitFor({ timeout: patience_ms });
}

/** A still of the own camera for that item; it stands beside the item for everybody. */
export async function shootItem(surveyor: Actor, code: string, others: readonly Actor[]): Promise<void> {
  await surveyor.page.locator(`[data-item="${code}"]`).click();
  await surveyor.press("item.shoot");
  for (const actor of [surveyor, ...others]) {
    await actor.page.locator(`[data-item="${code}"]`).getByTitle(label("checklist.stills")).waitFor();
  }
}

/** Files the opinion that this person is asked for, if any; answers whether there was one. */
export async function fileOpinion(actor: Actor, text: string): Promise<boolean> {
  await actor.tab("opinions");
  const submit = actor.button("opinion.submit");
  if (!(await submit.isVisible())) return false;
  await actor.page.getByRole("radio", { name: label("stance.agree"), exact: true }).check();
  await actor.fill("opinion.text", text);
  await submit.click();
  await actor.page.locator("p.text", { hasText: text }).waitFor();
  return true;
}

export async function say(actor: Actor, text: string): Promise<void> {
  await actor.tab("chat");
  await actor.fill("chat.text", text);
  await actor.press("chat.send");
  await actor.page.locator(".line", { hasText: text }).waitFor();
}

/** Runs `during` while staff and experts are among themselves; answers when it began and ended, epoch ms. */
export async function deliberate(chair: Actor, applicant: Actor, during: () => Promise<void>): Promise<{ from: number; to: number }> {
  await chair.press("bar.deliberate");
  await chair.button("bar.endDeliberation").waitFor();
  await applicant.page.locator(".shut").waitFor();
  const from = Date.now();
  await during();
  const to = Date.now();
  await chair.press("bar.endDeliberation");
  await chair.button("bar.deliberate").waitFor();
  await applicant.page.locator(".shut").waitFor({ state: "detached" });
  return { from, to };
}

/** The applicant asks for an on-site survey and thinks better of it (R20); the chair sees both. */
export async function askOnSite(applicant: Actor, chair: Actor, meanwhile: () => Promise<void> = async () => undefined): Promise<void> {
  await applicant.tab("conclusion");
  await applicant.page.getByText(label("onSite.title"), { exact: true }).click();
  await applicant.fill("onSite.reason", "示例：后厨信号不好。");
  await applicant.press("onSite.ask");
  await chair.button("onSite.answer").waitFor();
  await meanwhile();
  await applicant.press("onSite.withdraw");
  await chair.button("onSite.answer").waitFor({ state: "detached" });
}
