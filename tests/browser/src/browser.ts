// One Chromium process for each person, with its own profile and its own camera and microphone file.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium } from "playwright-core";
import { injectProbe } from "./page/inject.ts";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-renderer-backgrounding",
  "--disable-backgrounding-occluded-windows",
  "--autoplay-policy=no-user-gesture-required",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
];

export interface Devices {
  camera: string;
  microphone: string;
}

export async function openBrowser(devices: Devices | null, viewport = { width: 1440, height: 900 }): Promise<BrowserContext> {
  const profile = mkdtempSync(join(tmpdir(), "kanjie-browser-"));
  const files = devices
    ? [`--use-file-for-fake-video-capture=${devices.camera}`, `--use-file-for-fake-audio-capture=${devices.microphone}`]
    : [];
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
    headless: true,
    args: [...FLAGS, ...files],
    ignoreHTTPSErrors: true,
    locale: "zh-CN",
    timezoneId: "Asia/Shanghai",
    viewport,
    // Six screens are drawn without a graphics card on one machine: at half the density the same layout costs a quarter.
    // Not where the screens themselves are wanted.
    deviceScaleFactor: process.env["DEMO_SHOTS"] ? 1 : 0.5,
    acceptDownloads: true,
  });
  context.on("close", () => rmSync(profile, { recursive: true, force: true, maxRetries: 5 }));
  await injectProbe(context);
  return context;
}
