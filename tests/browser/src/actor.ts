// One person at one screen: a Chromium of their own, what they saw and heard, and what their page said and was told.
import { join } from "node:path";
import type { BrowserContext, Locator, Page } from "playwright-core";
import { openBrowser } from "./browser.ts";
import type { Camera } from "./known/layout.ts";
import { writeCamera } from "./known/picture.ts";
import { writeMicrophone } from "./known/sound.ts";
import { label } from "./labels.ts";
import type { Witness } from "./measure/screens.ts";
import type { Probe } from "./page/probe.ts";
import { type SeedPerson, totp } from "./seed.ts";
import type { Server } from "./server.ts";

/** Who plays, and with which camera; the number is painted in the picture and chooses the tone. */
export type Role = { key: string; camera: Camera | null };

export const CAST: Role[] = [
  { key: "surveyor_1", camera: { id: 0, width: 640, height: 360, fps: 15 } },
  { key: "surveyor_2", camera: { id: 1, width: 640, height: 360, fps: 15 } },
  { key: "chair", camera: { id: 2, width: 320, height: 180, fps: 10 } },
  { key: "expert", camera: { id: 3, width: 320, height: 180, fps: 10 } },
  { key: "applicant", camera: { id: 4, width: 320, height: 180, fps: 10 } },
  { key: "supervisor", camera: null },
];

/** The same people with pictures that cost a machine little, where it is not speed that is looked at. */
export const LIGHT_CAST: Role[] = CAST.map(({ key, camera }) => ({ key, camera: camera && { ...camera, width: 320, height: 180, fps: 5 } }));

export interface Entry {
  seq: number;
  hash: string;
  body?: string;
}

export class Actor implements Witness {
  readonly key: string;
  readonly camera: Camera | null;
  readonly seed: SeedPerson;
  readonly page: Page;
  readonly frames: Witness["frames"] = [];
  readonly beeps: Witness["beeps"] = [];
  readonly clicks: { at: number; label: string }[] = [];
  readonly announcements: number[] = [];
  /** Acts that the server acknowledged to this page: seq by the moment at which it heard so. */
  readonly done: { at: number; seq: number }[] = [];
  readonly entries = new Map<number, Entry>();
  readonly errors: string[] = [];
  private readonly context: BrowserContext;

  private constructor(key: string, camera: Camera | null, seed: SeedPerson, context: BrowserContext, page: Page) {
    this.key = key;
    this.camera = camera;
    this.seed = seed;
    this.context = context;
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => this.told(String(payload))));
  }

  static async open(key: string, camera: Camera | null, seed: SeedPerson, work: string): Promise<Actor> {
    const files = { camera: join(work, `${key}.y4m`), microphone: join(work, `${key}.wav`) };
    if (camera) {
      writeCamera(files.camera, camera);
      writeMicrophone(files.microphone, camera.id);
    }
    const tablet = key.startsWith("surveyor");
    const context = await openBrowser(camera ? files : null, tablet ? { width: 1180, height: 820 } : { width: 1440, height: 900 });
    const page = context.pages()[0] ?? (await context.newPage());
    page.setDefaultTimeout(30_000);
    return new Actor(key, camera, seed, context, page);
  }

  get id(): number | null {
    return this.camera?.id ?? null;
  }

  get person(): string {
    return this.seed.person;
  }

  private told(text: string): void {
    const frame = JSON.parse(text);
    if (frame.done) this.done.push({ at: Date.now(), seq: frame.done.seq });
    if (frame.entry) this.entries.set(frame.entry.seq, frame.entry);
  }

  /** The newest event of that type which this page was sent. */
  event(type: string): { seq: number; at: number; event: Record<string, unknown> } | null {
    for (const entry of [...this.entries.values()].sort((a, b) => b.seq - a.seq)) {
      if (!entry.body) continue;
      const body = JSON.parse(entry.body);
      if (body.event.type === type) return { seq: entry.seq, at: body.at, event: body.event };
    }
    return null;
  }

  /** Takes over what the page's probe has seen and heard since the last time. */
  async collect(): Promise<void> {
    const drained = await this.page.evaluate(() => window.__probe.drain());
    this.frames.push(...drained.frames);
    this.beeps.push(...drained.beeps);
    this.clicks.push(...drained.clicks);
    this.announcements.push(...drained.announcements);
  }

  /** Another session begins: what was told of the last one no longer counts. */
  forget(): void {
    this.entries.clear();
    this.done.length = 0;
  }

  button(key: string): Locator {
    return this.page.getByRole("button", { name: label(key), exact: true });
  }

  async press(key: string): Promise<void> {
    await this.button(key).first().click();
  }

  async fill(key: string, text: string): Promise<void> {
    await this.page.getByLabel(label(key), { exact: true }).first().fill(text);
  }

  async tab(name: string): Promise<void> {
    await this.page.getByRole("tab", { name: label(`tab.${name}`) }).click();
  }

  /** Fills the field for the second factor: the authenticator's code, or the one that comes to the phone. */
  async fillFactor(server: Server): Promise<void> {
    if (this.seed.totp_secret) {
      await this.fill("factor.totp", totp(this.seed.totp_secret));
      return;
    }
    const phone = this.seed.phone ?? "";
    const before = server.outbox.count(phone);
    await this.press("factor.send");
    await this.fill("factor.phone", await server.outbox.next(phone, before));
  }

  /** The newest time at which the person pressed something with that text. */
  pressedAt(key: string): number {
    const text = label(key);
    const found = this.clicks.filter((click) => click.label.includes(text));
    return found[found.length - 1]?.at ?? Number.NaN;
  }

  /** What of this page is watched. */
  async watch(what: Parameters<Probe["watch"]>[0]): Promise<void> {
    await this.page.evaluate((what) => window.__probe.watch(what), what);
  }

  async shot(path: string): Promise<void> {
    await this.page.screenshot({ path });
  }

  async close(): Promise<void> {
    await this.context.close();
  }
}
