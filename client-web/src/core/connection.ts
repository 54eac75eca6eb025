// The connection to a session as a machine without I/O: bytes, clock and chance come in, effects go out.
// It says hello, resumes after the last entry seen, pings, notices silence and comes back with growing pauses.
// It does not open sockets (live/socket.ts) and does not know what entries mean (fold.ts).
import type { ClientFrame, Command, MediaRequest, Proof, Refusal, ServerFrame, Welcome } from "./commands";

export type Phase =
	| { at: "idle" }
	| { at: "connecting" }
	| { at: "greeting" }
	| { at: "replaying"; head: number }
	| { at: "online" }
	/** Lost; tries again at `retryAt` (ms). */
	| { at: "waiting"; retryAt: number; attempt: number; since: number }
	| { at: "over"; bye: Refusal };

export type Effect =
	| { do: "open" }
	| { do: "send"; frame: ClientFrame }
	| { do: "close" }
	| { do: "deliver"; frame: Exclude<ServerFrame, { pong: number } | { welcome: Welcome } | { bye: Refusal }> }
	| { do: "welcomed"; welcome: Welcome; resumed: boolean }
	| { do: "phase"; phase: Phase };

export interface Hello {
	device: string;
	seat?: string;
	companion: boolean;
}

const PING_MS = 5_000;
const SILENCE_MS = 15_000;
/** On another network a connection shows within this that it is still there, or is made anew. */
const DOUBT_MS = 1_000;
const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 5_000;
/** Ends of a connection after which coming back at once is right. */
const PASSING = ["slow", "idle", "too_fast", "internal", "restarting"];

export class Connection {
	private phase: Phase = { at: "idle" };
	private lastSeq = 0;
	private heardAt = 0;
	private pingedAt = 0;
	/** Nothing was heard since the device changed networks, at that time. */
	private doubtedAt: number | null = null;
	/** Asked before the socket was open: goes out with the hello. */
	private early: MediaRequest[] = [];
	private attempt = 0;
	private welcomedBefore = false;
	private lostSince: number | null = null;

	/** `chance` gives numbers in [0, 1): the pauses of many clients must not fall together. */
	constructor(
		private readonly hello: Hello,
		private readonly chance: () => number,
	) {}

	get state(): Phase {
		return this.phase;
	}

	start(now: number): Effect[] {
		if (this.phase.at !== "idle") return [];
		this.heardAt = now;
		return [{ do: "open" }, this.enter({ at: "connecting" })];
	}

	opened(now: number): Effect[] {
		if (this.phase.at !== "connecting") return [];
		this.heardAt = now;
		this.pingedAt = now;
		const early = this.early;
		this.early = [];
		return [
			{ do: "send", frame: { hello: { after: this.lastSeq, ...this.hello } } },
			...early.map((media): Effect => ({ do: "send", frame: { media } })),
			this.enter({ at: "greeting" }),
		];
	}

	received(frame: ServerFrame, now: number): Effect[] {
		if (this.phase.at === "over") return [];
		this.heardAt = now;
		this.doubtedAt = null;
		if ("pong" in frame) return [];
		if ("welcome" in frame) return this.welcomed(frame.welcome);
		if ("bye" in frame) return this.dismissed(frame.bye, now);
		if ("entry" in frame) {
			// The server resumes without a gap; an entry seen before must not be folded twice.
			if (frame.entry.seq <= this.lastSeq) return [];
			this.lastSeq = frame.entry.seq;
		}
		if ("caught_up" in frame) {
			this.attempt = 0;
			this.lostSince = null;
			return [this.enter({ at: "online" }), { do: "deliver", frame }];
		}
		return [{ do: "deliver", frame }];
	}

	/** The socket is gone, whoever closed it. */
	closed(now: number): Effect[] {
		if (this.phase.at === "over" || this.phase.at === "idle" || this.phase.at === "waiting") return [];
		this.lostSince ??= now;
		this.early = [];
		this.doubtedAt = null;
		const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.attempt) * (0.75 + this.chance() / 2);
		this.attempt = Math.min(this.attempt + 1, 10);
		return [
			this.enter({ at: "waiting", retryAt: now + pause, attempt: this.attempt, since: this.lostSince }),
		];
	}

	/** The browser says that it is on another network, or on one again. */
	networkChanged(now: number): Effect[] {
		if (this.phase.at === "waiting") return this.again(now);
		if (this.phase.at !== "replaying" && this.phase.at !== "online") return [];
		// A socket of the old network only falls silent; the next pong tells whether this one is of it.
		this.doubtedAt ??= now;
		return this.ping(now);
	}

	/** To be called about four times a second. */
	tick(now: number): Effect[] {
		if (this.phase.at === "waiting") return now < this.phase.retryAt ? [] : this.again(now);
		if (this.phase.at === "idle" || this.phase.at === "over") return [];
		if (this.doubtedAt !== null && now - this.doubtedAt > DOUBT_MS) {
			return [{ do: "close" }, ...this.closed(now), ...this.again(now)];
		}
		if (now - this.heardAt > SILENCE_MS) return [{ do: "close" }, ...this.closed(now)];
		if (this.phase.at === "connecting" || now - this.pingedAt < PING_MS) return [];
		return this.ping(now);
	}

	request(id: number, command: Command, factor?: Proof): Effect[] {
		return [{ do: "send", frame: { do: factor ? { id, command, factor } : { id, command } } }];
	}

	/** Needs no welcome: the server takes a socket's frames in their order. */
	media(media: MediaRequest): Effect[] {
		const { at } = this.phase;
		if (!this.welcomedBefore && (at === "idle" || at === "connecting")) this.early.push(media);
		const open = at === "greeting" || at === "replaying" || at === "online";
		return open ? [{ do: "send", frame: { media } }] : [];
	}

	stop(): Effect[] {
		this.phase = { at: "over", bye: { code: "left" } };
		return [{ do: "close" }];
	}

	private welcomed(welcome: Welcome): Effect[] {
		const resumed = this.welcomedBefore;
		this.welcomedBefore = true;
		this.hello.seat = welcome.seat;
		return [this.enter({ at: "replaying", head: welcome.head }), { do: "welcomed", welcome, resumed }];
	}

	private dismissed(bye: Refusal, now: number): Effect[] {
		if (PASSING.includes(bye.code)) return [{ do: "close" }, ...this.closed(now)];
		return [this.enter({ at: "over", bye }), { do: "close" }];
	}

	private again(now: number): Effect[] {
		this.heardAt = now;
		return [{ do: "open" }, this.enter({ at: "connecting" })];
	}

	private ping(now: number): Effect[] {
		this.pingedAt = now;
		return [{ do: "send", frame: { ping: Math.round(now) } }];
	}

	private enter(phase: Phase): Effect {
		this.phase = phase;
		return { do: "phase", phase };
	}
}
