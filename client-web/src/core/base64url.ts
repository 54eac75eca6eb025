// Bytes as WebAuthn and the server write them: base64url without padding (RFC 4648 section 5).

export function toBase64Url(bytes: ArrayBuffer | Uint8Array): string {
	const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
	const text = Array.from(view, (byte) => String.fromCharCode(byte)).join("");
	return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Throws where the text is none. */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
	const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
	return Uint8Array.from(plain, (char) => char.charCodeAt(0));
}
