// A list that comes from the server: on its way, here, or not to be had.
import { onMounted, type Ref, shallowRef } from "vue";
import type { Refusal } from "@/core/commands";
import type { Reply } from "@/live/api";

export type Listing<T> = { at: "loading" } | { at: "here"; items: T[] } | { at: "failed"; refusal: Refusal };

/** Loads once the page is there, and again after each change: what is shown is what the server has. */
export function useListing<T>(ask: () => Promise<Reply<T[]>>) {
	const listing: Ref<Listing<T>> = shallowRef<Listing<T>>({ at: "loading" });
	const refusal = shallowRef<Refusal | null>(null);

	async function load(): Promise<void> {
		const reply = await ask();
		listing.value =
			"ok" in reply ? { at: "here", items: reply.ok } : { at: "failed", refusal: reply.refusal };
	}
	/** Carries a change out, then loads anew; false where it was refused. */
	async function change(changing: Promise<Reply<unknown>>): Promise<boolean> {
		const reply = await changing;
		refusal.value = "refusal" in reply ? reply.refusal : null;
		await load();
		return "ok" in reply;
	}
	onMounted(load);
	return { listing, refusal, load, change };
}
