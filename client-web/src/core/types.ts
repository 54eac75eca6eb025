// The JSON of server/domain as the server sends it. Times are UTC microseconds, ids opaque.
// Does not hold anything the screen makes up: see fold.ts for the view.

import type { Scheduled } from "./scheduled";

export type PersonId = string;
export type SeatId = string;

export type Role =
	| "applicant"
	| "agent"
	| "helper"
	| "surveyor"
	| "chair"
	| "approver"
	| "department_reviewer"
	| "expert"
	| "interested_party"
	| "supervisor"
	| "administrator"
	| "operator";

export type SessionStage = "scheduled" | "lobby" | "live" | "suspended" | "ended" | "closed";
export type Level = "key" | "major" | "minor";
export type CheckResult = "met" | "not_met" | "mended" | "not_applicable" | "on_site_only";
export type MeasuredHow = "measurement" | "test_record" | "on_site_reading";
export type EvidenceKind = "exterior" | "photo" | "reading";
export type Stance = "agree" | "disagree" | "rectify";
export type ChatScope = "room" | "deliberation";
export type SurveyOutcome = "passed" | "failed";
export type DecisionKind = "granted" | "refused";
/** Where a person of the staff is, by that person's own word. */
export type Whereabouts = "remote" | "on_site";
export type IdentityMethod = "id_card" | "passport" | "staff_credential" | "second_factor";

export interface CheckItem {
	code: string;
	group: string;
	text: string;
	gloss: string;
	level: Level;
	evidence: string[];
	remote: "Y" | "P" | "N";
	na_allowed: boolean;
}

export interface Template {
	key: string;
	version: string;
	title: string;
	gloss: string;
	items: CheckItem[];
	judgement: { major_failures_allowed: number; minor_failures_allowed: number };
	settings: {
		staff_on_site: number;
		recording_gap_limit_ms: number;
		exterior_first: boolean;
		record_signed: boolean;
		deliberation_recorded: boolean;
		notice_version: string;
		notice_text: string;
	};
}

export interface Participant {
	person: PersonId;
	name: string;
	roles: Role[];
	organisation: string;
	department?: string;
}

export interface CaseBrief {
	case_no: string;
	item_title: string;
	applicant: string;
	uscc: string;
	address: string;
	authority: string;
	contact: string;
}

export interface Measurement {
	value: string;
	unit: string;
	how: MeasuredHow;
}

export interface Answer {
	code: string;
	result: CheckResult;
	note?: string;
	measurement?: Measurement;
	evidence?: string[];
}

export interface Evidence {
	id: string;
	kind: EvidenceKind;
	item?: string;
	person: PersonId;
	device: string;
	sha256: string;
	bytes: number;
	media_type: string;
	captured_at: number;
	position?: Position;
}

/** In 1e-7 degrees and metres. */
export interface Position {
	lat_e7: number;
	lon_e7: number;
	accuracy_m: number;
}
/** The registered position of the site and how far from it a device may be (R23). */
export interface Site {
	lat_e7: number;
	lon_e7: number;
	fence_m: number;
}

/** In 1/10000 of the picture's width and height. */
export interface Point {
	x: number;
	y: number;
}

export type OpinionKind = { kind: "expert" } | { kind: "department"; department: string };

export interface DecisionText {
	kind: DecisionKind;
	result: string;
	reason: string;
	basis: string[];
	remedies: string;
	next_step: string;
	contact: string;
	departure_reason: string;
}

export type Ending =
	| { how: "rectify"; by: string }
	| { how: "resurvey"; by: string }
	| { how: "switch_on_site" }
	| { how: "hearing" };

export interface ReceiptBody {
	content_digest: string | null;
	head: string;
	issued_at: number;
	kind: "announced" | "ended" | "left" | "closed";
	number: number;
	pdf_digest: string | null;
	previous: string | null;
	seq: number;
	session: string;
	v: 1;
}
export interface Receipt {
	body: ReceiptBody;
	key: string;
	signature: string;
}

export type Factor = { kind: "totp" | "phone_code" | "passkey"; at: number };

export type Event =
	| ({ type: "scheduled" } & Scheduled)
	| { type: "lobby_opened"; clock: { state: string } }
	| { type: "arrived"; person: PersonId; seat: SeatId; device: string }
	| { type: "device_added"; person: PersonId; device: string; number: number }
	| { type: "notice_acknowledged"; person: PersonId; notice: string }
	| { type: "notice_refused"; person: PersonId }
	| { type: "identity_check_begun"; person: PersonId; checker: PersonId }
	| { type: "identity_check_stopped"; person: PersonId }
	| {
			type: "identity_checked";
			person: PersonId;
			checker: PersonId;
			method: IdentityMethod;
			last_four: string;
			authorisation?: string;
	  }
	| { type: "admitted"; person: PersonId }
	| { type: "credential_shown"; person: PersonId; number_last_four: string; whereabouts?: Whereabouts }
	| { type: "whereabouts_changed"; person: PersonId; whereabouts: Whereabouts }
	| { type: "position_reported"; person: PersonId; position: Position }
	| { type: "location_overridden"; person: PersonId; of: PersonId; reason: string }
	| { type: "on_site_asked"; person: PersonId; reason?: string }
	| { type: "on_site_withdrawn"; person: PersonId }
	| { type: "departed"; person: PersonId; cause: "left" | "removed" | "revoked" }
	| { type: "connection_lost"; person: PersonId }
	| { type: "connection_restored"; person: PersonId }
	| { type: "media_changed"; person: PersonId; microphone: boolean; camera: boolean; screen: boolean }
	| { type: "hand_raised"; person: PersonId }
	| { type: "hand_lowered"; person: PersonId }
	| { type: "started" }
	| ({ type: "suspended" } & SuspensionCause)
	| { type: "resumed" }
	| { type: "recording_started" }
	| { type: "recording_stopped"; detail: string }
	| {
			type: "recording_gap";
			track?: string;
			cause: string;
			from: number;
			until: number;
			packets_lost?: number;
	  }
	| { type: "segment_opened" | "segment_closed"; segment: string }
	| { type: "checkpoint"; number: number; root: string }
	| ({ type: "evidence_taken" } & Evidence)
	| {
			type: "annotation_added";
			id: string;
			evidence: string;
			person: PersonId;
			strokes: Point[][];
			note: string;
	  }
	| { type: "item_answered"; person: PersonId; answer: Answer }
	| { type: "item_unsuitable"; code: string; reason: string }
	| {
			type: "opinion_filed";
			person: PersonId;
			opinion: OpinionKind;
			stance: Stance;
			text: string;
			deliberation: boolean;
	  }
	| { type: "said"; person: PersonId; scope: ChatScope; text: string }
	| { type: "deliberation_begun" }
	| { type: "deliberation_ended" }
	| { type: "statement_taken"; person: PersonId; text: string; waived: boolean }
	/** `case`, here and below: absent where the session has one only. */
	| { type: "concluded"; case?: string; outcome: SurveyOutcome; text: string; present: PersonId[] }
	| { type: "record_prepared"; digest: string; pdf_digest: string }
	| { type: "record_signed"; person: PersonId; digest: string; factor: Factor }
	| { type: "record_signature_refused"; person: PersonId; reason: string }
	| { type: "decision_drafted"; case?: string; decision: DecisionText }
	| {
			type: "decision_sealed";
			case?: string;
			number: string;
			content_digest: string;
			pdf_digest: string;
			signer: PersonId;
			factor: Factor;
			seal: string;
	  }
	| {
			type: "announced";
			case?: string;
			content_digest: string;
			live: PersonId[];
			recording_offset_us: number;
			/** What was sealed, repeated: drafts are withheld from the applicant, the announcement is not. */
			number?: string;
			decision?: DecisionText;
	  }
	| { type: "acknowledged"; person: PersonId; content_digest: string }
	| { type: "receipt_issued"; receipt: Receipt }
	| { type: "ended"; case?: string; ending: Ending; reason: string; next_step: string; contact: string }
	| { type: "closed" }
	/** A machine may come in; `token` is the seat of what comes in by it (docs/protocol/doors.md). */
	| {
			type: "media_token_issued";
			token: SeatId;
			name: string;
			direction: "publish" | "play";
			digest: string;
			person: PersonId;
	  }
	| { type: "media_token_revoked"; token: SeatId }
	| { type: "media_connected"; token: SeatId }
	| { type: "media_disconnected"; token: SeatId; cause: DisconnectCause };

/** Why a machine is no longer there. */
export type DisconnectCause = "left" | "lost" | "replaced" | "revoked" | "deliberation";

export type SuspensionCause =
	| { cause: "quorum_lost" }
	| { cause: "recording_stopped"; detail: string }
	| { cause: "chair"; reason: string };

/** As it comes over the wire; `nonce` and `body` are absent where the entry is withheld from this viewer. */
export interface Entry {
	seq: number;
	prev: string;
	commit: string;
	hash: string;
	nonce?: string;
	body?: string;
}

export interface Body {
	at: number;
	actor: string;
	event: Event;
}
