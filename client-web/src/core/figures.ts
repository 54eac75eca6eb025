// What getStats of the half that receives tells: freezes, size and path, which the server cannot know. Pure.
import type { SeatId } from "./types";

export interface Reception {
	seat: SeatId;
	source: string;
	width: number;
	height: number;
	framesPerSecond: number;
	freezes: number;
	/** Seconds of standing pictures in all. */
	frozen: number;
	/** Share of the sound that had to be made up, 0 to 1. */
	concealed: number;
}
export interface Figures {
	/** `udp` or `tcp`, and the kind of the own candidate. */
	path: { protocol: string; candidate: string; rttMs: number | null } | null;
	received: Reception[];
}

type Stat = Record<string, unknown>;

/** `carried`: which m-line carries what. Browsers leave members out; what is not told is 0. */
export function figuresOf(stats: Stat[], carried: { mid: string; seat: SeatId; source: string }[]): Figures {
	const received = carried.flatMap(({ mid, seat, source }) => {
		const stat = stats.find((one) => one.type === "inbound-rtp" && one.mid === mid);
		return stat ? [{ seat, source, ...reception(stat) }] : [];
	});
	return { path: pathOf(stats), received };
}

function reception(stat: Stat): Omit<Reception, "seat" | "source"> {
	const samples = number(stat.totalSamplesReceived);
	return {
		width: number(stat.frameWidth),
		height: number(stat.frameHeight),
		framesPerSecond: Math.round(number(stat.framesPerSecond)),
		freezes: number(stat.freezeCount),
		frozen: number(stat.totalFreezesDuration),
		// Silence that was asked for is no loss.
		concealed: samples ? (number(stat.concealedSamples) - number(stat.silentConcealedSamples)) / samples : 0,
	};
}

function pathOf(stats: Stat[]): Figures["path"] {
	const chosen = stats.find((one) => one.type === "transport")?.selectedCandidatePairId;
	const pairs = stats.filter((one) => one.type === "candidate-pair");
	// Firefox names no transport and says it of the pair.
	const pair = pairs.find((one) => one.id === chosen) ?? pairs.find((one) => one.selected === true);
	const local = stats.find((one) => pair && one.id === pair.localCandidateId);
	if (!pair || !local) return null;
	const rtt = pair.currentRoundTripTime;
	return {
		protocol: String(local.protocol ?? "udp"),
		candidate: String(local.candidateType ?? ""),
		rttMs: typeof rtt === "number" ? rtt * 1_000 : null,
	};
}

function number(value: unknown): number {
	return typeof value === "number" ? value : 0;
}
