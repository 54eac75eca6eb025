import { describe, expect, it } from "vitest";
import { whyDark } from "@/core/picture";
import type { Person } from "@/core/session";

const person = { connected: true, admitted: true, camera: true, screen: false } as Person;
const screen = { quality: "good", audioOnly: false, has: true };

describe("why a tile has no picture", () => {
	it("is not asked where it has one", () => {
		expect(whyDark(person, "camera", screen)).toBeNull();
	});

	it("is that it is not sent, whatever the network does", () => {
		expect(whyDark({ ...person, camera: false }, "camera", { ...screen, audioOnly: true })).toBe("off");
		expect(whyDark(person, "screen", screen)).toBe("off");
	});

	it("is the narrow way to this screen, until it is wide again", () => {
		expect(whyDark(person, "camera", { ...screen, audioOnly: true })).toBe("narrow");
	});

	it("is that the person is away, as the journal or the relay says", () => {
		expect(whyDark({ ...person, connected: false }, "camera", screen)).toBe("away");
		expect(whyDark(person, "camera", { ...screen, quality: "lost" })).toBe("away");
	});

	it("is that it is on its way", () => {
		expect(whyDark(person, "camera", { ...screen, has: false })).toBe("coming");
	});

	it("is not known of who is at the door: nothing is journalled of it yet", () => {
		const atDoor = { ...person, admitted: false, camera: false };
		expect(whyDark(atDoor, "camera", { ...screen, has: false })).toBeNull();
		expect(whyDark(atDoor, "camera", screen)).toBeNull();
	});
});
