// The half that receives: answers the server's offers in their order and says which track belongs to which seat.

import type { TrackSource } from "@/core/commands";
import { type Figures, figuresOf } from "@/core/figures";
import type { PathState } from "@/core/paths";
import type { SeatId } from "@/core/types";
import { watchPath } from "./path";

export interface RemoteTrack {
	seat: SeatId;
	source: TrackSource;
	stream: MediaStream;
}
export interface DownOffer {
	generation: number;
	sdp: string;
	tracks: { mid: string; seat: SeatId; source: TrackSource }[];
}

/**
 * Sound is kept back this long at least, ms. On 4G packets come in bursts; a browser that follows each of them stretches and
 * squeezes speech, and what is said here has to be understood.
 */
const STEADY_MS = 120;

function steady(receiver: RTCRtpReceiver & { jitterBufferTarget?: number | null }): void {
	if ("jitterBufferTarget" in receiver) receiver.jitterBufferTarget = STEADY_MS;
}

export interface DownSide {
	answer(generation: number, sdp: string): void;
	tracks(tracks: RemoteTrack[]): void;
	state(state: PathState): void;
	/** It cannot go on. */
	lost(): void;
}

export class Down {
	private pc: RTCPeerConnection | null = null;
	private work: Promise<void> = Promise.resolve();
	private newest = 0;
	private readonly streams = new Map<string, MediaStream>();
	private carried: DownOffer["tracks"] = [];
	private iceServers: RTCIceServer[] = [];

	constructor(private readonly side: DownSide) {}

	offered(offer: DownOffer): void {
		this.newest = Math.max(this.newest, offer.generation);
		this.work = this.work.then(() => this.take(offer)).catch(() => this.side.lost());
	}

	useServers(iceServers: RTCIceServer[]): void {
		this.iceServers = iceServers;
		if (iceServers.length > 0) this.pc?.setConfiguration({ iceServers, bundlePolicy: "max-bundle" });
	}

	/** Forget the connection: the next offer starts a new one. */
	reset(): void {
		this.pc?.close();
		this.pc = null;
		this.newest = 0;
		this.streams.clear();
		this.carried = [];
		this.work = Promise.resolve();
	}

	/** What this end alone knows of what comes in; none without a connection. */
	async figures(): Promise<Figures | null> {
		const report = await this.pc?.getStats();
		if (!report) return null;
		const stats: Record<string, unknown>[] = [];
		report.forEach((one: Record<string, unknown>) => {
			stats.push(one);
		});
		return figuresOf(stats, this.carried);
	}

	private async take(offer: DownOffer): Promise<void> {
		if (offer.generation < this.newest) return;
		const pc = this.pc ?? this.open();
		await pc.setRemoteDescription({ type: "offer", sdp: offer.sdp });
		await pc.setLocalDescription(await pc.createAnswer());
		if (this.pc !== pc) return;
		this.carried = offer.tracks;
		this.side.answer(offer.generation, pc.localDescription?.sdp ?? "");
		this.side.tracks(this.read(pc, offer));
	}

	private open(): RTCPeerConnection {
		const pc = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: "max-bundle" });
		watchPath(pc, (state) => {
			if (this.pc === pc) this.side.state(state);
		});
		this.pc = pc;
		return pc;
	}

	/** A stream is kept as long as its receiver carries the same seat and source, so that no picture restarts. */
	private read(pc: RTCPeerConnection, offer: DownOffer): RemoteTrack[] {
		const tracks: RemoteTrack[] = [];
		for (const { mid, seat, source } of offer.tracks) {
			const transceiver = pc.getTransceivers().find((candidate) => candidate.mid === mid);
			if (!transceiver) continue;
			if (transceiver.receiver.track.kind === "audio") steady(transceiver.receiver);
			const key = `${mid} ${seat} ${source}`;
			let stream = this.streams.get(key);
			if (!stream) {
				stream = new MediaStream([transceiver.receiver.track]);
				this.streams.set(key, stream);
			}
			tracks.push({ seat, source, stream });
		}
		return tracks;
	}
}
