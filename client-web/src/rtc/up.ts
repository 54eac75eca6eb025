// The half that sends: one peer connection with microphone, camera and, when shared, the screen.
// It makes offers and takes answers; when the path dies it starts over. Who may hear or see is not decided here.
import type { TrackSource } from "@/core/commands";
import { watchPath } from "./path";

export type SendOffer = (sdp: string, sources: Record<string, TrackSource>) => void;

/** bit/s; enough for the picture size that the constraints ask for. */
const BITRATE: Record<TrackSource, number> = { microphone: 40_000, camera: 700_000, screen: 1_500_000 };
const SITE_CAMERA_BITRATE = 1_500_000;

export class Up {
	private pc: RTCPeerConnection | null = null;
	private readonly tracks = new Map<TrackSource, MediaStreamTrack>();
	private readonly transceivers = new Map<TrackSource, RTCRtpTransceiver>();
	private offering: Promise<void> = Promise.resolve();
	private answered: (() => void) | null = null;

	constructor(
		private readonly iceServers: RTCIceServer[],
		private readonly site: boolean,
		private readonly sendOffer: SendOffer,
		private readonly onLost: () => void,
	) {}

	/** Replaces what a source sends; a source new to the connection is offered. */
	async set(source: TrackSource, track: MediaStreamTrack | null): Promise<void> {
		if (track) this.tracks.set(source, track);
		else this.tracks.delete(source);
		const transceiver = this.transceivers.get(source);
		const flows = transceiver?.direction === "sendonly";
		if (transceiver && flows === (track !== null)) return transceiver.sender.replaceTrack(track);
		if (this.pc) return this.offer();
	}

	/** A fresh connection with everything that is to be sent. */
	async start(): Promise<void> {
		this.close();
		if (this.tracks.size === 0) return;
		const pc = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: "max-bundle" });
		this.pc = pc;
		watchPath(pc, () => {
			if (this.pc === pc) this.onLost();
		});
		await this.offer();
	}

	async answer(sdp: string): Promise<void> {
		const pc = this.pc;
		if (pc?.signalingState === "have-local-offer") {
			await pc.setRemoteDescription({ type: "answer", sdp }).catch(() => this.onLost());
		}
		this.answered?.();
	}

	get alive(): boolean {
		return this.pc?.connectionState === "connected";
	}

	close(): void {
		const pc = this.pc;
		this.pc = null;
		this.transceivers.clear();
		this.answered?.();
		this.offering = Promise.resolve();
		pc?.close();
	}

	/** One offer at a time: the next waits for the answer to the one before. */
	private offer(): Promise<void> {
		this.offering = this.offering.then(() => this.offerNow()).catch(() => this.onLost());
		return this.offering;
	}

	private async offerNow(): Promise<void> {
		const pc = this.pc;
		if (!pc) return;
		await this.layOut(pc);
		await pc.setLocalDescription(await pc.createOffer());
		const sources: Record<string, TrackSource> = {};
		for (const [source, transceiver] of this.transceivers) {
			if (transceiver.mid !== null && transceiver.direction === "sendonly") sources[transceiver.mid] = source;
		}
		const answered = new Promise<void>((resolve) => {
			this.answered = resolve;
		});
		this.sendOffer(pc.localDescription?.sdp ?? "", sources);
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
				const maxBitrate = source === "camera" && this.site ? SITE_CAMERA_BITRATE : BITRATE[source];
				this.transceivers.set(
					source,
					pc.addTransceiver(track, { direction: "sendonly", sendEncodings: [{ maxBitrate }] }),
				);
			}
		}
	}
}
