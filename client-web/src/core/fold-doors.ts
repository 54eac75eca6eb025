// The part of the fold that is about machines: named sources and walls that came in by a token (docs/protocol/doors.md).
// Mirrors server/domain/src/session/doors.rs.
import type { Machine, Session } from "./session";
import type { Event, SeatId } from "./types";

export function foldDoors(s: Session, event: Event): Session {
	switch (event.type) {
		case "media_token_issued": {
			const { token: seat, name, direction, person } = event;
			if (s.machines.some((one) => one.seat === seat)) return s;
			const machine = { seat, name, direction, person, revoked: false, connected: false };
			return { ...s, machines: [...s.machines, machine] };
		}
		case "media_token_revoked":
			return change(s, event.token, { revoked: true });
		case "media_connected":
			return change(s, event.token, { connected: true });
		case "media_disconnected":
			return change(s, event.token, { connected: false });
		default:
			return s;
	}
}

function change(s: Session, seat: SeatId, to: Partial<Machine>): Session {
	return { ...s, machines: s.machines.map((one) => (one.seat === seat ? { ...one, ...to } : one)) };
}

/** The named sources that are there now: each is a tile, whose tracks come under its seat. */
export function sourcesOf(s: Session): Machine[] {
	return s.machines.filter((one) => one.direction === "publish" && one.connected);
}
