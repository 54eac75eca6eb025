// HTTP calls: every one as server/openapi.json describes it (call.ts).

import { sha256 } from "@/core/chain";
import type { Assertion, Me, SessionBrief } from "@/core/commands";
import type { Entry, EvidenceKind } from "@/core/types";
import { address, call, put, type Reply, type Schemas } from "./call";

export { type Reply, speak } from "./call";

export type LinkBrief = Schemas["LinkBrief"];
export type Verification = Schemas["Verification"];
export type RecordedTrack = Schemas["RecordedTrack"];
export type Recording = Schemas["Recording"];
/** Why a recording is watched (R59). */
export type Purpose = Schemas["Purpose"];
export type Passkey = Schemas["Passkey"];
export type Registration = Schemas["Registration"];
export type AddOptions = Schemas["PasskeyAddOptions"];
/** What to ask an authenticator for; any of its credentials serves where none are named. */
export type UseOptions = Schemas["PasskeySignInOptions"] & { allow?: string[] };

export interface StillFacts {
	kind: EvidenceKind;
	item?: string;
	capturedAtUs: number;
	position?: { lat_e7: number; lon_e7: number; accuracy_m: number };
}

export const api = {
	me: (): Promise<Reply<Me>> => call("get", "/api/v1/me"),
	signIn: (user: string, password: string, totp: string): Promise<Reply<Me>> =>
		call("post", "/api/v1/sign-in", { body: { user, password, totp } }),
	signInWays: () => call("get", "/api/v1/sign-in/ways"),
	signInOptions: () => call("post", "/api/v1/sign-in/passkey/challenge"),
	signInByPasskey: (assertion: Assertion): Promise<Reply<Me>> =>
		call("post", "/api/v1/sign-in/passkey", { body: { assertion } }),
	passkeys: () => call("get", "/api/v1/me/passkeys"),
	addOptions: (factor: string) => call("post", "/api/v1/me/passkeys/challenge", { body: { factor } }),
	addPasskey: (name: string, registration: Registration) =>
		call("post", "/api/v1/me/passkeys", { body: { name, registration } }),
	renamePasskey: (credential: string, name: string) =>
		call("put", "/api/v1/me/passkeys/{credential}", { path: { credential }, body: { name } }),
	removePasskey: (credential: string) =>
		call("delete", "/api/v1/me/passkeys/{credential}", { path: { credential } }),
	actOptions: (session: string, act: string, digest: string) =>
		call("post", "/api/v1/me/passkeys/act-challenge", { body: { session, act, digest } }),
	devices: () => call("get", "/api/v1/me/devices"),
	signOutDevice: (device: string) => call("delete", "/api/v1/me/devices/{device}", { path: { device } }),
	signOutOthers: () => call("post", "/api/v1/me/devices/sign-out-others"),
	signOut: () => call("post", "/api/v1/sign-out"),
	openLink: (token: string) => call("post", "/api/v1/links/open", { body: { token } }),
	sendLinkCode: (token: string) => call("post", "/api/v1/links/code", { body: { token } }),
	verifyLink: (token: string, code: string, device: string): Promise<Reply<Me>> =>
		call("post", "/api/v1/links/verify", { body: { token, code, device } }),
	sendActCode: () => call("post", "/api/v1/codes"),
	session: (id: string): Promise<Reply<SessionBrief>> =>
		call("get", "/api/v1/sessions/{id}", { path: { id } }),
	journal: (id: string, after: number): Promise<Reply<{ entries: Entry[] }>> =>
		call("get", "/api/v1/sessions/{id}/journal", { path: { id }, query: { after } }),
	connections: (id: string) => call("get", "/api/v1/sessions/{id}/connections", { path: { id } }),
	recording: (id: string) => call("get", "/api/v1/sessions/{id}/recording", { path: { id } }),
	look: (id: string, purpose: Purpose) =>
		call("post", "/api/v1/sessions/{id}/recording/looks", { path: { id }, body: purpose }),
	verification: (id: string) => call("get", "/api/v1/sessions/{id}/verification", { path: { id } }),
	preview: (id: string, named?: string) =>
		call("get", "/api/v1/sessions/{id}/documents/{name}", {
			path: { id, name: "preview" },
			query: { case: named },
		}),
	putStill,
};

const document = (id: string, name: string, query?: { preview?: number; case?: string }) =>
	address("/api/v1/sessions/{id}/documents/{name}", { id, name }, query);

export const urls = {
	oidc: address("/api/v1/sign-in/oidc", undefined),
	socket: (id: string) =>
		`${location.protocol === "http:" ? "ws" : "wss"}://${location.host}${address("/api/v1/sessions/{id}/socket", { id })}`,
	still: (id: string, evidence: string) =>
		address("/api/v1/sessions/{id}/stills/{evidence}", { id, evidence }),
	/** `named`: of which case, where the session has several. */
	decision: (id: string, named?: string, preview = false) =>
		document(id, "decision.pdf", { preview: preview ? 1 : undefined, case: named }),
	record: (id: string) => document(id, "record.pdf"),
	receipt: (id: string, number: number) => document(id, `receipt-${number}.pdf`),
	recordingFile: (id: string, file: string) =>
		address("/api/v1/sessions/{id}/recording/{file}", { id, file }),
};

async function putStill(session: string, evidence: string, bytes: Blob, facts: StillFacts) {
	const buffer = new Uint8Array(await bytes.arrayBuffer());
	const digest = await sha256(buffer);
	const { kind, item, capturedAtUs, position } = facts;
	return put(
		"/api/v1/sessions/{id}/stills/{evidence}",
		{
			path: { id: session, evidence },
			query: { kind, item: item || undefined, captured_at: capturedAtUs, ...position },
		},
		buffer,
		{ "Content-Type": bytes.type, "Content-Digest": `sha-256=:${base64(digest)}:` },
	);
}

function base64(hexDigest: string): string {
	return btoa(hexDigest.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16))));
}
