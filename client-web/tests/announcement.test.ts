import { flushPromises, mount } from "@vue/test-utils";
import { createPinia, setActivePinia } from "pinia";
import { beforeEach, describe, expect, it } from "vitest";
import { fold } from "@/core/fold";
import type { Session } from "@/core/session";
import Announcement from "@/features/room/Announcement.vue";
import { i18n } from "@/i18n";
import { useLive } from "@/live/live";
import { announced, type Journal } from "./fixture";

function show(journal: Journal, person: string, shown = true) {
	const pinia = createPinia();
	setActivePinia(pinia);
	const live = useLive();
	let session: Session | null = null;
	for (const entry of journal.entries) session = fold(session, entry);
	live.session = session;
	live.welcome = {
		session: "s-1",
		person,
		seat: "x",
		roles: [],
		head: 0,
		now: 0,
		relay: { ice_servers: [] },
	};
	return mount(Announcement, {
		props: { shown },
		global: { plugins: [pinia, i18n] },
		attachTo: document.body,
	});
}

describe("the announcement", () => {
	beforeEach(() => {
		document.body.innerHTML = "";
	});

	it("says what was decided, by whom and under which number", async () => {
		const page = show(announced(), "p-applicant");
		const text = page.text();
		expect(text).toContain("准予示例餐饮有限公司食品经营许可（餐饮服务）。");
		expect(text).toContain("示例审准字〔2026〕1号");
		expect(text).toContain("示例主持");
		expect(page.find('[role="dialog"]').attributes("aria-modal")).toBe("true");
		await flushPromises();
		expect(document.activeElement?.getAttribute("data-testid")).toBe("announcement");
	});

	it("is laid out but not there until it is shown", async () => {
		const page = show(announced(), "p-applicant", false);
		await flushPromises();
		expect(page.classes()).toContain("veil--ready");
		expect(page.find("[data-testid=announcement]").exists()).toBe(false);
		expect(document.activeElement).toBe(document.body);
		await page.setProps({ shown: true });
		await flushPromises();
		expect(page.classes()).not.toContain("veil--ready");
		expect(document.activeElement?.getAttribute("data-testid")).toBe("announcement");
	});

	it("asks each one for the own acknowledgement, and only once", () => {
		const button = (person: string) =>
			show(announced(), person)
				.findAll("button")
				.some((one) => one.text() === "签收");
		expect(button("p-applicant")).toBe(true);
		expect(button("p-survey1")).toBe(false);
	});

	it("shows the acknowledgements as they come in", () => {
		const page = show(announced(), "p-applicant");
		expect(page.findAll('[data-acknowledged="true"]').map((row) => row.attributes("data-person"))).toEqual([
			"p-survey1",
		]);
		expect(page.findAll("[data-acknowledged]")).toHaveLength(6);
	});

	it("keeps the approver's picture in the corner", () => {
		const page = show(announced(), "p-applicant");
		expect(page.find('video[data-testid="approver"]').attributes("data-person")).toBe("p-chair");
	});
});
