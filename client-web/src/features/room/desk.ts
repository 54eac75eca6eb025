// What the room shows right now on this screen alone: which tab, item, still and picture. Nothing of it is journalled.
import { defineStore } from "pinia";
import { computed, markRaw, ref, shallowRef } from "vue";
import type { Refusal } from "@/core/commands";
import { uuid } from "@/core/ids";
import { has, itemsOf } from "@/core/roles";
import type { Matter } from "@/core/session";
import type { EvidenceKind } from "@/core/types";
import { api } from "@/live/api";
import { useLive } from "@/live/live";
import { PositionWatch } from "@/live/position";
import { grab } from "@/rtc/still";

export type Tab = "item" | "opinions" | "materials" | "chat" | "conclusion" | "decision";

export const useDesk = defineStore("room-desk", () => {
	const live = useLive();
	const tab = ref<Tab>("item");
	const code = ref<string | null>(null);
	const still = ref<string | null>(null);
	const pinned = ref<string | null>(null);
	const grid = ref(false);
	const people = ref(false);
	const paths = ref(false);
	const chosen = ref<string | null>(null);
	const shooting = ref(false);
	const stillRefusal = shallowRef<Refusal | null>(null);
	const position = markRaw(new PositionWatch());

	const item = computed(() => {
		const session = live.session;
		if (!session) return undefined;
		const first = itemsOf(session).find((candidate) => !candidate.answer) ?? itemsOf(session)[0];
		return session.items[code.value ?? first?.code ?? ""];
	});
	/** The case that conclusion and decision are about: the one chosen, else the first that waits. */
	const matter = computed<Matter | undefined>(() => {
		const matters = live.session?.matters ?? [];
		const waits = matters.find((one) => !one.announcement && !one.result);
		return matters.find((one) => one.case === chosen.value) ?? waits ?? matters[0];
	});
	const exteriorMissing = computed(() => {
		const session = live.session;
		if (!session?.template.settings.exterior_first) return false;
		return !session.stillOrder.some((id) => session.stills[id]?.kind === "exterior");
	});
	const mayShoot = computed(() => has(live.me, "surveyor") && live.media.camera.value !== null);

	function choose(next: string): void {
		code.value = next;
		tab.value = "item";
	}

	/** Takes a still from the own camera and hands it in; it shows when the journal says so. */
	async function shoot(kind: EvidenceKind, of?: string): Promise<void> {
		const track = live.media.camera.value;
		if (!track || !live.id || shooting.value) return;
		shooting.value = true;
		const taken = await grab(track);
		if (taken) {
			const facts = { kind, item: of, capturedAtUs: taken.capturedAt * 1000, position: position.current };
			const reply = await api.putStill(live.id, uuid(), taken.bytes, facts);
			stillRefusal.value = "refusal" in reply ? reply.refusal : null;
		} else {
			stillRefusal.value = { code: "no_picture" };
		}
		shooting.value = false;
	}

	return {
		tab,
		code,
		still,
		pinned,
		grid,
		people,
		paths,
		chosen,
		matter,
		shooting,
		stillRefusal,
		position,
		item,
		exteriorMissing,
		mayShoot,
		choose,
		shoot,
	};
});
