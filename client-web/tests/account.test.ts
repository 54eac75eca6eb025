import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { fromBase64Url, toBase64Url } from "@/core/base64url";
import type { Command, Me } from "@/core/commands";
import Account from "@/features/account/Account.vue";
import { i18n } from "@/i18n";
import { useLive } from "@/live/live";
import { useMe } from "@/live/me";
import { makePasskey, proveByPasskey } from "@/live/passkey";
import FactorField from "@/parts/FactorField.vue";

const bytes = (text: string) => new TextEncoder().encode(text).buffer;
const b64 = (text: string) => toBase64Url(bytes(text));
const device = { method: "passkey", device: "Chrome · Windows", created_at: 1, expires_at: 2 };
const passkey = { credential: "aWQ", name: "办公电脑", created_at: 1, last_used_at: null };
const adding = {
	challenge: b64("add"),
	rp_id: "localhost",
	user_id: b64("p"),
	user_name: "示例主持",
	algorithms: [-7, -8],
	exclude: [b64("old")],
};

/** What the server has, by method and path; every call is noted. */
function server(answers: Record<string, unknown>) {
	const calls: { call: string; body: unknown }[] = [];
	vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
		const call = `${init.method} ${url.replace("/api/v1", "")}`;
		calls.push({ call, body: init.body ? JSON.parse(String(init.body)) : undefined });
		const answer = answers[call];
		if (answer instanceof Response) return answer.clone();
		return new Response(answer === undefined ? "" : JSON.stringify(answer), { status: 200 });
	});
	return calls;
}
const problem = (code: string, status: number) => new Response(JSON.stringify({ code }), { status });

/** An authenticator that answers, or fails with this. */
function authenticator(fault?: string) {
	const asked: unknown[] = [];
	const act = async (options: unknown) => {
		asked.push(options);
		if (fault) throw new DOMException("", fault);
		const response = {
			clientDataJSON: bytes("client"),
			attestationObject: bytes("attestation"),
			authenticatorData: bytes("data"),
			signature: bytes("signature"),
		};
		return { rawId: bytes("id"), response };
	};
	vi.stubGlobal("PublicKeyCredential", class {});
	vi.stubGlobal("navigator", { userAgent: "Chrome/1 Windows", credentials: { create: act, get: act } });
	return asked;
}

async function page(link_session: string | null = null) {
	const me: Me = { person: "p", name: "示例主持", roles: [], link_session, link_case: null, sessions: [] };
	useMe().me = me;
	const stubs = { RouterLink: true };
	const mounted = mount(Account, { global: { plugins: [i18n], stubs }, attachTo: document.body });
	await flushPromises();
	return mounted;
}
const button = (mounted: Awaited<ReturnType<typeof page>>, text: string) => {
	const found = mounted.findAll("button").find((one) => one.text().startsWith(text));
	if (!found) throw new Error(`no button ${text}`);
	return found;
};

beforeEach(() => {
	document.body.innerHTML = "";
	setActivePinia(createPinia());
});
afterEach(() => vi.unstubAllGlobals());

describe("bytes in base64url", () => {
	it("come back as they were, and carry no padding", () => {
		for (let length = 0; length < 260; length++) {
			const whole = Uint8Array.from({ length }, (_, place) => (place * 7 + length) % 256);
			const text = toBase64Url(whole);
			expect(text).toMatch(/^[\w-]*$/);
			expect(Array.from(fromBase64Url(text))).toEqual(Array.from(whole));
		}
	});
});

describe("a passkey", () => {
	it("is made for this person, verified, and not twice on one authenticator", async () => {
		const asked = authenticator();
		const made = await makePasskey(adding, "勘结");
		expect(made).toEqual({ ok: { client_data: b64("client"), attestation: b64("attestation") } });
		expect(asked).toMatchObject([
			{
				publicKey: {
					rp: { id: "localhost", name: "勘结" },
					authenticatorSelection: { userVerification: "required" },
					excludeCredentials: [{ id: fromBase64Url(b64("old")) }],
					attestation: "none",
				},
			},
		]);
	});

	it("that was not used says so, and a second one on the same device too", async () => {
		authenticator("NotAllowedError");
		expect(await makePasskey(adding, "勘结")).toEqual({ refusal: { code: "passkey_cancelled" } });
		authenticator("InvalidStateError");
		expect(await makePasskey(adding, "勘结")).toEqual({ refusal: { code: "passkey_known" } });
	});

	it("signs the very content of an act", async () => {
		authenticator();
		const options = { challenge: b64("c"), nonce: b64("n"), rp_id: "localhost", allow: [b64("id")] };
		const calls = server({ "POST /me/passkeys/act-challenge": options });
		const command: Command = { type: "seal_decision", content_digest: "ab" };
		const proof = await proveByPasskey("s-1", command);
		expect(calls[0]?.body).toEqual({ session: "s-1", act: "seal_decision", digest: "ab" });
		const assertion = {
			credential: b64("id"),
			client_data: b64("client"),
			authenticator_data: b64("data"),
			signature: b64("signature"),
		};
		expect(proof).toEqual({ ok: { nonce: b64("n"), assertion } });
	});
});

describe("the second factor's field", () => {
	const field = () => mount(FactorField, { props: { modelValue: "" }, global: { plugins: [i18n] } });

	it("offers staff their passkey", async () => {
		authenticator();
		const mounted = field();
		await mounted.find("button").trigger("click");
		expect(mounted.emitted("passkey")).toHaveLength(1);
	});

	it("offers a code to the phone to who came by a link, and no passkey where there is none", () => {
		authenticator();
		useLive().byPhone = true;
		expect(field().text()).toContain("获取验证码");
		expect(field().text()).not.toContain("通行密钥");
		useLive().byPhone = false;
		vi.unstubAllGlobals();
		expect(field().find("button").exists()).toBe(false);
	});
});

describe("the account page", () => {
	it("lists passkeys and devices, and ends a sign-in", async () => {
		authenticator();
		const calls = server({
			"GET /me/passkeys": [passkey],
			"GET /me/devices": [
				{ ...device, id: "here", current: true },
				{ ...device, id: "there", current: false },
			],
		});
		const mounted = await page();
		expect(mounted.text()).toContain("办公电脑");
		expect(mounted.find("[data-device=here]").text()).toContain("本设备");
		expect(mounted.find("[data-device=here] button").exists()).toBe(false);
		await mounted.find("[data-device=there] button").trigger("click");
		await flushPromises();
		const after = calls.slice(2).map((one) => one.call);
		expect(after).toEqual(["DELETE /me/devices/there", "GET /me/devices"]);
	});

	it("says that there is no passkey yet, and adds one with a fresh code", async () => {
		authenticator();
		const answers: Record<string, unknown> = {
			"GET /me/passkeys": [],
			"GET /me/devices": [],
			"POST /me/passkeys/challenge": adding,
		};
		const calls = server(answers);
		const mounted = await page();
		expect(mounted.text()).toContain("您还没有通行密钥");
		const [name, totp] = mounted.findAll("form input");
		await name?.setValue("办公电脑");
		await totp?.setValue("123456");
		answers["GET /me/passkeys"] = [passkey];
		await mounted.find("form").trigger("submit");
		await flushPromises();
		expect(calls.find((one) => one.call === "POST /me/passkeys/challenge")?.body).toEqual({
			factor: "123456",
		});
		expect(calls.find((one) => one.call === "POST /me/passkeys")?.body).toMatchObject({ name: "办公电脑" });
		expect(mounted.find("[data-passkey=aWQ]").exists()).toBe(true);
	});

	it("removes a passkey only once that is confirmed", async () => {
		authenticator();
		const calls = server({ "GET /me/passkeys": [passkey], "GET /me/devices": [] });
		const mounted = await page();
		await button(mounted, "移除").trigger("click");
		expect(calls.some((one) => one.call.startsWith("DELETE"))).toBe(false);
		await mounted.find("[role=dialog] form").trigger("submit");
		await flushPromises();
		expect(calls.some((one) => one.call === "DELETE /me/passkeys/aWQ")).toBe(true);
	});

	it("gives a passkey another name", async () => {
		authenticator();
		const calls = server({ "GET /me/passkeys": [passkey], "GET /me/devices": [] });
		const mounted = await page();
		await button(mounted, "改名").trigger("click");
		await mounted.find("[role=dialog] input").setValue("家用电脑");
		await mounted.find("[role=dialog] form").trigger("submit");
		await flushPromises();
		expect(calls.find((one) => one.call === "PUT /me/passkeys/aWQ")?.body).toEqual({ name: "家用电脑" });
	});

	it("shows what the server refused, and tries again", async () => {
		authenticator();
		const answers: Record<string, unknown> = {
			"GET /me/passkeys": [],
			"GET /me/devices": problem("too_many_requests", 429),
			"POST /me/passkeys/challenge": problem("factor_wrong", 401),
		};
		server(answers);
		const mounted = await page();
		expect(mounted.findAll("[role=alert]")).toHaveLength(1);
		answers["GET /me/devices"] = [{ ...device, id: "here", current: true }];
		await button(mounted, "重试").trigger("click");
		await flushPromises();
		expect(mounted.find("[data-device=here]").exists()).toBe(true);
		await mounted.find("form").trigger("submit");
		await flushPromises();
		expect(mounted.find("[role=alert]").text()).toContain("第二重验证未通过");
	});

	it("shows who came by a link that session's devices alone", async () => {
		const calls = server({ "GET /me/devices": [{ ...device, method: "link", id: "here", current: true }] });
		const mounted = await page("s-1");
		expect(calls.map((one) => one.call)).toEqual(["GET /me/devices"]);
		expect(mounted.text()).toContain("会审链接");
		expect(mounted.text()).not.toContain("通行密钥");
	});
});
