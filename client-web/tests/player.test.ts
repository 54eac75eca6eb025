import { describe, expect, it } from "vitest";
import { correct, MasterClock } from "@/core/player";

describe("the playback's clock", () => {
	it("runs, stands and jumps", () => {
		const clock = new MasterClock(60);
		clock.play(100);
		expect(clock.position(110)).toBe(10);
		clock.pause(110);
		expect(clock.position(500)).toBe(10);
		clock.seek(59, 500);
		clock.play(500);
		expect(clock.position(510)).toBe(60);
	});

	it("keeps a track with its picture within 80 ms", () => {
		const track = { start: 5, length: 20 };
		expect(correct(4, track, 0)).toEqual({ do: "hide" });
		expect(correct(26, track, 20)).toEqual({ do: "hide" });
		expect(correct(4.8, track, 0)).toEqual({ do: "hold", to: 0 });
		expect(correct(25.2, track, 20)).toEqual({ do: "hold", to: 19.95 });
		expect(correct(10, track, 0)).toEqual({ do: "jump", to: 5 });
		expect(correct(10, track, 5.01)).toEqual({ do: "run", rate: 1 });
		// An element 60 ms behind is led back in one second.
		let at = 4.94;
		for (let i = 0; i < 10; i++) {
			const step = correct(10 + i / 10, track, at);
			if (step.do !== "run") throw new Error("no jump for so little");
			at += step.rate / 10;
		}
		expect(Math.abs(11 - 5 - at)).toBeLessThan(0.04);
	});
});
