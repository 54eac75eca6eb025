// The lines of the table of connections: the server's figures and what this end alone knows, by person and stream.
import type { Figures, Reception } from "@/core/figures";
import { leadRole, peopleOf } from "@/core/roles";
import type { Session } from "@/core/session";
import type { Role } from "@/core/types";
import type { Schemas } from "@/live/call";

export interface Line {
	seat: string;
	name: string;
	role?: Role;
	own: boolean;
	rttMs: number | null;
	halves: { half: "up" | "down"; figures: Schemas["HalfConnection"] }[];
	streams: { source: string; figures: Schemas["TrackConnection"]; reception?: Reception }[];
}

/** In the order of call; machines and whoever is not in the list of people after them. */
export function linesOf(
	session: Session | null,
	connections: Schemas["Connections"],
	figures: Figures | null,
	ownSeat: string | undefined,
): Line[] {
	const people = session ? peopleOf(session).filter((person) => person.here) : [];
	const place = (seat: string) => {
		const at = people.findIndex((person) => person.seat === seat);
		return at < 0 ? people.length : at;
	};
	const lines = connections.seats.map((one): Line => {
		const at = people.filter((person) => person.seat === one.seat);
		const halves = (["up", "down"] as const).flatMap((half) => {
			const of = one[half];
			return of ? [{ half, figures: of }] : [];
		});
		const streams = one.tracks.map((track) => ({
			source: track.source,
			figures: track,
			reception: figures?.received.find((of) => of.seat === one.seat && of.source === track.source),
		}));
		return {
			seat: one.seat,
			name: at.map((person) => person.name).join(" · ") || one.seat,
			role: at[0] && leadRole(at[0]),
			own: one.seat === ownSeat,
			rttMs: one.rtt_ms ?? null,
			halves,
			streams,
		};
	});
	return lines.sort((a, b) => place(a.seat) - place(b.seat));
}
