// Commands under way: each gets a number, and one answer. What was asked when the connection broke is answered
// `unanswered`: whether it reached the journal is seen from the entries after the return, so nothing is sent twice.
import type { Refusal } from "./commands";

export type Outcome = { seq: number } | Refusal;

export function refused(outcome: Outcome): outcome is Refusal {
	return "code" in outcome;
}

export class Requests {
	private next = 1;
	private readonly waiting = new Map<number, (outcome: Outcome) => void>();

	add(): { id: number; outcome: Promise<Outcome> } {
		const id = this.next++;
		return { id, outcome: new Promise((resolve) => this.waiting.set(id, resolve)) };
	}

	done(id: number, seq: number): void {
		this.settle(id, { seq });
	}

	refuse(id: number | null, refusal: Refusal): void {
		if (id !== null) this.settle(id, refusal);
	}

	/** The connection broke with these under way. */
	abandon(): void {
		for (const id of Array.from(this.waiting.keys())) this.settle(id, { code: "unanswered" });
	}

	private settle(id: number, outcome: Outcome): void {
		this.waiting.get(id)?.(outcome);
		this.waiting.delete(id);
	}
}
