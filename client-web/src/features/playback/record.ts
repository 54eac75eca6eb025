// Fetches what a playback shows: the journal folded, the recording's tracks, the verification. Asks again while made.
import { onBeforeUnmount, shallowRef } from "vue";
import type { Refusal } from "@/core/commands";
import { fold } from "@/core/fold";
import type { Session } from "@/core/session";
import { api, type Recording, type Verification } from "@/live/api";

const AGAIN_MS = 500;

export function useRecord(id: string) {
	const session = shallowRef<Session | null>(null);
	const recording = shallowRef<Recording | null>(null);
	const verification = shallowRef<Verification | null>(null);
	const refusal = shallowRef<Refusal | null>(null);
	/** Why the recording is not for this viewer; the rest of the page is. */
	const closed = shallowRef<Refusal | null>(null);
	let timer = 0;
	let left = false;

	async function loadJournal(): Promise<void> {
		let folded: Session | null = null;
		let after = 0;
		for (;;) {
			const reply = await api.journal(id, after);
			if ("refusal" in reply) {
				refusal.value = reply.refusal;
				return;
			}
			for (const entry of reply.ok.entries) {
				folded = fold(folded, entry);
				after = entry.seq;
			}
			if (reply.ok.entries.length === 0) break;
		}
		session.value = folded;
	}

	async function loadRecording(): Promise<void> {
		const reply = await api.recording(id);
		if (left) return;
		if ("refusal" in reply) closed.value = reply.refusal;
		else recording.value = reply.ok;
		if ("ok" in reply && reply.ok.state === "making") {
			timer = window.setTimeout(() => void loadRecording(), AGAIN_MS);
		}
	}

	async function loadVerification(): Promise<void> {
		const reply = await api.verification(id);
		if ("refusal" in reply) refusal.value = reply.refusal;
		else verification.value = reply.ok;
	}

	void Promise.all([loadJournal(), loadRecording(), loadVerification()]);
	onBeforeUnmount(() => {
		left = true;
		window.clearTimeout(timer);
	});
	return { session, recording, verification, refusal, closed };
}
