// A plain check of the way to the server: a few small round trips, and whether media can be sent at all.

export interface NetworkCheck {
	verdict: "good" | "slow" | "bad";
	roundTripMs: number;
}

const TRIPS = 5;

export async function checkNetwork(): Promise<NetworkCheck> {
	const times: number[] = [];
	for (let trip = 0; trip < TRIPS; trip++) {
		const begin = performance.now();
		const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null);
		if (answer?.ok) times.push(performance.now() - begin);
	}
	const middle = times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
	if (middle === undefined || typeof RTCPeerConnection === "undefined")
		return { verdict: "bad", roundTripMs: 0 };
	return { verdict: middle < 150 ? "good" : "slow", roundTripMs: Math.max(1, Math.round(middle)) };
}
