// How moments and spans are written: Asia/Shanghai whatever the device thinks, tabular, no seconds where none are needed.

const ZONE = "Asia/Shanghai";

function parts(us: number): Record<string, string> {
	const format = new Intl.DateTimeFormat("en-GB", {
		timeZone: ZONE,
		year: "numeric",
		month: "2-digit",
		day: "2-digit",
		hour: "2-digit",
		minute: "2-digit",
		second: "2-digit",
		hour12: false,
	});
	return Object.fromEntries(format.formatToParts(us / 1000).map((part) => [part.type, part.value]));
}

/** `2026-11-24 15:02` */
export function moment(us: number): string {
	const p = parts(us);
	return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`;
}
/** `15:02:07` */
export function time(us: number): string {
	const p = parts(us);
	return `${p.hour}:${p.minute}:${p.second}`;
}
/** `00:23:41` of a span in ms. */
export function span(ms: number): string {
	const seconds = Math.max(0, Math.floor(ms / 1000));
	const two = (value: number) => String(value).padStart(2, "0");
	return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
