// Small readings of a Session that several screens share. Pure; the server decides, these only show or hide.
import type { Announcement, Conclusion, Deviation, Item, Matter, Person, Session } from "./session";
import type { PersonId, Receipt, Role } from "./types";

const STAFF: Role[] = ["surveyor", "chair", "approver", "department_reviewer"];

export function has(person: Person | undefined, ...roles: Role[]): boolean {
	return person?.roles.some((role) => roles.includes(role)) ?? false;
}
export function isStaff(person: Person | undefined): boolean {
	return has(person, ...STAFF);
}
/** The role that a person is shown with where there is room for one. */
export function leadRole(person: Person): Role {
	const order: Role[] = [
		"chair",
		"approver",
		"surveyor",
		"department_reviewer",
		"expert",
		"applicant",
		"agent",
	];
	return order.find((role) => person.roles.includes(role)) ?? person.roles[0] ?? "helper";
}
export function mayDeliberate(person: Person | undefined): boolean {
	return isStaff(person) || has(person, "expert");
}
export function peopleOf(session: Session): Person[] {
	return session.order.flatMap((id) => session.people[id] ?? []);
}
/** R28: whether this viewer neither hears nor sees the room now. The relay holds it; the screen only says so. */
export function isShutOut(session: Session | null, viewer: Person | undefined): boolean {
	return (session?.deliberating ?? false) && !mayDeliberate(viewer) && !has(viewer, "supervisor");
}
/** Surveyors first: their picture is what the review is about. */
export function inRoom(session: Session): Person[] {
	const live = peopleOf(session).filter((person) => person.here && person.admitted);
	return [...live.filter((p) => has(p, "surveyor")), ...live.filter((p) => !has(p, "surveyor"))];
}
export function atDoor(session: Session): Person[] {
	return peopleOf(session).filter((person) => person.here && !person.admitted);
}
export function nameOf(session: Session | null, id: PersonId | undefined): string {
	return (id && session?.people[id]?.name) || id || "";
}
export function personAt(session: Session, seat: string): Person | undefined {
	return peopleOf(session).find((person) => person.seat === seat && person.here);
}

/** Neither concluded nor ended. */
function isSurveyed(matter: Matter): boolean {
	return !matter.conclusion && !matter.result;
}
export function surveyRuns(session: Session | null): boolean {
	return session?.stage === "live" && session.matters.some(isSurveyed);
}
/** Whether an item can be answered: what a case concluded on stays as it was. */
export function isOpen(session: Session | null, code: string): boolean {
	const having = session?.matters.filter((one) => one.codes.includes(code)) ?? [];
	return session?.stage === "live" && having.some(isSurveyed) && !having.some((one) => one.conclusion);
}
/** Every case is concluded or has left the session, and one is concluded. */
export function allConcluded(session: Session | null): boolean {
	return lastConclusion(session) !== undefined && !session?.matters.some(isSurveyed);
}
/** The last conclusion there was: at it the chair confirmed who is there. */
export function lastConclusion(session: Session | null): Conclusion | undefined {
	const all = session?.matters.flatMap((one) => one.conclusion ?? []) ?? [];
	return all.reduce<Conclusion | undefined>(
		(last, one) => (last && last.at > one.at ? last : one),
		undefined,
	);
}
export function anySealed(session: Session | null): boolean {
	return session?.matters.some((one) => one.sealed) ?? false;
}
/** A case has neither a sealed decision nor an ending. */
export function isUndecided(session: Session | null): boolean {
	return session?.matters.some((one) => !one.sealed && !one.result) ?? false;
}
/** All that was announced, once it all is. */
export function announcements(session: Session | null): Announcement[] {
	if (session?.stage !== "ended" && session?.stage !== "closed") return [];
	return session.matters.flatMap((one) => one.announcement ?? []);
}
/** Who confirmed receipt of everything that was announced. */
export function acknowledgedAll(session: Session | null): Set<PersonId> {
	const [first, ...further] = announcements(session).map((one) => one.acknowledged.map((by) => by.person));
	return new Set((first ?? []).filter((person) => further.every((others) => others.includes(person))));
}
/** The name of the case that an entry is about, where there are several. */
export function caseOf(session: Session | null, named: string | undefined): string | undefined {
	return named === undefined
		? undefined
		: session?.matters.find((one) => one.case === named)?.brief.item_title;
}
/** The same of a receipt, which is over one case's entry or over the session's. */
export function caseOfReceipt(session: Session | null, receipt: Receipt): string | undefined {
	const of = (one: Matter) => (one.announcement ?? one.result)?.seq === receipt.body.seq;
	return caseOf(session, session?.matters.find(of)?.named);
}

/** R33: staff who were confirmed present, and the applicant's side; while the record waits for this person's signature. */
export function mustSign(session: Session | null, person: Person | undefined): boolean {
	if (!session?.record || !person || session.stage !== "live" || anySealed(session)) return false;
	if (session.record.signed.includes(person.person)) return false;
	if (session.record.refused.some((one) => one.person === person.person)) return false;
	if (has(person, "applicant", "agent")) return true;
	return isStaff(person) && (lastConclusion(session)?.present.includes(person.person) ?? false);
}

export type ItemState = "unanswered" | "met" | "not_met" | "mended" | "not_applicable" | "on_site_only";
export function stateOf(item: Item): ItemState {
	return item.answer?.result ?? (item.unsuitable === undefined ? "unanswered" : "on_site_only");
}
export function itemsOf(session: Session): Item[] {
	return session.itemOrder.flatMap((code) => session.items[code] ?? []);
}
export interface Area {
	name: string;
	items: Item[];
	answered: number;
}
export function areasOf(session: Session): Area[] {
	const areas = new Map<string, Item[]>();
	for (const item of itemsOf(session)) areas.set(item.group, [...(areas.get(item.group) ?? []), item]);
	return Array.from(areas, ([name, items]) => ({
		name,
		items,
		answered: items.filter((item) => stateOf(item) !== "unanswered").length,
	}));
}

export type Station =
	| "lobby"
	| "survey"
	| "statement"
	| "deliberation"
	| "conclusion"
	| "record"
	| "decision"
	| "announcement";
export interface Stop {
	station: Station;
	state: "done" | "now" | "ahead";
}
/** The run as the rail shows it: what is done, where it stands, what lies ahead. */
export function railOf(session: Session): Stop[] {
	const items = itemsOf(session);
	const record = session.record;
	const concluded = allConcluded(session);
	const told = announcements(session).length > 0;
	const over = session.stage === "ended" || session.stage === "closed";
	const done: [Station, boolean][] = [
		["lobby", hasBegun(session)],
		["survey", items.length > 0 && items.every((item) => stateOf(item) !== "unanswered")],
		["statement", session.statements.length > 0 || concluded],
		["deliberation", session.deliberationHeld || concluded],
		["conclusion", concluded],
		["record", record !== undefined && record.signed.length + record.refused.length > 1],
		["decision", anySealed(session) && !isUndecided(session)],
		["announcement", over],
	];
	if (over && !told) return done.map(([station, is]) => ({ station, state: is ? "done" : "ahead" }));
	const current = session.deliberating ? "deliberation" : done.find(([, is]) => !is)?.[0];
	return done.map(([station, is]) => ({
		station,
		state: station === current ? "now" : is ? "done" : "ahead",
	}));
}

/** R23: staff whose reasons an override needs. */
const OVERRIDES = 2;
/** R23: devices that stop the survey until they are at the site or enough of the staff gave their reasons. */
export function deviating(session: Session | null): Deviation[] {
	return session?.deviations.filter((one) => one.overrides.length < OVERRIDES) ?? [];
}

/** Whether the review itself has begun: before it there is only the lobby. */
export function hasBegun(session: Session): boolean {
	return session.stage !== "scheduled" && session.stage !== "lobby";
}
