// The part of the fold that is about persons: at the door, in the room, gone, with which media.
import type { Person, Session } from "./session";
import type { Event } from "./types";

export function foldPerson(s: Session, event: Event): Session {
	switch (event.type) {
		case "arrived":
			return arrived(s, event);
		case "device_added":
			return withPerson(s, event.person, { devices: event.number });
		case "notice_acknowledged":
			return withPerson(s, event.person, { notice: "acknowledged" });
		case "notice_refused":
			return withPerson(s, event.person, { notice: "refused" });
		case "identity_check_begun":
			return { ...withPerson(s, event.person, { identity: "checking" }), checking: event.person };
		case "identity_check_stopped":
			return { ...withPerson(s, event.person, { identity: "unchecked" }), checking: undefined };
		case "identity_checked":
			return {
				...withPerson(s, event.person, {
					identity: "checked",
					identityMethod: event.method,
					lastFour: event.last_four,
				}),
				checking: s.checking === event.person ? undefined : s.checking,
			};
		case "admitted":
			return withPerson(s, event.person, { admitted: true });
		case "credential_shown":
			return withPerson(s, event.person, { credentialShown: true, onSite: event.whereabouts === "on_site" });
		case "whereabouts_changed":
			return withPerson(s, event.person, { onSite: event.whereabouts === "on_site" });
		case "departed":
			return departed(s, event.person);
		case "connection_lost":
			return withPerson(s, event.person, { connected: false, ...SILENT });
		case "connection_restored":
			return withPerson(s, event.person, { here: true, connected: true });
		case "media_changed": {
			const { microphone, camera, screen } = event;
			return withPerson(s, event.person, { microphone, camera, screen });
		}
		case "hand_raised":
			return withPerson(s, event.person, { hand: true });
		case "hand_lowered":
			return withPerson(s, event.person, { hand: false });
		default:
			return s;
	}
}

const SILENT = { microphone: false, camera: false, screen: false };

/** The same seat again is the same joining; another seat is a new one and is checked again (R18). */
function arrived(s: Session, event: Extract<Event, { type: "arrived" }>): Session {
	const before = s.people[event.person];
	const base = before?.here && before.seat === event.seat ? s : departed(s, event.person);
	return withPerson(base, event.person, {
		seat: event.seat,
		device: event.device,
		here: true,
		connected: true,
		...SILENT,
	});
}

/** Who leaves comes back through the door, with everything that it asks (R18, R19). */
function departed(s: Session, person: string): Session {
	const gone = withPerson(s, person, {
		here: false,
		connected: false,
		notice: "pending",
		admitted: false,
		identity: "unchecked",
		credentialShown: false,
		onSite: false,
		hand: false,
		...SILENT,
	});
	return s.checking === person ? { ...gone, checking: undefined } : gone;
}

function withPerson(s: Session, id: string, change: Partial<Person>): Session {
	const person = s.people[id];
	return person ? { ...s, people: { ...s.people, [id]: { ...person, ...change } } } : s;
}
