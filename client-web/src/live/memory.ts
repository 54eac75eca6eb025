// What a tab remembers over a reload: the seat it held and the choice of devices. Nothing personal.
import type { Choice } from "@/rtc/devices";

export interface Preparation {
	choice: Choice;
	camera: boolean;
	microphone: boolean;
}

export function recallSeat(session: string): string | undefined {
	return read(`seat:${session}`) ?? undefined;
}
export function rememberSeat(session: string, seat: string): void {
	write(`seat:${session}`, seat);
}

/** Present once the device check was passed in this tab: a reload goes straight back. */
export function recallPreparation(session: string): Preparation | null {
	const text = read(`prepared:${session}`);
	return text ? (JSON.parse(text) as Preparation) : null;
}
export function rememberPreparation(session: string, preparation: Preparation): void {
	write(`prepared:${session}`, JSON.stringify(preparation));
}

// Storage may be forbidden (private windows, embedded browsers): then a reload only asks again.
function read(key: string): string | null {
	try {
		return sessionStorage.getItem(key);
	} catch {
		return null;
	}
}
function write(key: string, value: string): void {
	try {
		sessionStorage.setItem(key, value);
	} catch {
		// Forgetting is the only harm.
	}
}
