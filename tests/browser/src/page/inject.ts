// Puts the probe, and the decoders as text, into every page of a browser context.
import type { BrowserContext } from "playwright-core";
import { beepFinder, decodeCells } from "../known/decode.ts";
import { TONES } from "../known/layout.ts";
import { installProbe } from "./probe.ts";

export async function injectProbe(context: BrowserContext): Promise<void> {
  const decoders = [
    `window.__decode = ${decodeCells.toString()};`,
    `window.__beeps = (rate) => (${beepFinder.toString()})(${JSON.stringify(TONES)}, rate);`,
  ];
  await context.addInitScript(`${decoders.join("\n")}\n(${installProbe.toString()})();`);
}
