// The demo data that `kanjie seed --json` writes, and how its people prove who they are.
import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

export interface SeedPerson {
  person: string;
  name: string;
  roles: string[];
  user?: string;
  password?: string;
  totp_secret?: string;
  phone?: string;
  links?: Record<string, string>;
}

export interface Seed {
  sessions: Record<string, string>;
  people: Record<string, SeedPerson>;
}

export const readSeed = (path: string): Seed => JSON.parse(readFileSync(path, "utf8"));

/** RFC 6238 with SHA-1, six digits and steps of 30 s. */
export function totp(secret: string, now = Date.now()): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000)));
  const mac = createHmac("sha1", base32(secret)).update(counter).digest();
  const value = mac.readUInt32BE(mac[19]! & 0xf) & 0x7fff_ffff;
  return String(value % 1_000_000).padStart(6, "0");
}

function base32(text: string): Buffer {
  const bits = [...text.replace(/=+$/, "").toUpperCase()]
    .map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0"))
    .join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** One-time codes arrive in a file in the demo, as they would on a phone. */
export class Outbox {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  count(phone: string): number {
    return this.codes(phone).length;
  }

  /** The first code sent to that phone after `count` others. */
  async next(phone: string, count: number): Promise<string> {
    for (let waited = 0; waited < 10_000; waited += 50) {
      const code = this.codes(phone)[count];
      if (code) return code;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`no one-time code came to ${phone}`);
  }

  private codes(phone: string): string[] {
    if (!existsSync(this.path)) return [];
    const lines = readFileSync(this.path, "utf8").split("\n").filter((line) => line.endsWith("}"));
    return lines.map((line) => JSON.parse(line)).filter((line) => line.to === phone && line.code).map((line) => line.code);
  }
}
