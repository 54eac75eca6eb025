import { beforeEach, describe, expect, it } from "vitest";
import type { ServerFrame } from "@/core/commands";
import { Connection, type Effect } from "@/core/connection";
import { Requests } from "@/core/requests";
import { surveyed } from "./fixture";

const WELCOME: ServerFrame = {
	welcome: {
		session: "s-1",
		person: "p-chair",
		seat: "seat-1",
		roles: ["chair"],
		head: 3,
		now: 0,
		relay: { ice_servers: [] },
	},
};
const entries = surveyed().entries;
const entry = (seq: number): ServerFrame => ({ entry: entries[seq - 1]! });
const kinds = (effects: Effect[]) => effects.map((effect) => effect.do);

describe("the connection, in virtual time", () => {
	let connection: Connection;
	beforeEach(() => {
		connection = new Connection({ device: "test", companion: false }, () => 0.5);
	});

	function goOnline(at = 0): void {
		connection.start(at);
		connection.opened(at);
		connection.received(WELCOME, at);
		for (const seq of [1, 2, 3]) connection.received(entry(seq), at);
		connection.received({ caught_up: { head: 3 } }, at);
	}

	it("opens, says hello and is online when it caught up", () => {
		expect(kinds(connection.start(0))).toEqual(["open", "phase"]);
		const hello = connection.opened(1)[0];
		expect(hello).toEqual({ do: "send", frame: { hello: { after: 0, device: "test", companion: false } } });
		expect(connection.received(WELCOME, 2).find((effect) => effect.do === "welcomed")).toMatchObject({
			resumed: false,
		});
		expect(connection.state.at).toBe("replaying");
		connection.received({ caught_up: { head: 0 } }, 3);
		expect(connection.state.at).toBe("online");
	});

	it("resumes after the last entry with the seat it held", () => {
		goOnline();
		connection.received(entry(4), 10);
		connection.closed(1_000);
		expect(connection.state).toMatchObject({ at: "waiting", retryAt: 1_300 });
		expect(connection.tick(1_299)).toEqual([]);
		expect(kinds(connection.tick(1_300))).toEqual(["open", "phase"]);
		expect(connection.opened(1_310)[0]).toMatchObject({ frame: { hello: { after: 4, seat: "seat-1" } } });
		expect(connection.received(WELCOME, 1_320).find((effect) => effect.do === "welcomed")).toMatchObject({
			resumed: true,
		});
	});

	it("delivers no entry twice", () => {
		goOnline();
		expect(connection.received(entry(3), 5)).toEqual([]);
		expect(kinds(connection.received(entry(4), 5))).toEqual(["deliver"]);
	});

	it("pings every five seconds and gives up a silent connection after fifteen", () => {
		goOnline();
		const sent: number[] = [];
		for (let now = 250; now <= 20_000 && connection.state.at === "online"; now += 250) {
			for (const effect of connection.tick(now)) if (effect.do === "send") sent.push(now);
		}
		expect(sent).toEqual([5_000, 10_000, 15_000]);
		expect(connection.state).toMatchObject({ at: "waiting" });
	});

	it("waits longer each time, at most five seconds and a quarter more", () => {
		goOnline();
		const pauses: number[] = [];
		let now = 1_000;
		for (let i = 0; i < 8; i++) {
			connection.closed(now);
			if (connection.state.at !== "waiting") throw new Error("not waiting");
			pauses.push(connection.state.retryAt - now);
			now = connection.state.retryAt;
			connection.tick(now);
		}
		expect(pauses).toEqual([300, 600, 1_200, 2_400, 4_800, 5_000, 5_000, 5_000]);
	});

	it("tries at once when the network is back", () => {
		goOnline();
		connection.closed(1_000);
		expect(kinds(connection.networkChanged(1_001))).toEqual(["open", "phase"]);
	});

	it("comes back after a passing end and stays away after a final one", () => {
		goOnline();
		connection.received({ bye: { code: "slow" } }, 10);
		expect(connection.state.at).toBe("waiting");
		goOnline(2_000);
		connection.tick(3_000);
		connection.opened(3_000);
		connection.received(WELCOME, 3_000);
		connection.received({ bye: { code: "revoked" } }, 3_010);
		expect(connection.state).toMatchObject({ at: "over", bye: { code: "revoked" } });
		expect(connection.tick(60_000)).toEqual([]);
		expect(connection.closed(60_000)).toEqual([]);
	});

	it("asks for media right behind its hello, in the order of asking", () => {
		connection.start(0);
		expect(connection.media({ restart: { half: "down" } })).toEqual([]);
		const sent = connection.opened(5).flatMap((effect) => (effect.do === "send" ? [effect.frame] : []));
		expect(sent).toEqual([
			{ hello: { after: 0, device: "test", companion: false } },
			{ media: { restart: { half: "down" } } },
		]);
		expect(kinds(connection.media({ restart: { half: "up" } }))).toEqual(["send"]);
	});

	it("keeps no media request over a break: what is needed then is known after the welcome", () => {
		goOnline();
		connection.closed(1_000);
		connection.networkChanged(1_001);
		connection.media({ restart: { half: "down" } });
		expect(kinds(connection.opened(1_002))).toEqual(["send", "phase"]);
	});

	it("doubts its socket on another network, and keeps it if it answers", () => {
		goOnline();
		expect(kinds(connection.networkChanged(1_000))).toEqual(["send"]);
		connection.received({ pong: 1_000 }, 1_300);
		expect(connection.tick(2_500)).toEqual([]);
	});

	it("comes back on another network within a second and a quarter, not after fifteen of silence", () => {
		goOnline();
		connection.networkChanged(1_000);
		expect(connection.tick(2_000)).toEqual([]);
		expect(kinds(connection.tick(2_250))).toEqual(["close", "phase", "open", "phase"]);
		expect(connection.state.at).toBe("connecting");
	});
});

describe("commands under way", () => {
	it("are answered by their number", async () => {
		const requests = new Requests();
		const first = requests.add();
		const second = requests.add();
		requests.refuse(second.id, { code: "not_allowed" });
		requests.done(first.id, 44);
		expect(await first.outcome).toEqual({ seq: 44 });
		expect(await second.outcome).toEqual({ code: "not_allowed" });
	});

	it("are answered as unknown when the connection breaks", async () => {
		const requests = new Requests();
		const { outcome } = requests.add();
		requests.abandon();
		expect(await outcome).toEqual({ code: "unanswered" });
	});
});
