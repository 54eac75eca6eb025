// The session this page is in: journal folded, connection kept, commands sent, media carried. One at a time.
import { defineStore } from "pinia";
import { computed, markRaw, ref, shallowRef } from "vue";
import { ChainWatch } from "@/core/chain";
import type {
	Act,
	Command,
	Presence,
	Proof,
	Readiness,
	Refusal,
	SessionBrief,
	Welcome,
} from "@/core/commands";
import type { Effect, Phase } from "@/core/connection";
import { fold } from "@/core/fold";
import { type Outcome, Requests, refused } from "@/core/requests";
import { has } from "@/core/roles";
import type { Session } from "@/core/session";
import type { Entry, SessionStage } from "@/core/types";
import { api, urls } from "./api";
import { deviceName } from "./device";
import { Media } from "./media";
import { recallSeat, rememberSeat } from "./memory";
import { proveByPasskey } from "./passkey";
import { Socket } from "./socket";

/** The relay has a room from the lobby's opening to the closing; before and after it would only refuse. */
function hasMedia(stage: SessionStage): boolean {
	return stage !== "scheduled" && stage !== "closed";
}

export const useLive = defineStore("live", () => {
	const id = ref<string | null>(null);
	const session = shallowRef<Session | null>(null);
	const phase = shallowRef<Phase>({ at: "idle" });
	const welcome = shallowRef<Welcome | null>(null);
	const readiness = shallowRef<Readiness[]>([]);
	const presence = shallowRef<Presence>({ quality: {}, speaking: null });
	const refusal = shallowRef<Refusal | null>(null);
	const chainFault = ref<number | null>(null);
	/** Server clock minus ours, ms. */
	const skew = ref(0);

	// Raw: it holds refs of its own and browser objects that must not be wrapped.
	const media = markRaw(new Media((request) => socket?.media(request), tellMedia));
	const requests = new Requests();
	let socket: Socket | null = null;
	let watch = newWatch();
	let replay: Entry[] = [];
	let fresh: Entry[] = [];
	let frame = 0;
	let timer = 0;
	let told = "";
	/** Welcomed, and the media not yet connected (again). */
	let unconnected: { resumed: boolean } | null = null;

	const me = computed(() => (welcome.value ? session.value?.people[welcome.value.person] : undefined));
	const site = computed(() => has(me.value, "surveyor"));
	const byPhone = ref(false);

	function join(brief: SessionBrief, linked: boolean): void {
		const sessionId = brief.id;
		if (id.value === sessionId && socket) return;
		// The device's media were opened before and come along; everything else begins anew.
		reset();
		id.value = sessionId;
		byPhone.value = linked;
		const hello = { device: deviceName(), seat: recallSeat(sessionId), companion: false };
		socket = new Socket(urls.socket(sessionId), hello, take);
		if (hasMedia(brief.stage)) media.join(brief.my_roles.includes("surveyor"));
		socket.start();
	}

	/** What stands before an act; of several cases, in that one. */
	function ready(act: Act, named?: string): Readiness | undefined {
		return readiness.value.find((one) => one.act === act && one.case === named);
	}

	/** Closes everything without an act: the page is left, the person is not. */
	function part(): void {
		reset();
		media.close();
	}

	function reset(): void {
		socket?.stop();
		socket = null;
		requests.abandon();
		id.value = null;
		session.value = null;
		welcome.value = null;
		readiness.value = [];
		presence.value = { quality: {}, speaking: null };
		refusal.value = null;
		phase.value = { at: "idle" };
		chainFault.value = null;
		watch = newWatch();
		replay = [];
		fresh = [];
		told = "";
		unconnected = null;
	}

	/** Asks for an act; a refusal is shown and returned. */
	async function ask(command: Command, factor?: Proof): Promise<Outcome> {
		const outcome = await quietly(command, factor);
		refusal.value = refused(outcome) ? outcome : null;
		return outcome;
	}

	/** Asks for an act that one's passkey signs, bound to the act's very content. */
	async function askByPasskey(command: Command): Promise<Outcome> {
		const proof = await proveByPasskey(id.value ?? "", command);
		if ("ok" in proof) return ask(command, proof.ok);
		refusal.value = proof.refusal;
		return proof.refusal;
	}

	/** Asks without showing a refusal: for what the page does by itself. */
	function quietly(command: Command, factor?: Proof): Promise<Outcome> {
		if (!socket || phase.value.at !== "online") return Promise.resolve({ code: "offline" });
		const { id: number, outcome } = requests.add();
		socket.request(number, command, factor);
		return outcome;
	}

	function take(effect: Exclude<Effect, { do: "open" | "send" | "close" }>): void {
		if (effect.do === "phase") {
			phase.value = effect.phase;
			if (effect.phase.at === "waiting" || effect.phase.at === "over") {
				requests.abandon();
				media.cut();
			}
		} else if (effect.do === "welcomed") {
			welcomed(effect.welcome, effect.resumed);
		} else {
			deliver(effect.frame);
		}
	}

	function welcomed(next: Welcome, resumed: boolean): void {
		welcome.value = next;
		skew.value = next.now / 1000 - Date.now();
		rememberSeat(next.session, next.seat);
		unconnected = { resumed };
	}

	function deliver(frame: Extract<Effect, { do: "deliver" }>["frame"]): void {
		// Whatever else is told was said after the entries before it.
		if (!("entry" in frame)) show();
		if ("entry" in frame) entry(frame.entry);
		else if ("caught_up" in frame) caughtUp();
		else if ("done" in frame) requests.done(frame.done.id, frame.done.seq);
		else if ("refused" in frame) requests.refuse(frame.refused.id, frame.refused);
		else if ("readiness" in frame) {
			readiness.value = frame.readiness.acts;
		} else if ("presence" in frame) presence.value = frame.presence;
		else media.received(frame.media);
	}

	function entry(next: Entry): void {
		watch.push(next);
		// A replay is folded at once when it is whole: no screen flickers through the past.
		if (phase.value.at === "replaying") replay.push(next);
		else if (fresh.push(next) === 1) {
			// Entries come in bursts and a screen is drawn once a frame. A page that nobody looks at draws none.
			frame = window.requestAnimationFrame(show);
			timer = window.setTimeout(show, 50);
		}
		// The announcement waits for nothing: on a busy machine the next frame can be far.
		if (next.body?.includes('"type":"announced"')) show();
	}

	function show(): void {
		window.cancelAnimationFrame(frame);
		window.clearTimeout(timer);
		const entries = fresh;
		fresh = [];
		if (entries.length > 0) apply(entries);
	}

	function caughtUp(): void {
		apply(replay);
		replay = [];
		told = "";
		tellMedia();
		connectMedia();
	}

	function connectMedia(): void {
		const stage = session.value?.stage;
		if (!unconnected || !welcome.value || stage === undefined || !hasMedia(stage)) return;
		const { resumed } = unconnected;
		unconnected = null;
		media.welcomed(welcome.value, resumed, site.value);
	}

	function apply(entries: Entry[]): void {
		let folded = session.value;
		for (const next of entries) folded = fold(folded, next);
		session.value = folded;
		if (me.value?.admitted) tellMedia();
		if (phase.value.at === "online") connectMedia();
	}

	/** The journal says who sends what; said once for each state, and only by who is in. */
	function tellMedia(): void {
		const person = me.value;
		if (!person?.admitted || phase.value.at === "idle" || has(person, "supervisor")) return;
		const { microphone, camera, screen } = media.state;
		const same = person.microphone === microphone && person.camera === camera && person.screen === screen;
		const text = JSON.stringify(media.state);
		if (same || told === text) return;
		told = text;
		void quietly({ type: "change_media", ...media.state }).then((outcome) => {
			if (refused(outcome)) window.setTimeout(tellMediaAgain, 1_000);
		});
	}

	function tellMediaAgain(): void {
		told = "";
		tellMedia();
	}

	function newWatch(): ChainWatch {
		return new ChainWatch((fault) => {
			chainFault.value = fault.seq;
		});
	}

	return {
		id,
		session,
		phase,
		welcome,
		readiness,
		ready,
		presence,
		refusal,
		chainFault,
		skew,
		me,
		site,
		byPhone,
		media,
		join,
		part,
		ask,
		askByPasskey,
		quietly,
		sendActCode: () => api.sendActCode(),
	};
});
