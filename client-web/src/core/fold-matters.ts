// The cases of a session: what each begins with, and what is concluded, decided and told in it.

import type { FurtherCase, Scheduled } from "./scheduled";
import type { Item, Matter, Session } from "./session";
import type { CaseBrief, Event } from "./types";

export function casesOf(event: Scheduled): FurtherCase[] {
	return [event, ...(event.further ?? [])];
}

export function mattersOf(cases: FurtherCase[]): Matter[] {
	return cases.map((one) => ({
		case: one.case,
		named: cases.length > 1 ? one.case : undefined,
		brief: one.brief,
		codes: one.template.items.map((item) => item.code),
	}));
}

/** As papers about all cases name them. */
export function briefOfAll(cases: FurtherCase[]): CaseBrief {
	const [first, ...further] = cases.map((one) => one.brief);
	if (!first) throw new Error("a session has a case");
	const all = (word: (brief: CaseBrief) => string) => [...new Set([first, ...further].map(word))].join("、");
	return {
		...first,
		case_no: all((brief) => brief.case_no),
		item_title: all((brief) => brief.item_title),
		authority: all((brief) => brief.authority),
		contact: all((brief) => brief.contact),
	};
}

/** The union of the checklists. R44: what a case asks anew is open, whatever another carries. */
export function itemsOfAll(cases: FurtherCase[]): Item[] {
	const items = new Map<string, Item>();
	for (const one of cases) {
		const carried = new Map(one.resurvey?.carried.map((answer) => [answer.code, answer]));
		for (const item of one.template.items) {
			const answer = carried.get(item.code);
			const known = items.get(item.code);
			if (!known) items.set(item.code, { ...item, answer, carried: answer !== undefined });
			else if (known.carried && !answer) items.set(item.code, { ...item, carried: false });
		}
	}
	return [...items.values()];
}

/** Of settings that differ the stricter holds. */
export function templateOfAll(cases: FurtherCase[]): Session["template"] {
	const [first] = cases.map((one) => one.template);
	if (!first) throw new Error("a session has a case");
	const settings = cases.map((one) => one.template.settings);
	return {
		...first,
		settings: {
			...first.settings,
			staff_on_site: Math.max(...settings.map((one) => one.staff_on_site)),
			exterior_first: settings.some((one) => one.exterior_first),
			record_signed: settings.some((one) => one.record_signed),
		},
	};
}

export function evolveMatters(s: Session, event: Event, at: number, seq: number): Session {
	switch (event.type) {
		case "concluded":
			return withMatter(s, event.case, () => ({
				conclusion: { outcome: event.outcome, text: event.text, present: event.present, at },
			}));
		case "decision_drafted":
			return withMatter(s, event.case, () => ({ draft: event.decision }));
		case "decision_sealed":
			return withMatter(s, event.case, () => ({
				sealed: {
					number: event.number,
					contentDigest: event.content_digest,
					pdfDigest: event.pdf_digest,
					signer: event.signer,
					seal: event.seal,
					at,
				},
			}));
		case "announced":
			return over(
				withMatter(s, event.case, (matter) => ({
					announcement: {
						seq,
						contentDigest: event.content_digest,
						live: event.live,
						at,
						recordingOffsetUs: event.recording_offset_us,
						number: event.number ?? matter.sealed?.number,
						decision: event.decision ?? matter.draft,
						acknowledged: [],
					},
				})),
			);
		case "acknowledged":
			return acknowledge(s, event.person, event.content_digest, at);
		case "ended": {
			const { ending, reason, next_step: nextStep, contact } = event;
			return over(
				withMatter(s, event.case, () => ({ result: { seq, ending, reason, nextStep, contact, at } })),
			);
		}
		default:
			return s;
	}
}

function withMatter(
	s: Session,
	named: string | undefined,
	change: (matter: Matter) => Partial<Matter>,
): Session {
	const is = (one: Matter) => one.named === named || one.case === named;
	return { ...s, matters: s.matters.map((one) => (is(one) ? { ...one, ...change(one) } : one)) };
}

/** The session has ended when each of its cases has its outcome. */
function over(s: Session): Session {
	return s.matters.every((one) => one.announcement ?? one.result) ? { ...s, stage: "ended" } : s;
}

function acknowledge(s: Session, person: string, digest: string, at: number): Session {
	const matters = s.matters.map((one) => {
		const told = one.announcement;
		if (told?.contentDigest !== digest) return one;
		return { ...one, announcement: { ...told, acknowledged: [...told.acknowledged, { person, at }] } };
	});
	return { ...s, matters };
}
