// Why a tile has no picture. Pure; the tile only says it.
import type { Person } from "./session";
import type { PictureSource } from "./views";

/**
 * `away`: the person's connection is lost. `off`: not sent. `narrow`: the way to this screen is too narrow for
 * pictures. `coming`: sent, and not here yet.
 */
export type Darkness = "away" | "off" | "narrow" | "coming";

export function whyDark(
	person: Person,
	source: PictureSource,
	screen: { quality: string | undefined; audioOnly: boolean; has: boolean },
): Darkness | null {
	if (!person.connected || screen.quality === "lost") return "away";
	const sent = source === "camera" ? person.camera : person.screen;
	// At the door nothing is journalled of a person's media: the identity check shows what comes.
	if (!sent && person.admitted) return "off";
	if (screen.audioOnly) return "narrow";
	return screen.has || !sent ? null : "coming";
}
