import { describe, expect, it } from "vitest";
import { fold } from "@/core/fold";
import { sourcesOf } from "@/core/fold-doors";
import type { Session } from "@/core/session";
import type { Event } from "@/core/types";
import { live } from "./fixture";

function folded(...events: Event[]): Session {
	const journal = live();
	for (const event of events) journal.add(event);
	let session: Session | null = null;
	for (const entry of journal.entries) session = fold(session, entry);
	if (!session) throw new Error("the journal has no first entry");
	return session;
}

const issued = (token: string, name: string, direction: "publish" | "play"): Event => ({
	type: "media_token_issued",
	token,
	name,
	direction,
	digest: "0".repeat(64),
	person: "p-chair",
});

describe("machines at the doors", () => {
	const drone = issued("m1", "无人机", "publish");
	const wall = issued("m2", "active-speaker", "play");

	it("are sources while they are connected, under the seat that is their token", () => {
		expect(sourcesOf(folded(drone, wall))).toEqual([]);
		const both = folded(
			drone,
			wall,
			{ type: "media_connected", token: "m1" },
			{ type: "media_connected", token: "m2" },
		);
		expect(sourcesOf(both)).toMatchObject([{ seat: "m1", name: "无人机", person: "p-chair" }]);
		expect(both.machines).toHaveLength(2);
	});

	it("are gone when they leave and when their token is revoked", () => {
		const gone = folded(
			drone,
			{ type: "media_connected", token: "m1" },
			{ type: "media_token_revoked", token: "m1" },
			{ type: "media_disconnected", token: "m1", cause: "revoked" },
		);
		expect(sourcesOf(gone)).toEqual([]);
		expect(gone.machines[0]).toMatchObject({ revoked: true, connected: false });
	});
});
