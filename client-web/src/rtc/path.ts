// Tells when a peer connection's path is gone for good. A short disturbance heals by itself; the browser calls a path
// failed only after half a minute, which is too long for people who look at a frozen picture.

const PATIENCE_MS = 2_000;

export function watchPath(pc: RTCPeerConnection, onLost: () => void): void {
	let timer = 0;
	pc.addEventListener("connectionstatechange", () => {
		window.clearTimeout(timer);
		if (pc.connectionState === "failed") onLost();
		if (pc.connectionState === "disconnected") timer = window.setTimeout(onLost, PATIENCE_MS);
	});
}
