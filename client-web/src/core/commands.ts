// What a person asks for, what the server answers. Mirrors server/domain/src/command.rs.
import type {
	Answer,
	ChatScope,
	DecisionText,
	Ending,
	Entry,
	IdentityMethod,
	OpinionKind,
	PersonId,
	Point,
	Position,
	Role,
	SeatId,
	SessionStage,
	Stance,
	SurveyOutcome,
	Whereabouts,
} from "./types";
import type { View } from "./views";

export type Command =
	| { type: "open_lobby"; clock_override?: string }
	| { type: "acknowledge_notice"; notice: string }
	| { type: "refuse_notice" }
	| {
			type: "begin_identity_check" | "stop_identity_check" | "admit" | "remove" | "lower_hand";
			person: PersonId;
	  }
	| {
			type: "confirm_identity";
			person: PersonId;
			method: IdentityMethod;
			last_four: string;
			authorisation?: string;
	  }
	| { type: "show_credential"; number_last_four: string; whereabouts?: Whereabouts }
	| { type: "change_whereabouts"; whereabouts: Whereabouts }
	| { type: "report_position"; position: Position }
	| { type: "override_location"; of: PersonId; reason: string }
	| { type: "ask_on_site"; reason: string }
	| { type: "withdraw_on_site" }
	| { type: "change_media"; microphone: boolean; camera: boolean; screen: boolean }
	| { type: "leave" | "raise_hand" | "start" | "resume" | "begin_deliberation" | "end_deliberation" }
	| { type: "suspend"; reason: string }
	| { type: "answer_item"; answer: Answer }
	| { type: "mark_unsuitable"; code: string; reason: string }
	| { type: "annotate"; id: string; evidence: string; strokes: Point[][]; note: string }
	| { type: "file_opinion"; opinion: OpinionKind; stance: Stance; text: string }
	| { type: "say"; scope: ChatScope; text: string }
	| { type: "take_statement"; text: string; waived: boolean }
	| { type: "conclude"; case?: string; outcome: SurveyOutcome; text: string; present: PersonId[] }
	| { type: "prepare_record" | "announce" | "close" }
	| { type: "sign_record"; digest: string }
	| { type: "note_signature_refused"; person: PersonId; reason: string }
	| { type: "draft_decision"; case?: string; decision: DecisionText }
	| { type: "seal_decision"; case?: string; content_digest: string }
	| { type: "acknowledge"; content_digest: string }
	| { type: "end"; case?: string; ending: Ending; reason: string; next_step: string; contact: string };

/** What an authenticator answers to a challenge; bytes in base64url. */
export interface Assertion {
	credential: string;
	client_data: string;
	authenticator_data: string;
	signature: string;
}
/** A fresh second factor: a code as typed, or a passkey's signature over this act and its content. */
export type Proof = string | { nonce: string; assertion: Assertion };

/** The digest of the content that a command signs or seals; empty where it has none. */
export function contentDigest(command: Command): string {
	if (command.type === "seal_decision") return command.content_digest;
	return command.type === "sign_record" ? command.digest : "";
}

/** A refusal as the server words it; `title` and `next` come in the reader's language. */
export interface Refusal {
	code: string;
	title?: string;
	next?: string;
	missing?: string[];
}

export type Act = "start" | "conclude" | "sign_record" | "seal_decision" | "announce" | "end" | "close";
export interface Precondition {
	code: string;
	missing?: string[];
}
export interface Readiness {
	act: Act;
	/** Where the session has several cases and each has this act for itself. */
	case?: string;
	ready: boolean;
	missing: Precondition[];
}

export type Quality = "good" | "fair" | "poor" | "lost";
export interface Presence {
	quality: Record<SeatId, Quality>;
	speaking: SeatId | null;
}

export type TrackSource = "microphone" | "camera" | "screen";
export type Half = "up" | "down";
export type MediaFrame =
	| { up_answer: { sdp: string } }
	| {
			down_offer: {
				generation: number;
				sdp: string;
				tracks: { mid: string; seat: SeatId; source: TrackSource }[];
			};
	  }
	/** Of this source these layers alone are wanted. */
	| { layers: { source: TrackSource; rids: string[] } }
	/** The way to this screen is too narrow for pictures. */
	| { audio_only: { on: boolean } }
	| { failed: { half: Half; code: string; title?: string; next?: string } };
export type MediaRequest =
	| { up_offer: { sdp: string; sources: Record<string, TrackSource> } }
	| { down_answer: { generation: number; sdp: string } }
	/** `ice`: on the same connection, ICE alone. */
	| { restart: { half: Half; ice?: boolean } }
	/** What this screen shows, all of it. */
	| { views: View[] };

export interface Welcome {
	session: string;
	person: PersonId;
	seat: SeatId;
	roles: Role[];
	head: number;
	/** The server's clock, UTC µs. */
	now: number;
	/** `run`, where given, names the server's process: another one has none of our peer connections. */
	relay: { ice_servers: { urls: string | string[]; username?: string; credential?: string }[]; run?: string };
}

export type ServerFrame =
	| { welcome: Welcome }
	| { entry: Entry }
	| { caught_up: { head: number } }
	| { done: { id: number; seq: number } }
	| { refused: { id: number | null } & Refusal }
	| { readiness: { seq: number; acts: Readiness[] } }
	| { presence: Presence }
	| { media: MediaFrame }
	| { pong: number }
	| { bye: Refusal };

export type ClientFrame =
	| { hello: { after: number; device: string; seat?: SeatId; companion: boolean } }
	| { do: { id: number; command: Command; factor?: Proof } }
	| { media: MediaRequest }
	| { ping: number };

export interface SessionBrief {
	id: string;
	case_no: string;
	item_title: string;
	applicant: string;
	stage: SessionStage;
	starts_at: number;
	my_roles: Role[];
}

export interface Me {
	person: PersonId;
	name: string;
	roles: Role[];
	link_session: string | null;
	sessions: SessionBrief[];
}
