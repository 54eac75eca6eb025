// Folds journal entries into a Session. Pure: every step returns a new value that shares what did not change.
// An event that is not known here is passed over: journals are extended, clients may be older.

import { foldDoors } from "./fold-doors";
import { foldLocation } from "./fold-location";
import { briefOfAll, casesOf, evolveMatters, itemsOfAll, mattersOf, templateOfAll } from "./fold-matters";
import { foldPerson } from "./fold-person";
import { drawBands, drawMark } from "./marks";
import type { Item, Person, Session } from "./session";
import type { Body, Entry, Event } from "./types";

/** `null` before the first visible entry (`scheduled`). */
export function fold(before: Session | null, entry: Entry): Session | null {
	if (entry.body === undefined) {
		return before && { ...before, seq: entry.seq, withheld: before.withheld + 1 };
	}
	const body = JSON.parse(entry.body) as Body;
	if (before === null) return body.event.type === "scheduled" ? open(body.event, entry.seq, body.at) : null;
	const after = evolve(before, body.event, body.at, entry.seq);
	return {
		...after,
		seq: entry.seq,
		at: body.at,
		bands: drawBands(after.bands, body, after.stage),
		marks: drawMark(after.marks, body, entry.seq),
	};
}

function open(event: Extract<Event, { type: "scheduled" }>, seq: number, at: number): Session {
	const people: Record<string, Person> = {};
	for (const participant of event.participants) people[participant.person] = absent(participant);
	const cases = casesOf(event);
	const items = itemsOfAll(cases);
	return {
		seq,
		at,
		id: event.session,
		stage: "scheduled",
		brief: briefOfAll(cases),
		matters: mattersOf(cases),
		template: templateOfAll(cases),
		mode: event.mode,
		startsAt: event.starts_at,
		joiningDepartments: [...new Set(cases.flatMap((one) => one.joining_departments))],
		site: event.site,
		deviations: [],
		people,
		order: event.participants.map((participant) => participant.person),
		items: Object.fromEntries(items.map((item) => [item.code, item])),
		itemOrder: items.map((item) => item.code),
		stills: {},
		stillOrder: [],
		opinions: [],
		chat: [],
		deliberating: false,
		deliberationHeld: false,
		statements: [],
		receipts: [],
		machines: [],
		marks: [],
		bands: [],
		withheld: 0,
	};
}

function absent(participant: Extract<Event, { type: "scheduled" }>["participants"][number]): Person {
	return {
		...participant,
		here: false,
		connected: false,
		notice: "pending",
		identity: "unchecked",
		admitted: false,
		credentialShown: false,
		onSite: false,
		microphone: false,
		camera: false,
		screen: false,
		hand: false,
	};
}

function evolve(s: Session, event: Event, at: number, seq: number): Session {
	return evolveRun(foldDoors(foldLocation(foldPerson(s, event), event, at), event), event, at, seq);
}

function evolveRun(s: Session, event: Event, at: number, seq: number): Session {
	switch (event.type) {
		case "lobby_opened":
			return { ...s, stage: "lobby" };
		case "started":
			return { ...s, stage: "live" };
		case "suspended": {
			const { type: _, ...suspension } = event;
			return { ...s, stage: "suspended", suspension };
		}
		case "resumed":
			return { ...s, stage: "live", suspension: undefined };
		case "closed":
			return { ...s, stage: "closed" };
		case "recording_started":
			return { ...s, recordingSince: s.recordingSince ?? at, recordingStopped: undefined };
		case "recording_stopped":
			return { ...s, recordingStopped: event.detail };
		case "deliberation_begun":
			return { ...s, deliberating: true };
		case "deliberation_ended":
			return { ...s, deliberating: false, deliberationHeld: true };
		case "said":
			return {
				...s,
				chat: [...s.chat, { person: event.person, scope: event.scope, text: event.text, at, seq }],
			};
		default:
			return evolveMatters(evolveRecord(evolveSurvey(s, event, at), event, at), event, at, seq);
	}
}

function evolveSurvey(s: Session, event: Event, at: number): Session {
	switch (event.type) {
		case "evidence_taken": {
			const { type: _, ...evidence } = event;
			return {
				...s,
				stills: { ...s.stills, [event.id]: { ...evidence, at, annotations: [] } },
				stillOrder: [...s.stillOrder, event.id],
			};
		}
		case "annotation_added": {
			const still = s.stills[event.evidence];
			if (!still) return s;
			const { id, person, strokes, note } = event;
			const annotations = [...still.annotations, { id, person, strokes, note: note ?? "", at }];
			return { ...s, stills: { ...s.stills, [still.id]: { ...still, annotations } } };
		}
		case "item_answered":
			return withItem(s, event.answer.code, {
				answer: event.answer,
				answeredBy: event.person,
				answeredAt: at,
				carried: false,
			});
		case "item_unsuitable":
			return withItem(s, event.code, { unsuitable: event.reason });
		case "opinion_filed": {
			const { person, opinion, stance, text, deliberation } = event;
			return { ...s, opinions: [...s.opinions, { person, opinion, stance, text, at, deliberation }] };
		}
		case "statement_taken":
			return {
				...s,
				statements: [...s.statements, { person: event.person, text: event.text, waived: event.waived, at }],
			};
		default:
			return s;
	}
}

function evolveRecord(s: Session, event: Event, at: number): Session {
	switch (event.type) {
		case "record_prepared":
			return {
				...s,
				record: { digest: event.digest, pdfDigest: event.pdf_digest, at, signed: [], refused: [] },
			};
		case "record_signed":
			return s.record ? { ...s, record: { ...s.record, signed: [...s.record.signed, event.person] } } : s;
		case "record_signature_refused": {
			if (!s.record) return s;
			const refused = [...s.record.refused, { person: event.person, reason: event.reason }];
			return { ...s, record: { ...s.record, refused } };
		}
		case "receipt_issued":
			return { ...s, receipts: [...s.receipts, event.receipt] };
		default:
			return s;
	}
}

function withItem(s: Session, code: string, change: Partial<Item>): Session {
	const item = s.items[code];
	return item ? { ...s, items: { ...s.items, [code]: { ...item, ...change } } } : s;
}
