// Bands and marks of the time line: which acts stand on it and how they are grouped.
import type { Band, BandKind, Mark, MarkKind } from "./session";
import type { Body, Event, SessionStage } from "./types";

export function drawMark(marks: Mark[], { at, event }: Body, seq: number): Mark[] {
	const kind = kindOf(event);
	if (!kind) return marks;
	const mark: Mark = { seq, at, kind, type: event.type, subject: subjectOf(event) };
	if ("person" in event && typeof event.person === "string") mark.person = event.person;
	if (event.type === "decision_sealed") mark.person = event.signer;
	if ("case" in event && event.type !== "scheduled") mark.case = event.case;
	if (event.type === "item_answered") mark.result = event.answer.result;
	return [...marks, mark];
}

const KINDS: Partial<Record<Event["type"], MarkKind>> = {
	lobby_opened: "stage",
	started: "stage",
	suspended: "stage",
	resumed: "stage",
	deliberation_begun: "stage",
	deliberation_ended: "stage",
	ended: "announcement",
	closed: "stage",
	admitted: "person",
	departed: "person",
	connection_lost: "person",
	connection_restored: "person",
	recording_gap: "gap",
	on_site_asked: "stage",
	on_site_withdrawn: "stage",
	location_overridden: "person",
	item_answered: "item",
	item_unsuitable: "item",
	evidence_taken: "still",
	annotation_added: "still",
	opinion_filed: "opinion",
	statement_taken: "opinion",
	concluded: "conclusion",
	record_prepared: "record",
	record_signed: "record",
	record_signature_refused: "record",
	decision_sealed: "decision",
	announced: "announcement",
	acknowledged: "acknowledged",
};

function kindOf(event: Event): MarkKind | undefined {
	return KINDS[event.type];
}

function subjectOf(event: Event): string | undefined {
	switch (event.type) {
		case "item_answered":
			return event.answer.code;
		case "item_unsuitable":
			return event.code;
		case "evidence_taken":
			return event.item;
		case "decision_sealed":
			return event.number;
		case "opinion_filed":
		case "concluded":
		case "statement_taken":
			return event.text;
		default:
			return undefined;
	}
}

/** `null` ends the band that runs. */
const BANDS: Partial<Record<Event["type"], BandKind | null>> = {
	lobby_opened: "lobby",
	started: "live",
	suspended: "suspended",
	resumed: "live",
	deliberation_begun: "deliberation",
	deliberation_ended: "live",
	announced: "ended",
	ended: "ended",
	closed: null,
};

/** `stage`: after the event. Of several cases the last one's outcome ends the session. */
export function drawBands(bands: Band[], { at, event }: Body, stage: SessionStage): Band[] {
	const kind = BANDS[event.type];
	if (kind === undefined || (kind === "ended" && stage !== "ended")) return bands;
	const last = bands[bands.length - 1];
	const closed = last && last.until === undefined ? [...bands.slice(0, -1), { ...last, until: at }] : bands;
	return kind === null ? closed : [...closed, { kind, from: at }];
}
