import { describe, expect, it } from "vitest";
import { layersOf, paused } from "@/core/layers";

const rids = (width: number, height: number) =>
	layersOf(width, height, 700_000).map(({ rid, scaleResolutionDownBy }) => `${rid}/${scaleResolutionDownBy}`);

describe("the layers of a camera", () => {
	it("are as many as Chromium sends for that size, upright or lying", () => {
		expect(rids(320, 180)).toEqual([]);
		expect(rids(640, 360)).toEqual(["h/2", "f/1"]);
		expect(rids(360, 640)).toEqual(["h/2", "f/1"]);
		expect(rids(1280, 720)).toEqual(["q/4", "h/2", "f/1"]);
		expect(rids(0, 0)).toEqual([]);
	});

	it("cost more the larger they are, the whole picture what it cost alone", () => {
		const rates = layersOf(1280, 720, 1_500_000).map((layer) => layer.maxBitrate);
		expect(rates).toEqual([150_000, 500_000, 1_500_000]);
	});
});

describe("pausing", () => {
	interface Sent {
		rid?: string;
		active?: boolean;
	}
	const all: Sent[] = layersOf(1280, 720, 1_500_000);
	const active = (wanted: string[] | null, encodings: Sent[] = all) =>
		paused(encodings, wanted)?.map((one) => one.active) ?? "as it is";

	it("sends what is wanted and keeps the rest of each layer", () => {
		expect(active(["h"])).toEqual([false, true, false]);
		expect(paused(all, ["h"])?.[1]).toMatchObject(all[1] ?? {});
	});

	it("sends all until something is wanted, nothing where nothing is, and all again", () => {
		expect(active(null)).toBe("as it is");
		const none = paused(all, []) ?? [];
		expect(none.map((one) => one.active)).toEqual([false, false, false]);
		expect(active(["q", "h", "f"], none)).toEqual([true, true, true]);
	});

	it("changes nothing twice, and never the only layer", () => {
		expect(active(["h"], paused(all, ["h"]) ?? [])).toBe("as it is");
		expect(active([], [{}])).toBe("as it is");
	});

	it("knows no layer that it does not send", () => {
		expect(active(["x"])).toEqual([false, false, false]);
	});
});
