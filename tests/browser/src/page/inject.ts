// Puts the probe, and the decoders as text, into every page of a browser context.
import type { BrowserContext } from "playwright-core";
import { beepFinder, decodeCells } from "../known/decode.ts";
import { TONES } from "../known/layout.ts";
import { installProbe } from "./probe.ts";

export async function injectProbe(context: BrowserContext): Promise<void> {
  await context.addInitScript(
    `window.__decode = { cells: ${decodeCells.toString()}, finder: ${beepFinder.toString()}, tones: ${JSON.stringify(TONES)} };\n(${installProbe.toString()})();`,
  );
}
