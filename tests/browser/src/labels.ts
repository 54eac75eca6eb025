// The words on the screens, from the web app's own texts: a person finds a button by what it says.
import { readFileSync } from "node:fs";

type Texts = { [key: string]: string | Texts };

const texts: Texts = JSON.parse(readFileSync(new URL("../../../client-web/src/locales/zh-CN.json", import.meta.url), "utf8"));

/** The Chinese text with that key; `{name}` parts are filled in. */
export function label(key: string, values: Record<string, string> = {}): string {
  let at: string | Texts | undefined = texts;
  for (const part of key.split(".")) at = typeof at === "object" ? at[part] : undefined;
  if (typeof at !== "string") throw new Error(`the web app has no text ${key}`);
  return at.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}
