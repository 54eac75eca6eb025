// Small readings of a Session that several screens share. Pure; the server decides, these only show or hide.
import type { Deviation, Item, Person, Session } from "./session";
import type { PersonId, Role } from "./types";

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

/** R33: staff who were confirmed present, and the applicant's side; while the record waits for this person's signature. */
export function mustSign(session: Session | null, person: Person | undefined): boolean {
	if (!session?.record || !person || session.stage !== "live" || session.sealed) return false;
	if (session.record.signed.includes(person.person)) return false;
	if (session.record.refused.some((one) => one.person === person.person)) return false;
	if (has(person, "applicant", "agent")) return true;
	return isStaff(person) && (session.conclusion?.present.includes(person.person) ?? false);
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
	const done: [Station, boolean][] = [
		["lobby", hasBegun(session)],
		["survey", items.length > 0 && items.every((item) => stateOf(item) !== "unanswered")],
		["statement", session.statements.length > 0 || session.conclusion !== undefined],
		["deliberation", session.deliberationHeld || session.conclusion !== undefined],
		["conclusion", session.conclusion !== undefined],
		["record", record !== undefined && record.signed.length + record.refused.length > 1],
		["decision", session.sealed !== undefined],
		["announcement", session.announcement !== undefined || session.result !== undefined],
	];
	if (session.result) return done.map(([station, is]) => ({ station, state: is ? "done" : "ahead" }));
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
