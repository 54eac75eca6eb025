import { describe, expect, it } from "vitest";
import { type ChainFault, ChainWatch, follow, GENESIS, isFault } from "@/core/chain";
import { surveyed } from "./fixture";

async function watched(entries: Parameters<ChainWatch["push"]>[0][]): Promise<ChainFault[]> {
	const faults: ChainFault[] = [];
	const watch = new ChainWatch((fault) => faults.push(fault));
	for (const entry of entries) watch.push(entry);
	await watch.settled();
	return faults;
}

describe("the chain", () => {
	it("follows a whole journal, withheld entries included", async () => {
		expect(await watched(surveyed().withhold(3).withhold(7).entries)).toEqual([]);
	});

	it("finds a changed word", async () => {
		const { entries } = surveyed();
		const entry = entries[9]!;
		entry.body = entry.body!.replace("person", "persom");
		expect(await watched(entries)).toEqual([{ seq: 10, fault: "commit" }]);
	});

	it("finds a missing entry", async () => {
		const { entries } = surveyed();
		entries.splice(4, 1);
		expect(await watched(entries)).toEqual([{ seq: 6, fault: "sequence" }]);
	});

	it("finds an entry put under another head", async () => {
		const { entries } = surveyed();
		entries[5]!.prev = entries[3]!.hash;
		expect(await watched(entries)).toEqual([{ seq: 6, fault: "previous" }]);
	});

	it("finds a wrong hash", async () => {
		const entry = surveyed().entries[0]!;
		const result = await follow({ seq: 0, hash: GENESIS }, { ...entry, hash: "f".repeat(64) });
		expect(isFault(result) && result.fault).toBe("hash");
	});

	it("reports the first fault only", async () => {
		const { entries } = surveyed();
		entries[3]!.body = "{}";
		entries[8]!.body = "{}";
		expect(await watched(entries)).toEqual([{ seq: 4, fault: "commit" }]);
	});
});
