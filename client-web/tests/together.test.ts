// Several cases in one session: what the fold makes of them, and what the screens show.
import { mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it } from "vitest";
import type { Component } from "vue";
import type { Readiness } from "@/core/commands";
import { fold } from "@/core/fold";
import { announcements, isOpen, itemsOf, railOf } from "@/core/roles";
import type { Session } from "@/core/session";
import { describe as line } from "@/features/playback/describe";
import Announcement from "@/features/room/Announcement.vue";
import ConclusionPanel from "@/features/room/ConclusionPanel.vue";
import DecisionPanel from "@/features/room/DecisionPanel.vue";
import { i18n } from "@/i18n";
import { useLive } from "@/live/live";
import { announced, concluded, type Journal, SECOND, together } from "./fixture";

function folded(journal: Journal): Session {
	let session: Session | null = null;
	for (const entry of journal.entries) session = fold(session, entry);
	if (!session) throw new Error("the journal has no first entry");
	return session;
}

function show(screen: Component, journal: Journal, person: string, acts: Readiness[] = [], props = {}) {
	const pinia = createPinia();
	setActivePinia(pinia);
	const live = useLive();
	live.session = folded(journal);
	live.readiness = acts;
	live.welcome = {
		session: "s-1",
		person,
		seat: "x",
		roles: [],
		head: 0,
		now: 0,
		relay: { ice_servers: [] },
	};
	return mount(screen, { props, global: { plugins: [pinia, i18n] }, attachTo: document.body });
}

beforeEach(() => {
	document.body.innerHTML = "";
});

describe("the fold of a session of two cases", () => {
	it("surveys an item that both have once, and names both cases", () => {
		const session = folded(together("live"));
		expect(itemsOf(session).map((item) => item.code)).toEqual(["F01", "F02", "F16", "F17", "F22", "H01"]);
		expect(session.brief.case_no).toBe("示例2026-0001、示例2026-0002");
		expect(session.matters.map((one) => one.named)).toEqual(["c-1", SECOND]);
	});

	it("keeps what one case concluded on, and leaves the other open", () => {
		const session = folded(together("concluded"));
		expect(["F01", "F02", "H01"].map((code) => isOpen(session, code))).toEqual([false, false, true]);
		expect(railOf(session).find((stop) => stop.station === "conclusion")?.state).not.toBe("done");
	});

	it("has ended when each case has its outcome, and not before", () => {
		const one = folded(together("ended"));
		expect(one.stage).toBe("live");
		expect(one.matters.map((matter) => matter.result?.ending.how)).toEqual([undefined, "rectify"]);
		const both = folded(together("announced"));
		expect(both.stage).toBe("ended");
		expect(announcements(both)).toHaveLength(1);
		expect(both.bands.map((band) => band.kind)).toEqual(["lobby", "live", "ended"]);
	});

	it("names the case in the chapters of the playback", () => {
		const session = folded(together("announced"));
		const of = (type: string) => session.marks.find((mark) => mark.type === type);
		const text = (type: string) => line(i18n.global, session, of(type)!);
		expect(text("ended")).toContain("【公共场所卫生许可】");
		expect(text("announced")).toContain("【食品经营许可（餐饮服务）】");
		const single = folded(announced());
		expect(line(i18n.global, single, single.marks.find((mark) => mark.type === "announced")!)).not.toContain(
			"【",
		);
	});
});

describe("the panels", () => {
	const acts: Readiness[] = [
		{ act: "conclude", case: "c-1", ready: true, missing: [] },
		{ act: "conclude", case: SECOND, ready: false, missing: [{ code: "key_item_failed", missing: ["H01"] }] },
	];

	it("conclude each case by itself, with what stands before it", async () => {
		const page = show(ConclusionPanel, together("live"), "p-chair", acts);
		expect(page.findAll("[data-testid=cases] [data-case]")).toHaveLength(2);
		expect(page.find("[data-code=key_item_failed]").exists()).toBe(false);
		await page.find(`[data-case=${SECOND}] input`).setValue(true);
		expect(page.find("[data-code=key_item_failed]").text()).toContain("H01");
		expect(page.find("[data-code=quorum_missing]").exists()).toBe(true);
	});

	it("go on with the case that waits", () => {
		const page = show(ConclusionPanel, together("concluded"), "p-chair", acts);
		expect(page.find('[data-case="c-1"]').attributes("data-state")).toBe("concluded");
		expect(page.text()).toContain("符合条件。");
	});

	it("say how a case ended, and announce what is sealed", async () => {
		const page = show(DecisionPanel, together("ended"), "p-chair");
		expect(page.text()).toContain("示例审准字〔2026〕1号");
		await page.find(`[data-case=${SECOND}] input`).setValue(true);
		expect(page.text()).toContain("限期整改");
		expect(page.findAll("button").some((one) => one.text() === "宣布决定")).toBe(true);
	});

	it("stay as they are with one case", () => {
		const page = show(ConclusionPanel, concluded(), "p-chair");
		expect(page.find("[data-testid=cases]").exists()).toBe(false);
		expect(page.text()).toContain("经现场勘验，符合餐饮服务许可条件。");
	});
});

describe("the announcement of two cases", () => {
	it("shows the result of each", () => {
		const page = show(Announcement, together("announced"), "p-applicant", [], { shown: true });
		const sheets = page.findAll(".papers > [data-case]");
		expect(sheets.map((sheet) => sheet.attributes("data-case"))).toEqual(["c-1", SECOND]);
		expect(sheets[0]?.text()).toContain("示例审准字〔2026〕1号");
		expect(sheets[1]?.text()).toContain("公共场所卫生许可");
		expect(sheets[1]?.text()).toContain("2026-12-05");
	});
});
