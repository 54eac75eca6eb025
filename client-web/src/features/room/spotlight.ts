// Whose picture fills the stage. Calm by design: what a person pinned, then what is shared, then the site; the voice
// alone moves nothing while the site is in the picture.
import { has, inRoom, personAt } from "@/core/roles";
import type { Session } from "@/core/session";
import type { PersonId } from "@/core/types";

export interface Light {
	person: PersonId;
	source: "camera" | "screen";
}

export function spotlight(
	session: Session,
	wish: { pinned: PersonId | null; speaking: string | null; me?: PersonId },
): Light | null {
	const room = inRoom(session);
	const pinned = room.find((person) => person.person === wish.pinned);
	if (pinned) return { person: pinned.person, source: pinned.screen ? "screen" : "camera" };
	const sharing =
		room.find((person) => person.screen && person.person !== wish.me) ?? room.find((p) => p.screen);
	if (sharing) return { person: sharing.person, source: "screen" };
	const site = room.find((person) => has(person, "surveyor") && person.camera);
	if (site) return { person: site.person, source: "camera" };
	const voice = wish.speaking === null ? undefined : personAt(session, wish.speaking);
	const anyone = voice?.admitted && voice.camera ? voice : room.find((person) => person.camera);
	return anyone ? { person: anyone.person, source: "camera" } : null;
}
