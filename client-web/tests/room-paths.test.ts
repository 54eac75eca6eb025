import { describe, expect, it } from "vitest";
import { fold } from "@/core/fold";
import type { Session } from "@/core/session";
import { linesOf } from "@/features/room/paths";
import { live } from "./fixture";

let session: Session | null = null;
for (const entry of live().entries) session = fold(session, entry);

const half = { connected: true, loss: 0.01, jitter_ms: 5, bitrate_bps: 700_000, retransmitted: 0 };
const camera = { source: "camera", loss: 0, jitter_ms: 5, bitrate_bps: 650_000 };
const connections = {
	seats: [
		{ seat: "m1", tracks: [camera] },
		{ seat: "seat-p-expert", rtt_ms: 42, up: half, down: half, tracks: [camera] },
		{ seat: "seat-p-chair", rtt_ms: 3, down: half, tracks: [] },
	],
};
const picture = {
	seat: "seat-p-expert",
	source: "camera",
	width: 640,
	height: 360,
	framesPerSecond: 15,
	freezes: 2,
	frozen: 1.5,
	concealed: 0,
};

describe("the table of connections", () => {
	const lines = linesOf(session, connections, { path: null, received: [picture] }, "seat-p-chair");

	it("lists people in the order of call and machines after them", () => {
		expect(lines.map((line) => line.name)).toEqual(["示例主持", "示例专家", "m1"]);
		expect(lines.map((line) => line.role)).toEqual(["chair", "expert", undefined]);
	});

	it("says whose line is one's own, and leaves out a half that is not there", () => {
		expect(lines.map((line) => line.own)).toEqual([true, false, false]);
		expect(lines[0]?.halves.map((one) => one.half)).toEqual(["down"]);
		expect(lines[1]?.halves.map((one) => one.half)).toEqual(["up", "down"]);
	});

	it("puts this end's freezes beside the stream that froze", () => {
		expect(lines[1]?.streams[0]?.reception).toEqual(picture);
		expect(lines[2]?.streams[0]?.reception).toBeUndefined();
	});

	it("can be shown before the journal and the own figures are there", () => {
		expect(linesOf(null, connections, null, undefined).map((line) => line.name)).toEqual([
			"m1",
			"seat-p-expert",
			"seat-p-chair",
		]);
	});
});
