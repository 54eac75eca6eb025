// Cameras, microphones and speakers of this device. What is refused comes back as a reason, never as an exception.

export type DeviceFault = "denied" | "none" | "busy" | "unsupported";
export type Picked<T> = { ok: T } | { fault: DeviceFault };

export interface Choice {
	camera?: string;
	microphone?: string;
	speaker?: string;
}

/** `site`: the picture under review is taken with this device, so it looks outward and is larger. */
export async function openCamera(site: boolean, deviceId?: string): Promise<Picked<MediaStreamTrack>> {
	const size = site ? { width: 1280, height: 720 } : { width: 640, height: 360 };
	const facing: MediaTrackConstraints = site ? { facingMode: { ideal: "environment" } } : {};
	const video: MediaTrackConstraints = {
		width: { ideal: size.width },
		height: { ideal: size.height },
		frameRate: { ideal: 15 },
		...(deviceId ? { deviceId: { exact: deviceId } } : facing),
	};
	return first(() => navigator.mediaDevices.getUserMedia({ video }));
}

export async function openMicrophone(deviceId?: string): Promise<Picked<MediaStreamTrack>> {
	const audio: MediaTrackConstraints = {
		echoCancellation: true,
		noiseSuppression: true,
		autoGainControl: true,
		...(deviceId ? { deviceId: { exact: deviceId } } : {}),
	};
	return first(() => navigator.mediaDevices.getUserMedia({ audio }));
}

export async function openScreen(): Promise<Picked<MediaStreamTrack>> {
	if (typeof navigator.mediaDevices?.getDisplayMedia !== "function") return { fault: "unsupported" };
	const picked = await first(() =>
		navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 10 } } }),
	);
	// What is shared is read: sharp before smooth.
	if ("ok" in picked && "contentHint" in picked.ok) picked.ok.contentHint = "detail";
	return picked;
}

export interface Devices {
	cameras: MediaDeviceInfo[];
	microphones: MediaDeviceInfo[];
	speakers: MediaDeviceInfo[];
}

export async function listDevices(): Promise<Devices> {
	const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
	const of = (kind: MediaDeviceKind) =>
		all.filter((device) => device.kind === kind && device.deviceId !== "");
	return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
}

async function first(open: () => Promise<MediaStream>): Promise<Picked<MediaStreamTrack>> {
	if (!navigator.mediaDevices) return { fault: "unsupported" };
	try {
		const track = (await open()).getTracks()[0];
		return track ? { ok: track } : { fault: "none" };
	} catch (error) {
		return { fault: faultOf(error) };
	}
}

function faultOf(error: unknown): DeviceFault {
	const name = error instanceof DOMException ? error.name : "";
	if (name === "NotAllowedError" || name === "SecurityError") return "denied";
	if (name === "NotReadableError" || name === "AbortError") return "busy";
	return "none";
}
