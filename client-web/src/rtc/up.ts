// The half that sends: one peer connection with microphone, camera and, when shared, the screen.
// It makes offers and takes answers. Who may hear or see is not decided here, nor when a path is mended (core/paths.ts).
import type { TrackSource } from "@/core/commands";
import { paused } from "@/core/layers";
import type { PathState } from "@/core/paths";
import { bitrate, encodingsOf, preferRed } from "./encode";
import { watchPath } from "./path";

export interface UpSide {
	offer(sdp: string, sources: Record<string, TrackSource>): void;
	state(state: PathState): void;
	/** It cannot go on. */
	lost(): void;
}

export class Up {
	private pc: RTCPeerConnection | null = null;
	private readonly tracks = new Map<TrackSource, MediaStreamTrack>();
	private readonly transceivers = new Map<TrackSource, RTCRtpTransceiver>();
	private readonly wanted = new Map<TrackSource, string[]>();
	private offering: Promise<void> = Promise.resolve();
	private tuning: Promise<void> = Promise.resolve();
	private answered: (() => void) | null = null;
	/** Offers that the server has not answered yet; it answers in their order, and the last answer counts. */
	private owed = 0;
	private iceServers: RTCIceServer[] = [];

	constructor(
		private readonly site: boolean,
		private readonly side: UpSide,
	) {}

	/** What a source sends from the next start on. */
	use(source: TrackSource, track: MediaStreamTrack | null): void {
		if (track) this.tracks.set(source, track);
		else this.tracks.delete(source);
	}

	/** Replaces what a source sends; a source new to the connection is offered. */
	async set(source: TrackSource, track: MediaStreamTrack | null): Promise<void> {
		this.use(source, track);
		const transceiver = this.transceivers.get(source);
		const flows = transceiver?.direction === "sendonly";
		if (transceiver && flows === (track !== null)) return transceiver.sender.replaceTrack(track);
		if (this.pc) return this.offer();
	}

	/** A fresh connection with everything that is to be sent; false where there is nothing. */
	start(): boolean {
		this.close();
		if (this.tracks.size === 0) return false;
		const pc = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: "max-bundle" });
		this.pc = pc;
		watchPath(pc, (state) => {
			if (this.pc === pc) this.side.state(state);
		});
		void this.offer();
		return true;
	}

	/** It has nothing to send so far. */
	get idle(): boolean {
		return this.pc === null;
	}

	/** ICE begins anew; tracks, keys and numbers go on. */
	restart(): void {
		this.pc?.restartIce();
		this.giveUpWaiting();
		if (this.pc) void this.offer();
	}

	/** Another socket: what was asked over the last one gets no answer any more. */
	resumed(): void {
		this.owed = 0;
		if (this.pc?.signalingState === "have-local-offer") {
			this.giveUpWaiting();
			void this.offer();
		}
	}

	useServers(iceServers: RTCIceServer[]): void {
		this.iceServers = iceServers;
		if (iceServers.length > 0) this.pc?.setConfiguration({ iceServers, bundlePolicy: "max-bundle" });
	}

	async answer(sdp: string): Promise<void> {
		this.owed = Math.max(0, this.owed - 1);
		if (this.owed > 0) return;
		const pc = this.pc;
		if (pc?.signalingState === "have-local-offer") {
			await pc.setRemoteDescription({ type: "answer", sdp }).catch(() => this.side.lost());
			this.tune();
		}
		this.giveUpWaiting();
	}

	/** The server did not take an offer. */
	refused(): void {
		this.owed = Math.max(0, this.owed - 1);
	}

	/** Of a source these layers alone are wanted now. What is told before an answer is of a connection that was. */
	layers(source: TrackSource, rids: string[]): void {
		if (!this.pc?.currentRemoteDescription) return;
		this.wanted.set(source, rids);
		this.tune();
	}

	close(): void {
		const pc = this.pc;
		this.pc = null;
		this.transceivers.clear();
		this.wanted.clear();
		this.giveUpWaiting();
		this.offering = Promise.resolve();
		pc?.close();
	}

	private giveUpWaiting(): void {
		this.answered?.();
		this.answered = null;
	}

	/** One offer at a time: the next waits for the answer to the one before. */
	private offer(): Promise<void> {
		const pc = this.pc;
		this.offering = this.offering
			.then(() => (pc && this.pc === pc ? this.offerNow(pc) : undefined))
			.catch(() => {
				if (this.pc === pc) this.side.lost();
			});
		return this.offering;
	}

	private async offerNow(pc: RTCPeerConnection): Promise<void> {
		await this.layOut(pc);
		await pc.setLocalDescription(await pc.createOffer());
		if (this.pc !== pc) return;
		const sources: Record<string, TrackSource> = {};
		for (const [source, transceiver] of this.transceivers) {
			if (transceiver.mid !== null && transceiver.direction === "sendonly") sources[transceiver.mid] = source;
		}
		const answered = new Promise<void>((resolve) => {
			this.answered = resolve;
		});
		this.owed++;
		this.side.offer(pc.localDescription?.sdp ?? "", sources);
		await answered;
	}

	private async layOut(pc: RTCPeerConnection): Promise<void> {
		for (const source of ["microphone", "camera", "screen"] as const) {
			const track = this.tracks.get(source) ?? null;
			const present = this.transceivers.get(source);
			if (present) {
				present.direction = track ? "sendonly" : "inactive";
				await present.sender.replaceTrack(track);
			} else if (track) {
				const sendEncodings = encodingsOf(source, track, this.site);
				const transceiver = pc.addTransceiver(track, { direction: "sendonly", sendEncodings });
				if (source === "microphone") preferRed(transceiver);
				this.transceivers.set(source, transceiver);
			}
		}
	}

	/** Pauses what is not wanted, one change after the other: a sender takes no two at once. */
	private tune(): void {
		for (const [source, { sender }] of this.transceivers) {
			this.tuning = this.tuning.then(() => this.tuneOne(source, sender)).catch(() => undefined);
		}
	}

	private async tuneOne(source: TrackSource, sender: RTCRtpSender): Promise<void> {
		const parameters = sender.getParameters();
		const [only, ...others] = parameters.encodings;
		if (others.length === 0) {
			// A relay that takes no layers leaves the first, which is small: then it is the whole picture.
			if (!only || (only.scaleResolutionDownBy ?? 1) === 1) return;
			only.scaleResolutionDownBy = 1;
			only.maxBitrate = bitrate(source, this.site);
			return sender.setParameters(parameters);
		}
		const encodings = paused(parameters.encodings, this.wanted.get(source) ?? null);
		if (encodings) await sender.setParameters({ ...parameters, encodings });
	}
}
