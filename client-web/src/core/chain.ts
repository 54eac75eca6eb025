// Checks the journal's chain as it arrives (docs/protocol/recording.md, section 1). WebCrypto only; no signatures here.
import type { Entry } from "./types";

export const GENESIS = "0".repeat(64);

export interface Link {
	seq: number;
	hash: string;
}

/** The link that `entry` makes after `before`, or the reason why it does not belong there. */
export async function follow(before: Link, entry: Entry): Promise<Link | ChainFault> {
	if (entry.seq !== before.seq + 1) return { seq: entry.seq, fault: "sequence" };
	if (entry.prev !== before.hash) return { seq: entry.seq, fault: "previous" };
	if (entry.body !== undefined && entry.nonce !== undefined) {
		const commit = await sha256(unhex(entry.nonce), new TextEncoder().encode(entry.body));
		if (commit !== entry.commit) return { seq: entry.seq, fault: "commit" };
	}
	const hash = await sha256(bigEndian(entry.seq), unhex(entry.prev), unhex(entry.commit));
	if (hash !== entry.hash) return { seq: entry.seq, fault: "hash" };
	return { seq: entry.seq, hash };
}

export interface ChainFault {
	seq: number;
	fault: "sequence" | "previous" | "commit" | "hash";
}

export function isFault(result: Link | ChainFault): result is ChainFault {
	return "fault" in result;
}

/** Follows entries one after the other in the background; reports the first fault and then stays silent. */
export class ChainWatch {
	private tail: Link = { seq: 0, hash: GENESIS };
	private work: Promise<void> = Promise.resolve();
	private broken = false;

	constructor(private readonly onFault: (fault: ChainFault) => void) {}

	push(entry: Entry): void {
		this.work = this.work.then(async () => {
			if (this.broken) return;
			const next = await follow(this.tail, entry);
			if (isFault(next)) {
				this.broken = true;
				this.onFault(next);
			} else {
				this.tail = next;
			}
		});
	}

	/** Resolves when everything pushed so far was checked. */
	async settled(): Promise<Link> {
		await this.work;
		return this.tail;
	}
}

export async function sha256(...parts: Uint8Array[]): Promise<string> {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let offset = 0;
	for (const part of parts) {
		whole.set(part, offset);
		offset += part.length;
	}
	return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", whole)));
}

export function hex(bytes: Uint8Array): string {
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unhex(text: string): Uint8Array {
	const bytes = new Uint8Array(text.length / 2);
	for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
	return bytes;
}

function bigEndian(seq: number): Uint8Array {
	const bytes = new Uint8Array(8);
	new DataView(bytes.buffer).setBigUint64(0, BigInt(seq));
	return bytes;
}
