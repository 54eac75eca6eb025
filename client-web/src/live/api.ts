// HTTP calls. An answer is either the value or a Refusal (RFC 9457 problem details); nothing throws.

import { sha256 } from "@/core/chain";
import type { Me, Refusal, SessionBrief } from "@/core/commands";
import type { Entry, EvidenceKind } from "@/core/types";

export type Reply<T> = { ok: T } | { refusal: Refusal };

const base = "/api/v1";

export interface LinkBrief {
	session: string;
	name_masked: string;
	phone_masked: string;
	case_no: string;
	item_title: string;
	starts_at: number;
}
export interface Verification {
	whole: boolean;
	entries: number;
	checkpoints: number;
	receipts: number;
	segments: number;
	key: string;
	checked_at: number;
	first_fault?: string;
}
export interface RecordedTrack {
	track: string;
	person: string | null;
	name: string;
	source: "microphone" | "camera" | "screen";
	kind: "audio" | "video";
	file: string;
	start_us: number;
	duration_us: number;
	width?: number;
	height?: number;
}
export interface Recording {
	state: "making" | "ready" | "failed";
	done: number;
	of: number;
	/** UTC µs of position 0. */
	t0: number;
	duration_us: number;
	tracks: RecordedTrack[];
}
export interface StillFacts {
	kind: EvidenceKind;
	item?: string;
	capturedAtUs: number;
	position?: { lat_e7: number; lon_e7: number; accuracy_m: number };
}

export const api = {
	me: () => call<Me>("GET", "/me"),
	signIn: (user: string, password: string, totp: string) =>
		call<Me>("POST", "/sign-in", { user, password, totp }),
	signOut: () => call<void>("POST", "/sign-out"),
	openLink: (token: string) => call<LinkBrief>("POST", "/links/open", { token }),
	sendLinkCode: (token: string) => call<void>("POST", "/links/code", { token }),
	verifyLink: (token: string, code: string, device: string) =>
		call<Me>("POST", "/links/verify", { token, code, device }),
	sendActCode: () => call<void>("POST", "/codes"),
	session: (id: string) => call<SessionBrief>("GET", `/sessions/${id}`),
	journal: (id: string, after: number) =>
		call<{ entries: Entry[] }>("GET", `/sessions/${id}/journal?after=${after}`),
	recording: (id: string) => call<Recording>("GET", `/sessions/${id}/recording`),
	verification: (id: string) => call<Verification>("GET", `/sessions/${id}/verification`),
	preview: (id: string) => call<{ content_digest: string }>("GET", `/sessions/${id}/documents/preview`),
	putStill,
};

export const urls = {
	socket: (id: string) =>
		`${location.protocol === "http:" ? "ws" : "wss"}://${location.host}${base}/sessions/${id}/socket`,
	still: (id: string, evidence: string) => `${base}/sessions/${id}/stills/${evidence}`,
	decision: (id: string, preview = false) =>
		`${base}/sessions/${id}/documents/decision.pdf${preview ? "?preview=1" : ""}`,
	record: (id: string) => `${base}/sessions/${id}/documents/record.pdf`,
	receipt: (id: string, number: number) => `${base}/sessions/${id}/documents/receipt-${number}.pdf`,
	recordingFile: (id: string, file: string) => `${base}/sessions/${id}/recording/${file}`,
};

let language = "zh-CN";
/** The language in which the server words its refusals. */
export function speak(locale: string): void {
	language = locale;
}

async function putStill(session: string, evidence: string, bytes: Blob, facts: StillFacts) {
	const buffer = new Uint8Array(await bytes.arrayBuffer());
	const digest = await sha256(buffer);
	const query = new URLSearchParams({ kind: facts.kind, captured_at: String(facts.capturedAtUs) });
	if (facts.item) query.set("item", facts.item);
	if (facts.position) {
		for (const [key, value] of Object.entries(facts.position)) query.set(key, String(value));
	}
	return send<{ evidence: string; seq: number }>(`${urls.still(session, evidence)}?${query}`, {
		method: "PUT",
		body: buffer,
		headers: { "Content-Type": bytes.type, "Content-Digest": `sha-256=:${base64(digest)}:` },
	});
}

function base64(hexDigest: string): string {
	return btoa(hexDigest.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16))));
}

function call<T>(method: string, path: string, body?: unknown): Promise<Reply<T>> {
	const headers: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json" };
	return send<T>(base + path, {
		method,
		headers,
		body: body === undefined ? undefined : JSON.stringify(body),
	});
}

async function send<T>(url: string, init: RequestInit): Promise<Reply<T>> {
	try {
		const headers = { ...(init.headers as Record<string, string>), "Accept-Language": language };
		const response = await fetch(url, { ...init, headers, credentials: "same-origin" });
		const text = await response.text();
		if (response.ok) return { ok: (text ? JSON.parse(text) : undefined) as T };
		return { refusal: problem(text, response.status) };
	} catch {
		return { refusal: { code: "unreachable" } };
	}
}

function problem(text: string, status: number): Refusal {
	try {
		const { code, title, next, missing } = JSON.parse(text) as Refusal;
		if (typeof code === "string") return { code, title, next, missing };
	} catch {
		// Not ours: a proxy in between answers in HTML.
	}
	return { code: status === 404 ? "not_found" : status === 401 ? "signed_out" : "unreachable" };
}
