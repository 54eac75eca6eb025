import { describe, expect, it } from "vitest";
import { fold } from "@/core/fold";
import { areasOf, deviating, inRoom, railOf, stateOf } from "@/core/roles";
import type { Session } from "@/core/session";
import { announced, closed, concluded, type Journal, live, lobby, SITE, surveyed } from "./fixture";

function folded(journal: Journal): Session {
	let session: Session | null = null;
	for (const entry of journal.entries) session = fold(session, entry);
	if (!session) throw new Error("the journal has no first entry");
	return session;
}

describe("the fold of a journal", () => {
	it("knows who is at the door and who is in", () => {
		const session = folded(lobby());
		expect(session.stage).toBe("lobby");
		expect(inRoom(session).map((person) => person.person)).toEqual(["p-chair"]);
		expect(session.people["p-survey1"]).toMatchObject({
			here: true,
			notice: "acknowledged",
			admitted: false,
		});
	});

	it("shows surveyors first in the room", () => {
		const session = folded(live());
		expect(session.stage).toBe("live");
		expect(
			inRoom(session)
				.map((person) => person.person)
				.slice(0, 3),
		).toEqual(["p-survey1", "p-survey2", "p-chair"]);
	});

	it("keeps what stands when a person comes back to the same seat, and asks anew at another", () => {
		const same = folded(
			live().add({ type: "arrived", person: "p-expert", seat: "seat-p-expert", device: "x" }),
		);
		expect(same.people["p-expert"]).toMatchObject({ admitted: true, identity: "checked", camera: false });
		const other = folded(live().add({ type: "arrived", person: "p-expert", seat: "another", device: "x" }));
		expect(other.people["p-expert"]).toMatchObject({
			admitted: false,
			identity: "unchecked",
			notice: "pending",
		});
	});

	it("knows of a second device on a personal link", () => {
		const added = { type: "device_added", person: "p-expert", device: "x", number: 2 } as const;
		expect(folded(live().add(added)).people["p-expert"]).toMatchObject({ here: true, devices: 2 });
		expect(folded(live()).people["p-expert"]?.devices).toBeUndefined();
	});

	it("takes the latest answer of an item and counts areas", () => {
		const session = folded(surveyed());
		expect(stateOf(session.items.F22!)).toBe("not_met");
		expect(areasOf(session).map((area) => [area.name, area.answered, area.items.length])).toEqual([
			["选址", 1, 2],
			["处理区", 1, 2],
			["废弃物", 1, 1],
		]);
		expect(stateOf(folded(concluded()).items.F22!)).toBe("mended");
	});

	it("R20: knows that the applicant asks for an on-site survey, until it is taken back", () => {
		const asked = live().add({ type: "on_site_asked", person: "p-applicant", reason: "示例" });
		expect(folded(asked).onSiteAsked).toMatchObject({ person: "p-applicant", reason: "示例" });
		expect(
			folded(asked.add({ type: "on_site_withdrawn", person: "p-applicant" })).onSiteAsked,
		).toBeUndefined();
	});

	it("R23: a device beyond the fence stops the survey until two gave a reason, or it is back", () => {
		const away = { lat_e7: 391_270_000, lon_e7: 1_172_000_000, accuracy_m: 20 };
		const locate = (position: typeof away) =>
			({ type: "position_reported", person: "p-survey1", position }) as const;
		const because = (person: string) =>
			({ type: "location_overridden", person, of: "p-survey1", reason: "示例" }) as const;
		const journal = live().add(locate(away));
		expect(deviating(folded(journal))).toMatchObject([{ person: "p-survey1", metres: 414 }]);
		journal.add(because("p-survey2"));
		expect(deviating(folded(journal))).toHaveLength(1);
		journal.add(because("p-chair"));
		expect(deviating(folded(journal))).toHaveLength(0);
		journal.add(locate({ ...away, lat_e7: 391_570_000 }));
		expect(deviating(folded(journal))).toMatchObject([{ overrides: [] }]);
		journal.add(locate({ ...away, lat_e7: SITE.lat_e7 }));
		expect(folded(journal).deviations).toEqual([]);
	});

	it("puts annotations beside their still", () => {
		const journal = surveyed().add(
			{
				type: "annotation_added",
				id: "a-1",
				evidence: "e-1",
				person: "p-expert",
				strokes: [[{ x: 1, y: 2 }]],
				note: "此处",
			},
			"p-expert",
		);
		expect(folded(journal).stills["e-1"]?.annotations).toHaveLength(1);
	});

	it("walks the rail from survey to announcement", () => {
		const now = (journal: Journal) => railOf(folded(journal)).find((stop) => stop.state === "now")?.station;
		expect(now(lobby())).toBe("lobby");
		expect(now(live())).toBe("survey");
		expect(now(concluded())).toBe("decision");
		expect(now(announced())).toBeUndefined();
	});

	it("knows the announcement from what was announced alone, as an applicant sees it", () => {
		const journal = announced();
		for (const entry of journal.entries) {
			if (entry.body?.includes("decision_drafted") || entry.body?.includes("decision_sealed"))
				journal.withhold(entry.seq);
		}
		const session = folded(journal);
		expect(session.withheld).toBe(2);
		expect(session.matters[0]?.announcement?.decision?.kind).toBe("granted");
		expect(session.matters[0]?.announcement?.number).toBe("示例审准字〔2026〕1号");
		expect(session.matters[0]?.announcement?.acknowledged.map((entry) => entry.person)).toEqual([
			"p-survey1",
		]);
	});

	it("passes over events it does not know", () => {
		const journal = live().add({ type: "something_newer" } as never);
		expect(folded(journal).stage).toBe("live");
	});

	it("draws bands without holes and marks in order", () => {
		const session = folded(closed());
		expect(session.stage).toBe("closed");
		expect(session.bands.map((band) => band.kind)).toEqual([
			"lobby",
			"live",
			"deliberation",
			"live",
			"ended",
		]);
		for (const [i, band] of session.bands.entries()) {
			expect(band.until).toBe(session.bands[i + 1]?.from ?? session.at);
		}
		const times = session.marks.map((mark) => mark.at);
		expect(times).toEqual([...times].sort((a, b) => a - b));
	});
});
