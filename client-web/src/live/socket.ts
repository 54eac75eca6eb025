// Gives the Connection machine its socket, its clock and its chance. No decisions here.
import type { Command, MediaRequest, Proof, ServerFrame } from "@/core/commands";
import { Connection, type Effect, type Hello } from "@/core/connection";
import { watchNetwork } from "@/rtc/path";

export type Deliver = (effect: Exclude<Effect, { do: "open" | "send" | "close" }>) => void;

export class Socket {
	private readonly machine: Connection;
	private ws: WebSocket | null = null;
	private timer = 0;
	private unwatch: () => void = () => undefined;

	constructor(
		private readonly url: string,
		hello: Hello,
		private readonly deliver: Deliver,
	) {
		this.machine = new Connection(hello, Math.random);
	}

	start(): void {
		this.timer = window.setInterval(() => this.run(this.machine.tick(performance.now())), 250);
		this.unwatch = watchNetwork(() => this.run(this.machine.networkChanged(performance.now())));
		this.run(this.machine.start(performance.now()));
	}

	request(id: number, command: Command, factor?: Proof): void {
		this.run(this.machine.request(id, command, factor));
	}

	media(request: MediaRequest): void {
		this.run(this.machine.media(request));
	}

	stop(): void {
		window.clearInterval(this.timer);
		this.unwatch();
		this.run(this.machine.stop());
	}

	private run(effects: Effect[]): void {
		for (const effect of effects) {
			if (effect.do === "open") this.open();
			else if (effect.do === "send") this.write(JSON.stringify(effect.frame));
			else if (effect.do === "close") this.drop();
			else this.deliver(effect);
		}
	}

	private write(text: string): void {
		if (this.ws?.readyState === WebSocket.OPEN) this.ws.send(text);
	}

	private open(): void {
		this.drop();
		const ws = new WebSocket(this.url);
		this.ws = ws;
		ws.onopen = () => this.run(this.machine.opened(performance.now()));
		ws.onclose = () => {
			if (this.ws === ws) this.run(this.machine.closed(performance.now()));
		};
		ws.onmessage = (message) => {
			if (this.ws !== ws || typeof message.data !== "string") return;
			this.run(this.machine.received(JSON.parse(message.data) as ServerFrame, performance.now()));
		};
	}

	/** A socket that was let go no longer reports. */
	private drop(): void {
		const ws = this.ws;
		this.ws = null;
		ws?.close();
	}
}
