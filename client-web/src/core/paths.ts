// When a path of media is mended, and how. First by ICE alone (RFC 8445 section 9), which keeps seat, tracks and recording;
// where that does not help, by a new connection. Pure: states and clock come in, steps go out.

/** As browsers name the states of a peer connection. */
export type PathState = "new" | "connecting" | "connected" | "disconnected" | "failed" | "closed";
/** `restart`: ICE begins anew on the same connection. `replace`: another connection. */
export type Step = "restart" | "replace";

/** A short disturbance heals by itself; browsers call a path failed only after half a minute, ms. */
const PATIENCE_MS = 1_500;
/** How long a restart may take until the connection is replaced; longer each time. */
const RESTART_MS = 3_000;
const LONGEST_MS = 12_000;
/** How long a new connection may take. */
const CONNECT_MS = 10_000;
/** A relay that cannot take us is asked once a second. */
const REFUSED_MS = 1_000;

export class PathKeeper {
	private state: PathState = "closed";
	/** `spared`: not if the path is there by then. */
	private due: { at: number; step: Step; spared?: boolean } | null = null;
	private held = false;
	private tries = 0;

	/** A new connection was begun, or asked for. */
	begun(now: number): void {
		this.state = "new";
		this.due = { at: now + Math.max(CONNECT_MS, this.patience()), step: "replace" };
	}

	ended(): void {
		this.state = "closed";
		this.due = null;
		this.tries = 0;
	}

	told(state: PathState, now: number): void {
		this.state = state;
		if (state === "connected") {
			this.due = null;
			this.tries = 0;
		} else if (state === "disconnected") this.soon(now + PATIENCE_MS, "restart");
		else if (state === "failed") this.soon(now, this.tries === 0 ? "restart" : "replace");
	}

	/** The device is on another network, or on one again. */
	networkChanged(now: number): void {
		if (this.state !== "closed") this.soon(now, this.state === "new" ? "replace" : "restart");
	}

	/** The relay did not take what was asked of it. */
	refused(now: number): void {
		this.due = { at: now + REFUSED_MS, step: "replace" };
	}

	/** While there is no way to say anything, nothing is begun; what is overdue then comes at once. */
	hold(held: boolean): void {
		this.held = held;
	}

	get connected(): boolean {
		return this.state === "connected";
	}
	/** People see a frozen picture, or none. */
	get broken(): boolean {
		return this.state === "failed" || (this.tries > 0 && !this.connected && this.state !== "closed");
	}

	/** To be called about four times a second. */
	poll(now: number): Step | null {
		if (this.held || !this.due || now < this.due.at) return null;
		const { step, spared } = this.due;
		if (spared && this.connected) {
			// The restart after a change of network went through without a break.
			this.due = null;
			this.tries = 0;
			return null;
		}
		this.due = { at: now + this.patience(), step: "replace", spared: true };
		this.tries++;
		return step;
	}

	private soon(at: number, step: Step): void {
		if (!this.due || at < this.due.at) this.due = { at, step };
	}

	private patience(): number {
		return Math.min(LONGEST_MS, RESTART_MS * 2 ** this.tries);
	}
}
