// The browser's passkeys (WebAuthn level 3): what the server asks for goes in, what it takes comes out; nothing throws.

import { fromBase64Url, toBase64Url } from "@/core/base64url";
import { type Assertion, type Command, contentDigest, type Proof } from "@/core/commands";
import { type AddOptions, api, type Registration, type Reply, type UseOptions } from "./api";

/** The server forgets a challenge after five minutes. */
const PATIENCE_MS = 4 * 60 * 1000;

export function passkeysHere(): boolean {
	return typeof window.PublicKeyCredential === "function" && navigator.credentials !== undefined;
}

/** A new passkey in one of this device's authenticators, or in one that is plugged in. */
export async function makePasskey(options: AddOptions, product: string): Promise<Reply<Registration>> {
	const kind = "public-key" as const;
	const publicKey: PublicKeyCredentialCreationOptions = {
		challenge: fromBase64Url(options.challenge),
		rp: { id: options.rp_id, name: product },
		user: { id: fromBase64Url(options.user_id), name: options.user_name, displayName: options.user_name },
		pubKeyCredParams: options.algorithms.map((alg) => ({ type: kind, alg })),
		excludeCredentials: options.exclude.map((id) => ({ type: kind, id: fromBase64Url(id) })),
		authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
		attestation: "none",
		timeout: PATIENCE_MS,
	};
	const made = await held<AuthenticatorAttestationResponse>(() =>
		navigator.credentials.create({ publicKey }),
	);
	if ("refusal" in made) return made;
	const { clientDataJSON, attestationObject } = made.ok.response;
	return { ok: { client_data: toBase64Url(clientDataJSON), attestation: toBase64Url(attestationObject) } };
}

/** One of somebody's passkeys, at work on a challenge. */
export async function usePasskey(options: UseOptions): Promise<Reply<Assertion>> {
	const publicKey: PublicKeyCredentialRequestOptions = {
		challenge: fromBase64Url(options.challenge),
		rpId: options.rp_id,
		allowCredentials: options.allow?.map((id) => ({ type: "public-key", id: fromBase64Url(id) })),
		userVerification: "required",
		timeout: PATIENCE_MS,
	};
	const used = await held<AuthenticatorAssertionResponse>(() => navigator.credentials.get({ publicKey }));
	if ("refusal" in used) return used;
	const { clientDataJSON, authenticatorData, signature } = used.ok.response;
	return {
		ok: {
			credential: toBase64Url(used.ok.rawId),
			client_data: toBase64Url(clientDataJSON),
			authenticator_data: toBase64Url(authenticatorData),
			signature: toBase64Url(signature),
		},
	};
}

/** The second factor of an act: a signature over this act, this session and this content. */
export async function proveByPasskey(session: string, command: Command): Promise<Reply<Proof>> {
	const options = await api.actOptions(session, command.type, contentDigest(command));
	if ("refusal" in options) return options;
	const used = await usePasskey(options.ok);
	return "refusal" in used ? used : { ok: { nonce: options.ok.nonce, assertion: used.ok } };
}

async function held<T extends AuthenticatorResponse>(
	ceremony: () => Promise<Credential | null>,
): Promise<Reply<PublicKeyCredential & { response: T }>> {
	if (!passkeysHere()) return { refusal: { code: "passkey_unsupported" } };
	try {
		const credential = await ceremony();
		if (credential) return { ok: credential as PublicKeyCredential & { response: T } };
		return { refusal: { code: "passkey_cancelled" } };
	} catch (error) {
		const known = error instanceof DOMException && error.name === "InvalidStateError";
		return { refusal: { code: known ? "passkey_known" : "passkey_cancelled" } };
	}
}
