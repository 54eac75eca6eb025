// What a session begins with: entry 1 of its journal.
import type { Answer, CaseBrief, Participant, Site, Template } from "./types";

interface Resurvey {
	of: string;
	carried: Answer[];
}

/** A case beside the first: what a session of it alone would begin with. */
export interface FurtherCase {
	case: string;
	brief: CaseBrief;
	template: Template;
	joining_departments: string[];
	resurvey?: Resurvey;
}

export interface Scheduled extends FurtherCase {
	session: string;
	participants: Participant[];
	mode: "remote" | "hybrid" | "on_site";
	starts_at: number;
	site?: Site;
	/** Cases that are surveyed together with `case`. */
	further?: FurtherCase[];
}
