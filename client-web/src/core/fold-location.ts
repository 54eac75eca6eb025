// The part of the fold that is about the place: asking for an on-site survey (R20), devices beyond the fence (R23).
// Mirrors server/domain/src/session/location.rs.
import { deviationM } from "./place";
import type { Session } from "./session";
import type { Event, PersonId, Position } from "./types";

export function foldLocation(s: Session, event: Event, at: number): Session {
	switch (event.type) {
		case "on_site_asked": {
			const { person, reason } = event;
			return s.onSiteAsked ? s : { ...s, onSiteAsked: { person, reason: reason ?? "", at } };
		}
		case "on_site_withdrawn":
			return { ...s, onSiteAsked: undefined };
		case "position_reported":
			return locate(s, event.person, event.position);
		case "evidence_taken":
			return event.position ? locate(s, event.person, event.position) : s;
		case "location_overridden":
			return overridden(s, event, at);
		default:
			return s;
	}
}

function locate(s: Session, person: PersonId, position: Position): Session {
	if (!s.site) return s;
	const metres = deviationM(s.site, position);
	const holds = metres <= s.site.fence_m;
	const known = s.deviations.find((one) => one.person === person);
	const others = s.deviations.filter((one) => one.person !== person);
	if (holds) return known ? { ...s, deviations: others } : s;
	// Reasons given for one place do not cover another.
	const covered = known && (known.overrides.length === 0 || metres <= known.metres + s.site.fence_m);
	const next = covered
		? { ...known, metres: Math.max(known.metres, metres) }
		: { person, metres, overrides: [] };
	return { ...s, deviations: [...others, next] };
}

function overridden(s: Session, event: Extract<Event, { type: "location_overridden" }>, at: number): Session {
	const { person, of, reason } = event;
	const deviations = s.deviations.map((one) => {
		const given = one.person !== of || one.overrides.some((before) => before.person === person);
		return given ? one : { ...one, overrides: [...one.overrides, { person, reason, at }] };
	});
	return { ...s, deviations };
}
