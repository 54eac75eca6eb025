// How each source is encoded: the layers of a camera, and sound that carries its past.

import type { TrackSource } from "@/core/commands";
import { layersOf } from "@/core/layers";

/** bit/s; enough for the picture size that the constraints ask for. */
const BITRATE: Record<TrackSource, number> = { microphone: 40_000, camera: 700_000, screen: 1_500_000 };
const SITE_CAMERA_BITRATE = 1_500_000;

export function bitrate(source: TrackSource, site: boolean): number {
	return source === "camera" && site ? SITE_CAMERA_BITRATE : BITRATE[source];
}

/** Chromium from 90 on, which alone has this and which is known to send layers as it was asked to. */
const SENDS_LAYERS = "userAgentData" in navigator;

/** What to send of a track: a camera in layers where the browser can, everything else once. */
export function encodingsOf(
	source: TrackSource,
	track: MediaStreamTrack,
	site: boolean,
): RTCRtpEncodingParameters[] {
	const maxBitrate = bitrate(source, site);
	const { width = 0, height = 0 } = track.getSettings();
	const layers = source === "camera" && SENDS_LAYERS ? layersOf(width, height, maxBitrate) : [];
	return layers.length > 0 ? layers : [{ maxBitrate }];
}

/** Opus with its past in each packet (RED, RFC 2198) before Opus alone: a lost packet then costs nothing. */
export function preferRed(transceiver: RTCRtpTransceiver): void {
	const codecs = RTCRtpSender.getCapabilities?.("audio")?.codecs ?? [];
	const red = codecs.filter((codec) => codec.mimeType.toLowerCase() === "audio/red");
	if (red.length === 0 || !transceiver.setCodecPreferences) return;
	transceiver.setCodecPreferences([...red, ...codecs.filter((codec) => !red.includes(codec))]);
}
