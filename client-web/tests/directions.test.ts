import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

function files(dir: string): string[] {
	return readdirSync(dir).flatMap((name) => {
		const path = join(dir, name);
		return statSync(path).isDirectory() ? files(path) : [path];
	});
}
function imports(path: string): string[] {
	return Array.from(
		readFileSync(path, "utf8").matchAll(/from "([^"]+)"|import\("([^"]+)"\)/g),
		(match) => match[1] ?? match[2] ?? "",
	);
}

describe("the directions of imports", () => {
	it("lets core import nothing but core", () => {
		const outward = files("src/core").flatMap((path) => imports(path).filter((to) => !to.startsWith("./")));
		expect(outward).toEqual([]);
	});

	it("lets rtc know core alone, and rtc alone know peer connections and devices", () => {
		const outward = files("src/rtc").flatMap((path) =>
			imports(path).filter((to) => !to.startsWith("./") && !to.startsWith("@/core/")),
		);
		expect(outward).toEqual([]);
		const touching = files("src")
			.filter((path) => !path.startsWith("src/rtc/"))
			.filter((path) =>
				/new RTCPeerConnection|getUserMedia|getDisplayMedia/.test(readFileSync(path, "utf8")),
			);
		expect(touching).toEqual([]);
	});

	it("keeps features apart", () => {
		const crossing = files("src/features").flatMap((path) => {
			const feature = path.split("/")[2] ?? "";
			return imports(path).filter(
				(to) => to.startsWith("@/features/") && !to.startsWith(`@/features/${feature}/`),
			);
		});
		expect(crossing).toEqual([]);
	});

	it("keeps files short", () => {
		const long = files("src").filter(
			(path) =>
				// Generated from the description of the API.
				path !== "src/live/schema.ts" &&
				/\.(ts|vue)$/.test(path) &&
				readFileSync(path, "utf8").split("\n").length > 340,
		);
		expect(long).toEqual([]);
	});
});
