import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import en from "@/locales/en.json";
import zh from "@/locales/zh-CN.json";

function files(dir: string): string[] {
	return readdirSync(dir).flatMap((name) => {
		const path = join(dir, name);
		return statSync(path).isDirectory() ? files(path) : [path];
	});
}
function keys(value: object, prefix = ""): string[] {
	return Object.entries(value).flatMap(([key, inner]) =>
		typeof inner === "string" ? [prefix + key] : keys(inner, `${prefix}${key}.`),
	);
}
const sources = files("src").filter((path) => /\.(vue|ts)$/.test(path));

describe("the texts", () => {
	it("have the same keys in both languages, none empty", () => {
		expect(keys(en).sort()).toEqual(keys(zh).sort());
		expect(JSON.stringify([zh, en])).not.toContain('""');
	});

	it("hold every key that the code asks for", () => {
		const known = new Set(keys(zh));
		const asked = sources.flatMap((path) =>
			Array.from(
				readFileSync(path, "utf8").matchAll(/\bt\(\s*"([a-z]\w*\.[\w.]+)"/gi),
				(match) => match[1] ?? "",
			),
		);
		expect(asked.length).toBeGreaterThan(100);
		expect(asked.filter((key) => !known.has(key))).toEqual([]);
	});

	it("hold every namespace that the code asks for by a computed key", () => {
		const spaces = sources.flatMap((path) =>
			Array.from(readFileSync(path, "utf8").matchAll(/\bt\(\s*`([a-z]\w*)\./gi), (match) => match[1] ?? ""),
		);
		expect(spaces.filter((space) => !(space in zh))).toEqual([]);
	});

	it("stand in the locales alone", () => {
		const speaking = sources.filter((path) =>
			/[\u4e00-\u9fff]/.test(
				readFileSync(path, "utf8")
					.replace(/\/\/.*$/gm, "")
					.replace(/\/\*[\s\S]*?\*\//g, ""),
			),
		);
		expect(speaking).toEqual([]);
	});

	it("name every refusal of the domain, title and next step", () => {
		const rust = readFileSync("../server/domain/src/refusal.rs", "utf8");
		const code = rust.slice(rust.indexOf("pub enum Code {"), rust.indexOf("/// Why a command was refused"));
		const names = Array.from(code.matchAll(/^ {4}([A-Z]\w+),$/gm), (match) =>
			(match[1] ?? "").replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase(),
		);
		expect(names.length).toBeGreaterThan(50);
		expect(names.filter((name) => !(name in zh.refusal))).toEqual([]);
	});

	it("name every role, state and station", () => {
		const rust = readFileSync("../server/domain/src/people.rs", "utf8");
		const roles = Array.from(rust.matchAll(/^ {8}Self::(\w+),$/gm), (match) =>
			(match[1] ?? "").replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase(),
		);
		expect(roles).toHaveLength(12);
		expect(roles.filter((role) => !(role in zh.role))).toEqual([]);
	});
});
