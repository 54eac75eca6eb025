// `npm run passkey`: a member of staff adds a passkey, signs in by it and proves an act with it, in a real browser with
// Chromium's virtual authenticator; then another browser ends that sign-in and the live page says so.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CDPSession } from "playwright-core";
import { Actor } from "./actor.ts";
import { label } from "./labels.ts";
import { totp } from "./seed.ts";
import { Server } from "./server.ts";
import { comeToTheDoor, readNotice } from "./steps/enter.ts";

let failed = 0;
const check = (words: string, holds: boolean, detail: unknown = ""): void => {
  if (!holds) failed++;
  console.log(`${holds ? "ok  " : "FAIL"} ${words}${holds ? "" : ` ${JSON.stringify(detail)}`}`);
};

/** An authenticator within the device that knows its owner by their finger. */
async function authenticator(actor: Actor): Promise<{ cdp: CDPSession; authenticatorId: string }> {
  const cdp = await actor.page.context().newCDPSession(actor.page);
  await cdp.send("WebAuthn.enable");
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return { cdp, authenticatorId };
}

async function signInByPasskey(actor: Actor, server: Server): Promise<void> {
  await actor.page.goto(`${server.base}/#/sign-in`);
  await actor.press("signin.passkey");
  await actor.page.getByRole("heading", { name: label("home.title") }).waitFor();
}

async function addPasskey(actor: Actor, server: Server): Promise<void> {
  const { page, seed } = actor;
  const secret = seed.totp_secret ?? "";
  await page.goto(`${server.base}/`);
  await actor.fill("signin.user", seed.user ?? "");
  await actor.fill("signin.password", seed.password ?? "");
  await actor.fill("signin.totp", totp(secret));
  await actor.press("signin.submit");
  await page.getByRole("link", { name: label("home.account") }).click();
  await page.getByText(label("account.noPasskeys")).waitFor();
  await actor.fill("account.name", "办公电脑");
  await actor.fill("factor.totp", totp(secret));
  await actor.press("account.add");
  const added = page.locator("[data-passkey]");
  await added.or(page.getByRole("alert")).first().waitFor();
  check("the account page lists the passkey that was added", (await added.innerText()).includes("办公电脑"));
}

const work = mkdtempSync(join(tmpdir(), "kanjie-passkey-"));
const server = new Server(join(work, "server"));
const open: Actor[] = [];
try {
  const seed = server.seed();
  await server.start();
  const person = seed.people["chair"];
  if (!person) throw new Error("the seed has no chair");
  const [chair, elsewhere] = [await Actor.open("chair", null, person, work), await Actor.open("chair", null, person, work)];
  open.push(chair, elsewhere);
  const own = await authenticator(chair);
  await addPasskey(chair, server);
  await chair.page.getByRole("link", { name: label("account.back") }).click();
  await chair.press("home.signOut");
  await signInByPasskey(chair, server);
  check("the passkey alone signs in", await chair.page.getByText(person.name).first().isVisible());

  const session = seed.sessions["journey"] ?? "";
  await comeToTheDoor(chair, server, "journey", session);
  await chair.press("lobby.open");
  await readNotice(chair);
  await chair.fill("credential.lastFour", "0001");
  await chair.press("factor.passkey");
  await chair.page.getByRole("form", { name: label("credential.title") }).waitFor();
  const confirmed = chair.event("identity_checked");
  check("the passkey proves the chair's own identity in the room", confirmed?.event["person"] === person.person, confirmed);

  // The same key on another device, as a provider of passkeys would bring it there.
  const { credentials } = await own.cdp.send("WebAuthn.getCredentials", { authenticatorId: own.authenticatorId });
  const other = await authenticator(elsewhere);
  for (const credential of credentials) {
    await other.cdp.send("WebAuthn.addCredential", { authenticatorId: other.authenticatorId, credential });
  }
  await signInByPasskey(elsewhere, server);
  await elsewhere.page.getByRole("link", { name: label("home.account") }).click();
  const devices = elsewhere.page.locator("[data-device]");
  await devices.nth(1).waitFor();
  check("both devices are listed, this one named", (await elsewhere.page.getByText(label("account.current")).count()) === 1);
  await elsewhere.press("account.signOutOthers");
  await chair.page.getByText(label("refusal.revoked.title")).waitFor();
  check("the live page says that its sign-in has ended", true);
  await devices.nth(1).waitFor({ state: "detached" });

  await elsewhere.page.getByRole("button", { name: label("account.remove") }).click();
  await elsewhere.press("account.removeSubmit");
  await elsewhere.page.getByText(label("account.noPasskeys")).waitFor();
  await elsewhere.page.getByRole("link", { name: label("account.back") }).click();
  await elsewhere.press("home.signOut");
  await elsewhere.press("signin.passkey");
  await elsewhere.page.getByText(label("refusal.passkey_refused.title")).waitFor();
  check("a removed passkey signs nobody in", true);
  for (const actor of open) check("the page has no error", actor.errors.length === 0, actor.errors);
} catch (error) {
  check("the passkey's journey runs through", false, error instanceof Error ? error.message : error);
  for (const [number, actor] of open.entries()) await actor.shot(join(tmpdir(), `kanjie-passkey-failed-${number}.png`)).catch(() => undefined);
} finally {
  for (const actor of open) await actor.close();
  await server.stop();
  rmSync(work, { recursive: true, force: true });
}
process.exit(failed > 0 ? 1 : 0);
