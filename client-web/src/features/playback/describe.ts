// One line for an act: who did what. Words from the locale, names and codes from the journal.
import { caseOf, nameOf } from "@/core/roles";
import type { Mark, Session } from "@/core/session";

interface Translator {
	t: (key: string, values?: Record<string, string>) => string;
}

export function describe(i18n: Translator, session: Session, mark: Mark): string {
	const values = {
		name: nameOf(session, mark.person),
		subject: quote(mark.subject ?? ""),
		result: mark.result ? i18n.t(`state.${mark.result}`) : "",
	};
	const line = i18n.t(`act.${mark.type}`, values).trim();
	const of = caseOf(session, mark.case);
	return of === undefined ? line : i18n.t("act.ofCase", { of, line });
}

function quote(text: string): string {
	const line = text.replace(/\s+/g, " ");
	return line.length > 48 ? `${line.slice(0, 48)}…` : line;
}
