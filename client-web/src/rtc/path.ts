// Tells the states of a peer connection's path to whoever mends it (core/paths.ts), and when the device changes networks.
import type { PathState } from "@/core/paths";

export function watchPath(pc: RTCPeerConnection, tell: (state: PathState) => void): void {
	pc.addEventListener("connectionstatechange", () => tell(pc.connectionState));
}

interface NetworkInformation extends EventTarget {
	type?: string;
}

/** Chromium on Android alone knows the kind of network; all know whether there is one. */
export function watchNetwork(changed: () => void): () => void {
	const network = (navigator as Navigator & { connection?: NetworkInformation }).connection;
	let kind = network?.type;
	// It also tells each estimate of the speed: that is no other network.
	const onChange = () => {
		if (network?.type === kind) return;
		kind = network?.type;
		if (kind !== "none") changed();
	};
	window.addEventListener("online", changed);
	network?.addEventListener("change", onChange);
	return () => {
		window.removeEventListener("online", changed);
		network?.removeEventListener("change", onChange);
	};
}
