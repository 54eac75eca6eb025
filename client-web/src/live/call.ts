// Calls that can be made only as the server describes them: path, parameters, body and answer are those of schema.ts.

import type { Refusal } from "@/core/commands";
import type { components, paths } from "./schema";

/** An answer is either the value or a Refusal (RFC 9457 problem details); nothing throws. */
export type Reply<T> = { ok: T } | { refusal: Refusal };

/** What goes over the wire, by the name it has in the description. */
export type Schemas = components["schemas"];

type Method = "get" | "post" | "put" | "delete" | "patch";
type Operation<M extends Method, P extends keyof paths> = Exclude<paths[P][M], undefined>;
type PathFor<M extends Method> = {
	[P in keyof paths]: [Operation<M, P>] extends [never] ? never : P;
}[keyof paths];

type Places<O> = O extends { parameters: { path: infer T } } ? T : undefined;
type Query<O> = O extends { parameters: { query?: infer T } } ? T : undefined;
type Body<O> = O extends { requestBody: { content: { "application/json": infer T } } } ? T : undefined;
type Answer<O> = O extends { responses: infer R } ? Content<R[keyof R & (200 | 201 | 204)]> : never;
type Content<A> = A extends { content: { "application/json": infer T } } ? T : undefined;

type Need<K extends string, T> = [T] extends [undefined] ? { [_ in K]?: undefined } : { [_ in K]: T };
type Asked<O> = Need<"path", Places<O>> & Need<"body", Body<O>> & { query?: Query<O> };
/** Nothing need be said where nothing is asked for. */
type Arguments<A> = Record<string, never> extends A ? [asked?: A] : [asked: A];

let language = "zh-CN";
/** The language in which the server words its refusals. */
export function speak(locale: string): void {
	language = locale;
}

/** Calls as described; whatever goes wrong is a Refusal. */
export function call<M extends Method, P extends PathFor<M>>(
	method: M,
	path: P,
	...[asked]: Arguments<Asked<Operation<M, P>>>
): Promise<Reply<Answer<Operation<M, P>>>> {
	const { path: places, query, body } = (asked ?? {}) as LooselyAsked;
	const init: RequestInit =
		body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
	return send(fill(path, places) + search(query), { ...init, method: method.toUpperCase() });
}

/** Puts bytes where the description takes a file. */
export function put<P extends PathFor<"put">>(
	path: P,
	asked: Need<"path", Places<Operation<"put", P>>> & { query: Query<Operation<"put", P>> },
	bytes: Uint8Array<ArrayBuffer>,
	headers: Record<string, string>,
): Promise<Reply<Answer<Operation<"put", P>>>> {
	const { path: places, query } = asked as LooselyAsked;
	return send(fill(path, places) + search(query), { method: "PUT", headers, body: bytes });
}

/** The address of something that is read by the browser itself: a picture, a document, a film. */
export function address<P extends PathFor<"get">>(
	path: P,
	places: Places<Operation<"get", P>>,
	query?: Query<Operation<"get", P>>,
): string {
	return fill(path, places as Words) + search(query as Words);
}

type Words = Record<string, unknown> | undefined;
interface LooselyAsked {
	path?: Words;
	query?: Words;
	body?: unknown;
}

function fill(path: string, places: Words): string {
	return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(places?.[name])));
}

function search(query: Words): string {
	const said = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null);
	return said.length === 0
		? ""
		: `?${new URLSearchParams(said.map(([name, value]) => [name, String(value)]))}`;
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
		const { code, title, next, missing } = JSON.parse(text) as Schemas["Problem"];
		if (typeof code === "string") return { code, title, next, missing };
	} catch {
		// Not ours: a proxy in between answers in HTML.
	}
	return { code: status === 404 ? "not_found" : status === 401 ? "signed_out" : "unreachable" };
}
