import { afterEach, expect, it, vi } from "vitest";
import { address, call, speak } from "../src/live/call";

const fetched = vi.fn<typeof fetch>();
vi.stubGlobal("fetch", fetched);
afterEach(() => fetched.mockReset());

function answers(status: number, body: string) {
	fetched.mockResolvedValueOnce(new Response(status === 204 ? null : body, { status }));
}
const sent = () => {
	const [url, init] = fetched.mock.calls[0]!;
	return { url, init: init as RequestInit & { headers: Record<string, string> } };
};

it("puts a call together as it is described", async () => {
	answers(200, '{"entries":[]}');
	const path = { id: "a/b" };
	const reply = await call("get", "/api/v1/sessions/{id}/journal", { path, query: { after: 7 } });
	expect(reply).toEqual({ ok: { entries: [] } });
	expect(sent().url).toBe("/api/v1/sessions/a%2Fb/journal?after=7");
	expect(sent().init.method).toBe("GET");
	expect(sent().init.body).toBeUndefined();
});

it("sends a body as JSON, and asks for refusals in the reader's language", async () => {
	speak("en");
	answers(204, "");
	expect(await call("post", "/api/v1/links/code", { body: { token: "t" } })).toEqual({ ok: undefined });
	expect(sent().init.body).toBe('{"token":"t"}');
	expect(sent().init.headers).toEqual({ "Content-Type": "application/json", "Accept-Language": "en" });
	speak("zh-CN");
});

it("hands a problem on, and says something of an answer that is none", async () => {
	answers(
		409,
		'{"type":"urn:kanjie:problem:not_ready","code":"not_ready","title":"t","next":"n","status":409}',
	);
	expect(await call("post", "/api/v1/codes")).toEqual({
		refusal: { code: "not_ready", title: "t", next: "n", missing: undefined },
	});
	answers(502, "<html>");
	expect(await call("get", "/api/v1/me")).toEqual({ refusal: { code: "unreachable" } });
	fetched.mockRejectedValueOnce(new TypeError("network"));
	expect(await call("get", "/api/v1/me")).toEqual({ refusal: { code: "unreachable" } });
});

it("is checked against the description by the compiler", () => {
	const never = () => {
		// @ts-expect-error There is no such call.
		call("get", "/api/v1/none");
		// @ts-expect-error Not by this method.
		call("post", "/api/v1/me");
		// @ts-expect-error Which session?
		call("get", "/api/v1/sessions/{id}");
		// @ts-expect-error A field is missing.
		call("post", "/api/v1/sign-in", { body: { user: "u" } });
		// @ts-expect-error A field is misspelt.
		call("post", "/api/v1/links/code", { body: { tokn: "t" } });
		// @ts-expect-error There is no such answer.
		call("get", "/api/v1/me").then((reply) => "ok" in reply && reply.ok.nickname);
	};
	expect(never).toBeTypeOf("function");
	expect(address("/api/v1/sessions/{id}/documents/{name}", { id: "s", name: "record.pdf" })).toBe(
		"/api/v1/sessions/s/documents/record.pdf",
	);
});
