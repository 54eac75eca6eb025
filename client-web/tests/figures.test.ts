import { describe, expect, it } from "vitest";
import { figuresOf } from "@/core/figures";

const CARRIED = [
	{ mid: "0", seat: "s1", source: "microphone" },
	{ mid: "1", seat: "s1", source: "camera" },
	{ mid: "2", seat: "s2", source: "camera" },
];
const PATH = [
	{ type: "transport", id: "T1", selectedCandidatePairId: "CP2" },
	{ type: "candidate-pair", id: "CP1", localCandidateId: "L1", currentRoundTripTime: 0.9 },
	{ type: "candidate-pair", id: "CP2", localCandidateId: "L2", currentRoundTripTime: 0.042 },
	{ type: "local-candidate", id: "L1", protocol: "udp", candidateType: "host" },
	{ type: "local-candidate", id: "L2", protocol: "tcp", candidateType: "prflx" },
];

describe("the figures of this end", () => {
	it("say by seat and source how pictures came, and how sound did", () => {
		const stats = [
			{
				type: "inbound-rtp",
				mid: "1",
				frameWidth: 640,
				frameHeight: 360,
				framesPerSecond: 14.6,
				freezeCount: 2,
			},
			{
				type: "inbound-rtp",
				mid: "0",
				totalSamplesReceived: 1_000,
				concealedSamples: 60,
				silentConcealedSamples: 10,
			},
			{ type: "outbound-rtp", mid: "2", frameWidth: 1280 },
		];
		const { received } = figuresOf(stats, CARRIED);
		expect(received).toHaveLength(2);
		expect(received[0]).toMatchObject({ seat: "s1", source: "microphone", concealed: 0.05, freezes: 0 });
		expect(received[1]).toMatchObject({
			seat: "s1",
			source: "camera",
			width: 640,
			framesPerSecond: 15,
			freezes: 2,
		});
	});

	it("name the path that is used, not one that was tried", () => {
		expect(figuresOf(PATH, []).path).toEqual({ protocol: "tcp", candidate: "prflx", rttMs: 42 });
	});

	it("find it where the browser marks the pair instead", () => {
		const firefox = PATH.slice(1).map((one) => (one.id === "CP1" ? { ...one, selected: true } : one));
		expect(figuresOf(firefox, []).path).toEqual({ protocol: "udp", candidate: "host", rttMs: 900 });
	});

	it("are empty before there is a path", () => {
		expect(figuresOf([], CARRIED)).toEqual({ path: null, received: [] });
	});
});
