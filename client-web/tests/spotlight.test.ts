import { describe, expect, it } from "vitest";
import { fold } from "@/core/fold";
import { mustSign } from "@/core/roles";
import type { Session } from "@/core/session";
import { spotlight } from "@/features/room/spotlight";
import { concluded, type Journal, live } from "./fixture";

function folded(journal: Journal): Session {
	let session: Session | null = null;
	for (const entry of journal.entries) session = fold(session, entry);
	if (!session) throw new Error("the journal has no first entry");
	return session;
}
const wish = { pinned: null, speaking: null, me: "p-chair" };
const share = (person: string, screen: boolean) =>
	({ type: "media_changed", person, microphone: true, camera: true, screen }) as const;

describe("the spotlight", () => {
	it("stays on the site, whoever speaks", () => {
		const session = folded(live());
		expect(spotlight(session, { ...wish, speaking: "seat-p-expert" })).toEqual({
			person: "p-survey1",
			source: "camera",
		});
	});

	it("goes to a shared screen and comes back", () => {
		const journal = live().add(share("p-expert", true));
		expect(spotlight(folded(journal), wish)).toEqual({ person: "p-expert", source: "screen" });
		journal.add(share("p-expert", false));
		expect(spotlight(folded(journal), wish)).toEqual({ person: "p-survey1", source: "camera" });
	});

	it("follows what this person pinned, before everything", () => {
		const session = folded(live().add(share("p-expert", true)));
		expect(spotlight(session, { ...wish, pinned: "p-applicant" })).toEqual({
			person: "p-applicant",
			source: "camera",
		});
	});

	it("falls back to the voice where no site camera is on", () => {
		const off = (person: string) =>
			({ type: "media_changed", person, microphone: true, camera: false, screen: false }) as const;
		const session = folded(live().add(off("p-survey1")).add(off("p-survey2")));
		expect(spotlight(session, { ...wish, speaking: "seat-p-expert" })).toEqual({
			person: "p-expert",
			source: "camera",
		});
	});
});

describe("who is asked to sign the record", () => {
	it("is staff confirmed present and the applicant's side, until they have", () => {
		const session = folded(concluded());
		const asked = (person: string) => mustSign(session, session.people[person]);
		expect(asked("p-chair")).toBe(true);
		expect(asked("p-survey1")).toBe(false);
		expect(asked("p-applicant")).toBe(false);
		expect(asked("p-expert")).toBe(false);
	});
});
