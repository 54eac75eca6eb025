import { describe, expect, it } from "vitest";
import { type View, ViewTeller, viewsOf } from "@/core/views";

const view = (seat: string, width: number, height: number, of: Partial<View> = {}): View => ({
	seat,
	source: "camera",
	width,
	height,
	important: false,
	...of,
});

describe("what a screen shows", () => {
	it("is each picture once, as large as its largest place", () => {
		const shown = viewsOf([view("s2", 160, 96), view("s1", 640, 352), view("s2", 1280, 720)]);
		expect(shown).toEqual([view("s1", 640, 352), view("s2", 1280, 720)]);
	});

	it("is important where one of its places is, and tells camera and screen apart", () => {
		const shown = viewsOf([
			view("s1", 160, 96, { important: true }),
			view("s1", 640, 352),
			view("s1", 800, 608, { source: "screen", important: true }),
		]);
		expect(shown).toEqual([
			view("s1", 640, 352, { important: true }),
			view("s1", 800, 608, { source: "screen", important: true }),
		]);
	});

	it("leaves out what has no extent, and does not follow single pixels", () => {
		expect(viewsOf([view("s1", 0, 90), view("s2", 150.5, 84.4)])).toEqual([view("s2", 160, 96)]);
		expect(viewsOf([view("s2", 158, 90)])).toEqual(viewsOf([view("s2", 151.2, 85)]));
	});

	it("stays within what the server takes", () => {
		const many = Array.from({ length: 200 }, (_, n) => view(`s${n}`, 99_999, 10));
		expect(viewsOf(many)).toHaveLength(64);
		expect(viewsOf(many)[0]?.width).toBe(8_192);
	});
});

describe("the teller of views", () => {
	const one = [view("s1", 160, 96)];
	const two = [view("s1", 640, 352)];

	it("waits until the layout is still", () => {
		const teller = new ViewTeller();
		teller.changed(one, 0);
		teller.changed(two, 100);
		expect(teller.poll(200)).toBeNull();
		expect(teller.dueAt).toBe(250);
		expect(teller.poll(250)).toEqual(two);
		expect(teller.dueAt).toBeNull();
	});

	it("does not wait for ever while a window is dragged", () => {
		const teller = new ViewTeller();
		let told = 0;
		for (let now = 0; now <= 2_000; now += 50) {
			teller.changed([view("s1", now + 1, 96)], now);
			if (teller.poll(now)) told++;
		}
		expect(told).toBe(3);
	});

	it("says nothing twice, and everything again to who knows nothing", () => {
		const teller = new ViewTeller();
		teller.changed(one, 0);
		expect(teller.poll(150)).toEqual(one);
		teller.changed([...one], 1_000);
		expect(teller.poll(2_000)).toBeNull();
		teller.forget(3_000);
		expect(teller.poll(3_150)).toEqual(one);
	});

	it("says that nothing is shown", () => {
		const teller = new ViewTeller();
		teller.changed(one, 0);
		teller.poll(150);
		teller.changed([], 1_000);
		expect(teller.poll(1_150)).toEqual([]);
	});

	it("has nothing to say before there was a layout", () => {
		const teller = new ViewTeller();
		teller.forget(0);
		expect(teller.dueAt).toBeNull();
		expect(teller.poll(10_000)).toBeNull();
	});
});
