// From the front door to the live room: sign in or follow the link, try the devices, read the notice, be checked, start.
import type { Actor } from "../actor.ts";
import { label } from "../labels.ts";
import { totp } from "../seed.ts";
import type { Server } from "../server.ts";
import { type Cast, undisturbed } from "./cast.ts";

/** To the device check of that session, by whichever way this person comes. */
export async function comeToTheDoor(actor: Actor, server: Server, name: string, session: string): Promise<void> {
  const { page, seed } = actor;
  actor.forget();
  if (seed.user) {
    await page.goto(`${server.base}/`);
    const entry = page.locator(`[data-session="${session}"]`);
    const signIn = actor.button("signin.submit");
    await entry.or(signIn).first().waitFor();
    if (await signIn.isVisible()) {
      await actor.fill("signin.user", seed.user);
      await actor.fill("signin.password", seed.password ?? "");
      await actor.fill("signin.totp", totp(seed.totp_secret ?? ""));
      await signIn.click();
    }
    await entry.click();
  } else {
    const phone = seed.phone ?? "";
    await page.goto("about:blank");
    await page.goto(`${server.base}/#/l/${seed.links?.[name]}`);
    const before = server.outbox.count(phone);
    await actor.press("link.send");
    await actor.fill("link.code", await server.outbox.next(phone, before));
    await actor.press("link.enter");
  }
  if (actor.camera) await page.locator("[data-testid=preview]").waitFor({ state: "visible" });
  await actor.press("preflight.enter");
}

export async function readNotice(actor: Actor): Promise<void> {
  await actor.press("notice.acknowledge");
}

/** The chair's own identity by a second factor. */
export async function confirmOwnIdentity(chair: Actor, server: Server): Promise<void> {
  await chair.fill("credential.lastFour", "0001");
  await chair.fillFactor(server);
  await chair.press("ownIdentity.submit");
}

/** The chair looks at one person alone, writes down what was shown, and lets them in. */
export async function checkAndAdmit(chair: Actor, other: Actor): Promise<void> {
  const row = chair.page.locator(`li[data-person="${other.person}"]`).first();
  await row.getByRole("button", { name: label("identity.begin") }).click();
  const picture = chair.page.locator(`video[data-testid=identity][data-person="${other.person}"]`);
  if (other.camera) await picture.waitFor({ state: "visible" });
  const staff = !["expert", "applicant"].includes(other.key);
  await chair.page.getByLabel(label("identity.method")).selectOption(staff ? "staff_credential" : "id_card");
  await chair.fill("identity.lastFour", "1024");
  await chair.press("identity.confirm");
  await row.getByRole("button", { name: label("people.admit") }).click();
}

export async function showCredential(actor: Actor): Promise<void> {
  const form = actor.page.getByRole("form", { name: label("credential.title") });
  await form.getByLabel(label("credential.lastFour")).fill("1024");
  const onSite = form.getByLabel(label("credential.onSite"));
  if (actor.key.startsWith("surveyor")) await onSite.check();
  await form.getByRole("button", { name: label("credential.show") }).click();
  await form.waitFor({ state: "detached" });
}

/** Everybody from the door to the moment before the start. */
export async function gather(cast: Cast, server: Server, name: string, session: string): Promise<void> {
  const { chair } = cast;
  await comeToTheDoor(chair, server, name, session);
  await chair.press("lobby.open");
  await readNotice(chair);
  await confirmOwnIdentity(chair, server);
  await showCredential(chair);
  for (const actor of cast.others) {
    await comeToTheDoor(actor, server, name, session);
    await readNotice(actor);
    await checkAndAdmit(chair, actor);
    if (actor.key.startsWith("surveyor")) await showCredential(actor);
  }
}

/** The chair starts; answers when every screen shows the room. */
export async function start(cast: Cast): Promise<void> {
  await cast.chair.press("lobby.start");
  await undisturbed();
  await Promise.all(cast.all.map((actor) => actor.page.locator(".room").waitFor()));
}
