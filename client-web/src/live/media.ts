// This device's media in a session: what it sends, what it receives, and mending a path that died.
// Decides nothing about who may hear or see: the relay does, by the journal.
import { ref, shallowRef } from "vue";
import type { Half, MediaFrame, MediaRequest, TrackSource, Welcome } from "@/core/commands";
import { PathKeeper, type Step } from "@/core/paths";
import { type Choice, type DeviceFault, openCamera, openMicrophone, openScreen } from "@/rtc/devices";
import { Down, type RemoteTrack } from "@/rtc/down";
import { watchNetwork } from "@/rtc/path";
import { Up } from "@/rtc/up";
import { Screen } from "./screen";

const TICK_MS = 250;

export class Media {
	readonly microphone = shallowRef<MediaStreamTrack | null>(null);
	readonly camera = shallowRef<MediaStreamTrack | null>(null);
	readonly screen = shallowRef<MediaStreamTrack | null>(null);
	readonly microphoneOn = ref(true);
	readonly cameraOn = ref(true);
	readonly fault = shallowRef<{ source: TrackSource; fault: DeviceFault } | null>(null);
	readonly remote = shallowRef<RemoteTrack[]>([]);
	/** People wait for a picture, and it is being mended. */
	readonly broken = ref(false);
	/** The way to this screen is too narrow for pictures; it ends by itself. */
	readonly audioOnly = ref(false);
	/** Where pictures stand on this screen. */
	readonly shown = new Screen((views) => this.send({ views }));
	choice: Choice = {};

	private up: Up | null = null;
	private down: Down | null = null;
	private run: string | undefined;
	/** Offers went out on this very socket, before it was welcomed. */
	private early = false;
	private readonly paths: Record<Half, PathKeeper> = { up: new PathKeeper(), down: new PathKeeper() };
	private timer = 0;
	private unwatch: () => void = () => undefined;

	constructor(
		private readonly send: (request: MediaRequest) => void,
		private readonly onChange: () => void,
	) {}

	/** Opens what is wanted of this device; a refusal leaves that source out. */
	async prepare(
		site: boolean,
		choice: Choice,
		want: { camera: boolean; microphone: boolean },
	): Promise<void> {
		this.choice = choice;
		if (want.camera && !live(this.camera.value)) this.take("camera", await openCamera(site, choice.camera));
		if (want.microphone && !live(this.microphone.value)) {
			this.take("microphone", await openMicrophone(choice.microphone));
		}
	}

	/** Says with the very hello what the relay needs: the first picture comes a round trip earlier. */
	join(site: boolean): void {
		this.early = true;
		this.begin(site);
		this.replace("down");
		this.replace("up");
	}

	/** The socket is gone: nothing can be asked until the next welcome. */
	cut(): void {
		this.early = false;
		for (const path of [this.paths.up, this.paths.down]) path.hold(true);
	}

	/** After each welcome: connects on the first, and mends what did not survive. */
	welcomed(welcome: Welcome, resumed: boolean, site: boolean): void {
		// Another process of the server knows none of our paths, though the browser takes seconds to notice.
		const sameServer = welcome.relay.run === this.run;
		const asked = this.early;
		this.early = false;
		this.run = welcome.relay.run;
		this.begin(site);
		this.up?.useServers(welcome.relay.ice_servers);
		this.down?.useServers(welcome.relay.ice_servers);
		if (!asked) {
			// Told again where it still holds.
			this.audioOnly.value = false;
			this.up?.resumed();
			for (const half of ["down", "up"] as const) {
				if (!resumed || !sameServer) this.replace(half);
				else if (!this.paths[half].connected) this.paths[half].networkChanged(performance.now());
			}
		}
		this.shown.forget();
		this.mend();
	}

	received(frame: MediaFrame): void {
		if ("up_answer" in frame) void this.up?.answer(frame.up_answer.sdp);
		else if ("down_offer" in frame) this.down?.offered(frame.down_offer);
		else if ("layers" in frame) this.up?.layers(frame.layers.source, frame.layers.rids);
		else if ("audio_only" in frame) this.audioOnly.value = frame.audio_only.on;
		else {
			if (frame.failed.half === "up") this.up?.refused();
			this.refused(frame.failed.half);
		}
	}

	/** What this end alone knows of what it receives. */
	async figures() {
		return (await this.down?.figures()) ?? null;
	}

	setMicrophone(on: boolean): void {
		this.microphoneOn.value = on;
		if (this.microphone.value) this.microphone.value.enabled = on;
		this.onChange();
	}

	setCamera(on: boolean): void {
		this.cameraOn.value = on;
		if (this.camera.value) this.camera.value.enabled = on;
		this.onChange();
	}

	async share(on: boolean): Promise<void> {
		if (!on) {
			this.screen.value?.stop();
			this.screen.value = null;
			await this.up?.set("screen", null);
			return this.onChange();
		}
		const picked = await openScreen();
		this.take("screen", picked);
		const track = this.screen.value;
		if (!track) return;
		track.addEventListener("ended", () => void this.share(false));
		// Who came without camera and microphone has sent nothing so far.
		if (this.up?.idle) this.replace("up");
		else await this.up?.set("screen", track);
		this.onChange();
	}

	/** What is sent right now, as `change_media` says it. */
	get state(): { microphone: boolean; camera: boolean; screen: boolean } {
		return {
			microphone: live(this.microphone.value) && this.microphoneOn.value,
			camera: live(this.camera.value) && this.cameraOn.value,
			screen: live(this.screen.value),
		};
	}

	close(): void {
		window.clearInterval(this.timer);
		this.timer = 0;
		this.unwatch();
		this.up?.close();
		this.down?.reset();
		this.up = null;
		this.down = null;
		this.early = false;
		this.run = undefined;
		for (const path of [this.paths.up, this.paths.down]) path.ended();
		for (const source of [this.microphone, this.camera, this.screen]) {
			source.value?.stop();
			source.value = null;
		}
		this.remote.value = [];
		this.broken.value = false;
		this.audioOnly.value = false;
	}

	private take(source: TrackSource, picked: { ok: MediaStreamTrack } | { fault: DeviceFault }): void {
		if ("ok" in picked) {
			this[source].value = picked.ok;
			if (this.fault.value?.source === source) this.fault.value = null;
		} else {
			this.fault.value = { source, fault: picked.fault };
		}
	}

	private begin(site: boolean): void {
		for (const path of [this.paths.up, this.paths.down]) path.hold(false);
		this.down ??= new Down({
			answer: (generation, sdp) => this.send({ down_answer: { generation, sdp } }),
			tracks: (tracks) => {
				this.remote.value = tracks;
			},
			state: (state) => this.tell("down", state),
			lost: () => this.refused("down"),
		});
		this.up ??= new Up(site, {
			offer: (sdp, sources) => this.send({ up_offer: { sdp, sources } }),
			state: (state) => this.tell("up", state),
			lost: () => this.refused("up"),
		});
		if (this.timer) return;
		this.timer = window.setInterval(() => this.mend(), TICK_MS);
		this.unwatch = watchNetwork(() => {
			for (const path of [this.paths.up, this.paths.down]) path.networkChanged(performance.now());
			this.mend();
		});
	}

	private tell(half: Half, state: RTCPeerConnectionState): void {
		this.paths[half].told(state, performance.now());
		this.mend();
	}

	private refused(half: Half): void {
		this.paths[half].refused(performance.now());
		this.mend();
	}

	private mend(): void {
		for (const half of ["down", "up"] as const) {
			const step = this.paths[half].poll(performance.now());
			if (step) this.step(half, step);
		}
		this.broken.value = this.paths.up.broken || this.paths.down.broken;
	}

	private step(half: Half, step: Step): void {
		if (step === "replace") this.replace(half);
		else if (half === "up") this.up?.restart();
		else this.send({ restart: { half, ice: true } });
	}

	/** A connection in the old one's place. */
	private replace(half: Half): void {
		if (half === "down") {
			this.down?.reset();
			this.paths.down.begun(performance.now());
			this.send({ restart: { half } });
			return;
		}
		for (const source of ["microphone", "camera", "screen"] as const) {
			const track = this[source].value;
			this.up?.use(source, live(track) ? track : null);
		}
		if (this.up?.start()) this.paths.up.begun(performance.now());
		else this.paths.up.ended();
	}
}

function live(track: MediaStreamTrack | null): track is MediaStreamTrack {
	return track?.readyState === "live";
}
