// The view of one session: what the screens draw. Made by fold.ts from the journal and nothing else.
import type {
	Answer,
	CaseBrief,
	ChatScope,
	CheckItem,
	DecisionText,
	Ending,
	Evidence,
	IdentityMethod,
	OpinionKind,
	Participant,
	PersonId,
	Point,
	Receipt,
	SeatId,
	SessionStage,
	Site,
	Stance,
	SurveyOutcome,
	SuspensionCause,
	Template,
} from "./types";

export interface Person extends Participant {
	/** Where the person is now, or was last. */
	seat?: SeatId;
	device?: string;
	/** Came by the personal link on this many devices; known from the second on, to those who may see it. */
	devices?: number;
	/** At the door or in the room, and not gone by an act. */
	here: boolean;
	connected: boolean;
	notice: "pending" | "acknowledged" | "refused";
	identity: "unchecked" | "checking" | "checked";
	identityMethod?: IdentityMethod;
	lastFour?: string;
	admitted: boolean;
	credentialShown: boolean;
	onSite: boolean;
	microphone: boolean;
	camera: boolean;
	screen: boolean;
	hand: boolean;
}

export interface Item extends CheckItem {
	answer?: Answer;
	answeredBy?: PersonId;
	answeredAt?: number;
	/** R21: why it cannot be judged at a distance. */
	unsuitable?: string;
	/** R44: answered in the session before and not reopened. */
	carried: boolean;
}

export interface Annotation {
	id: string;
	person: PersonId;
	strokes: Point[][];
	note: string;
	at: number;
}
export interface Still extends Evidence {
	at: number;
	annotations: Annotation[];
}

export interface Opinion {
	person: PersonId;
	opinion: OpinionKind;
	stance: Stance;
	text: string;
	at: number;
	deliberation: boolean;
}
export interface ChatLine {
	person: PersonId;
	scope: ChatScope;
	text: string;
	at: number;
	seq: number;
}
export interface Conclusion {
	outcome: SurveyOutcome;
	text: string;
	present: PersonId[];
	at: number;
}
export interface SurveyRecord {
	digest: string;
	pdfDigest: string;
	at: number;
	signed: PersonId[];
	refused: { person: PersonId; reason: string }[];
}
export interface Sealed {
	number: string;
	contentDigest: string;
	pdfDigest: string;
	signer: PersonId;
	seal: string;
	at: number;
}
export interface Announcement {
	seq: number;
	contentDigest: string;
	live: PersonId[];
	at: number;
	recordingOffsetUs: number;
	number?: string;
	decision?: DecisionText;
	acknowledged: { person: PersonId; at: number }[];
}
export interface Result {
	seq: number;
	ending: Ending;
	reason: string;
	nextStep: string;
	contact: string;
	at: number;
}

/** One case of the session: what was concluded, decided and told in it. One with a single case has one. */
export interface Matter {
	case: string;
	/** As commands and entries name it: absent where it is the only one. */
	named?: string;
	brief: CaseBrief;
	/** Its own checklist. */
	codes: string[];
	conclusion?: Conclusion;
	draft?: DecisionText;
	sealed?: Sealed;
	announcement?: Announcement;
	/** It left the session without a decision. */
	result?: Result;
}

export type MarkKind =
	| "stage"
	| "item"
	| "still"
	| "opinion"
	| "conclusion"
	| "record"
	| "decision"
	| "announcement"
	| "acknowledged"
	| "person"
	| "gap";

/** An act on the time line of the playback, and a line of its list. */
export interface Mark {
	seq: number;
	at: number;
	kind: MarkKind;
	type: string;
	person?: PersonId;
	/** Of several. */
	case?: string;
	/** Item code, document number or a short quote: data, never prose. */
	subject?: string;
	result?: Answer["result"];
}

export type BandKind = "lobby" | "live" | "suspended" | "deliberation" | "ended";
export interface Band {
	kind: BandKind;
	from: number;
	until?: number;
}

/** R20: the applicant's wish for an on-site survey. */
export interface OnSiteRequest {
	person: PersonId;
	reason: string;
	at: number;
}
/** R23: a device that is, by its own word, not inside the fence now. */
export interface Deviation {
	person: PersonId;
	/** Distance and accuracy together. */
	metres: number;
	overrides: { person: PersonId; reason: string; at: number }[];
}

/** A named source, or a wall (docs/protocol/doors.md); `person` let it in and answers for it. */
export interface Machine {
	seat: SeatId;
	name: string;
	direction: "publish" | "play";
	person: PersonId;
	revoked: boolean;
	connected: boolean;
}

export interface Session {
	seq: number;
	at: number;
	id: string;
	stage: SessionStage;
	/** Of several cases: of all in one. */
	brief: CaseBrief;
	/** Never empty. */
	matters: Matter[];
	template: Pick<Template, "title" | "gloss" | "judgement" | "settings">;
	mode: "remote" | "hybrid" | "on_site";
	startsAt: number;
	joiningDepartments: string[];
	site?: Site;
	onSiteAsked?: OnSiteRequest;
	deviations: Deviation[];
	people: Record<PersonId, Person>;
	/** Order of call. */
	order: PersonId[];
	items: Record<string, Item>;
	itemOrder: string[];
	stills: Record<string, Still>;
	stillOrder: string[];
	opinions: Opinion[];
	chat: ChatLine[];
	deliberating: boolean;
	deliberationHeld: boolean;
	checking?: PersonId;
	suspension?: SuspensionCause;
	recordingSince?: number;
	recordingStopped?: string;
	statements: { person: PersonId; text: string; waived: boolean; at: number }[];
	record?: SurveyRecord;
	receipts: Receipt[];
	/** What the chair let in, in that order; the revoked too. */
	machines: Machine[];
	marks: Mark[];
	bands: Band[];
	withheld: number;
}
