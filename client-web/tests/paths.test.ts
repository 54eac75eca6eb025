import { describe, expect, it } from "vitest";
import { PathKeeper, type Step } from "@/core/paths";

/** Polls four times a second and says what was done when. */
function steps(keeper: PathKeeper, from: number, until: number): [number, Step][] {
	const done: [number, Step][] = [];
	for (let now = from; now <= until; now += 250) {
		const step = keeper.poll(now);
		if (step) done.push([now, step]);
	}
	return done;
}
function connected(): PathKeeper {
	const keeper = new PathKeeper();
	keeper.begun(0);
	keeper.told("connecting", 10);
	keeper.told("connected", 100);
	return keeper;
}

describe("a path of media", () => {
	it("is left alone while it works", () => {
		expect(steps(connected(), 0, 60_000)).toEqual([]);
	});

	it("heals by itself within a second and a half", () => {
		const keeper = connected();
		keeper.told("disconnected", 1_000);
		expect(steps(keeper, 1_000, 2_250)).toEqual([]);
		keeper.told("connected", 2_400);
		expect(steps(keeper, 2_500, 20_000)).toEqual([]);
		expect(keeper.broken).toBe(false);
	});

	it("is restarted by ICE then, and replaced only if that does not help", () => {
		const keeper = connected();
		keeper.told("disconnected", 1_000);
		expect(steps(keeper, 1_000, 12_000)).toEqual([
			[2_500, "restart"],
			[5_500, "replace"],
			[11_500, "replace"],
		]);
		expect(keeper.broken).toBe(true);
		keeper.told("connected", 12_100);
		expect(keeper.broken).toBe(false);
		expect(steps(keeper, 12_250, 60_000)).toEqual([]);
	});

	it("is restarted at once where it failed, and at once on another network", () => {
		const failed = connected();
		failed.told("failed", 1_000);
		expect(steps(failed, 1_000, 1_250)).toEqual([[1_000, "restart"]]);
		const moved = connected();
		moved.networkChanged(1_000);
		expect(steps(moved, 1_000, 1_250)).toEqual([[1_000, "restart"]]);
	});

	it("is not replaced after a change of network that broke nothing", () => {
		const keeper = connected();
		keeper.networkChanged(1_000);
		expect(steps(keeper, 1_000, 20_000)).toEqual([[1_000, "restart"]]);
		expect(keeper.broken).toBe(false);
	});

	it("waits until something can be said, and does then at once what is overdue", () => {
		const keeper = connected();
		keeper.hold(true);
		keeper.told("disconnected", 1_000);
		expect(steps(keeper, 1_000, 9_000)).toEqual([]);
		keeper.hold(false);
		expect(keeper.poll(9_001)).toBe("restart");
	});

	it("is begun anew, not restarted, where it never was", () => {
		const keeper = new PathKeeper();
		keeper.begun(0);
		keeper.networkChanged(500);
		expect(keeper.poll(500)).toBe("replace");
	});

	it("that never comes up is tried again, more and more seldom", () => {
		const keeper = new PathKeeper();
		const done: number[] = [];
		keeper.begun(0);
		for (let now = 0; now <= 60_000; now += 250) {
			if (keeper.poll(now)) {
				done.push(now);
				keeper.begun(now);
			}
		}
		expect(done).toEqual([10_000, 20_000, 32_000, 44_000, 56_000]);
	});

	it("asks a relay that refuses once a second", () => {
		const keeper = connected();
		const done: number[] = [];
		keeper.refused(1_000);
		for (let now = 1_000; now <= 4_500; now += 250) {
			if (keeper.poll(now) === "replace") {
				done.push(now);
				keeper.begun(now);
				keeper.refused(now);
			}
		}
		expect(done).toEqual([2_000, 3_000, 4_000]);
	});

	it("that was given up is never mended", () => {
		const keeper = connected();
		keeper.told("disconnected", 1_000);
		keeper.ended();
		keeper.networkChanged(2_000);
		expect(steps(keeper, 1_000, 60_000)).toEqual([]);
	});
});
