// This device's media in a session: what it sends, what it receives, and starting over when a path dies.
// Decides nothing about who may hear or see: the relay does, by the journal.
import { ref, shallowRef } from "vue";
import type { Half, MediaFrame, MediaRequest, TrackSource, Welcome } from "@/core/commands";
import { type Choice, type DeviceFault, openCamera, openMicrophone, openScreen } from "@/rtc/devices";
import { Down, type RemoteTrack } from "@/rtc/down";
import { Up } from "@/rtc/up";

const RETRY_MS = 1_000;

export class Media {
	readonly microphone = shallowRef<MediaStreamTrack | null>(null);
	readonly camera = shallowRef<MediaStreamTrack | null>(null);
	readonly screen = shallowRef<MediaStreamTrack | null>(null);
	readonly microphoneOn = ref(true);
	readonly cameraOn = ref(true);
	readonly fault = shallowRef<{ source: TrackSource; fault: DeviceFault } | null>(null);
	readonly remote = shallowRef<RemoteTrack[]>([]);
	readonly broken = ref(false);
	choice: Choice = {};

	private up: Up | null = null;
	private down: Down | null = null;
	private run: string | undefined;
	private restarting: Partial<Record<Half, number>> = {};

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

	/** After each welcome: connects on the first, and again where the old paths did not survive. */
	async welcomed(welcome: Welcome, resumed: boolean, site: boolean): Promise<void> {
		// Another process of the server knows none of our paths, though the browser takes seconds to notice.
		const sameServer = welcome.relay.run === this.run;
		this.run = welcome.relay.run;
		const ice = welcome.relay.ice_servers;
		if (!(resumed && sameServer && this.down?.alive)) {
			this.down?.reset();
			this.down ??= new Down(
				ice,
				(generation, sdp) => this.send({ down_answer: { generation, sdp } }),
				(tracks) => {
					this.remote.value = tracks;
					this.broken.value = false;
				},
				() => this.lost("down"),
			);
			this.send({ restart: { half: "down" } });
		}
		if (!(resumed && sameServer && this.up?.alive)) {
			this.up ??= new Up(
				ice,
				site,
				(sdp, sources) => this.send({ up_offer: { sdp, sources } }),
				() => this.lost("up"),
			);
			await this.feed();
			await this.up.start();
		}
	}

	received(frame: MediaFrame): void {
		if ("up_answer" in frame) void this.up?.answer(frame.up_answer.sdp);
		else if ("down_offer" in frame) this.down?.offered(frame.down_offer);
		else this.lost(frame.failed.half);
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
		await this.up?.set("screen", track);
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
		this.up?.close();
		this.down?.reset();
		this.up = null;
		this.down = null;
		for (const source of [this.microphone, this.camera, this.screen]) {
			source.value?.stop();
			source.value = null;
		}
		this.remote.value = [];
		for (const half of ["up", "down"] as const) window.clearTimeout(this.restarting[half]);
		this.restarting = {};
	}

	private take(source: TrackSource, picked: { ok: MediaStreamTrack } | { fault: DeviceFault }): void {
		if ("ok" in picked) {
			this[source].value = picked.ok;
			if (this.fault.value?.source === source) this.fault.value = null;
		} else {
			this.fault.value = { source, fault: picked.fault };
		}
	}

	private async feed(): Promise<void> {
		for (const source of ["microphone", "camera", "screen"] as const) {
			const track = this[source].value;
			if (live(track)) await this.up?.set(source, track);
		}
	}

	/** One attempt a second at most: a relay that cannot take us must not be hammered. */
	private lost(half: Half): void {
		this.broken.value = true;
		window.clearTimeout(this.restarting[half]);
		this.restarting[half] = window.setTimeout(() => {
			if (half === "up") {
				void this.up?.start().then(() => {
					this.broken.value = false;
				});
			} else {
				this.down?.reset();
				this.send({ restart: { half: "down" } });
			}
		}, RETRY_MS);
	}
}

function live(track: MediaStreamTrack | null): track is MediaStreamTrack {
	return track?.readyState === "live";
}
