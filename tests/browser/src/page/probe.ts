// Runs inside each page, before the product's own script: watches what the person at this screen sees and hears, and
// nothing else. It reads the <video> elements that the product drew and the audio that it plays.
import type { beepFinder, Seen } from "../known/decode.ts";

/** One frame that a screen showed: when (epoch ms), on whose tile, what it said. */
export interface ShownFrame {
  at: number;
  tile: string;
  /** Which <video> element of the page, in order of appearance. */
  element: number;
  own: boolean;
  seen: Seen | "bad" | null;
}

/** One beep: when (epoch ms), whose tone; `own` from this page's microphone, else from what is played here. */
export interface HeardBeep {
  at: number;
  tone: number;
  own: boolean;
}

export interface Drained {
  frames: ShownFrame[];
  beeps: HeardBeep[];
  /** Frames that the browser presented and the callback missed. */
  missed: number;
  /** What the person pressed, epoch ms. */
  clicks: { at: number; label: string }[];
  /** When the announcement stood on this screen, epoch ms. */
  announcements: number[];
}

export interface Probe {
  /** Whether pictures are read; reading costs about as much as decoding, so it is done where something is measured. */
  looking: boolean;
  drain(): Drained;
  counts(): Promise<{ received: Record<string, number>; sent: number }>;
}

declare global {
  interface Window {
    __probe: Probe;
    __decode: { cells: (luma: (i: number) => number) => Seen | "bad" | null; tones: number[]; finder: typeof beepFinder };
  }
}

export function installProbe(): void {
  if (!navigator.mediaDevices) return; // about:blank on the way
  const frames: ShownFrame[] = [];
  const beeps: HeardBeep[] = [];
  const clicks: Drained["clicks"] = [];
  const announcements: number[] = [];
  const live = new Set<RTCPeerConnection>();
  let missed = 0;
  const epoch = (time: number): number => performance.timeOrigin + time;

  let elements = 0;
  const watch = (video: HTMLVideoElement): void => {
    const element = elements++;
    const canvas = document.createElement("canvas");
    canvas.width = 64;
    canvas.height = 36;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    let presented = 0;
    const step = (now: number, meta: VideoFrameCallbackMetadata): void => {
      if (presented && meta.presentedFrames > presented + 1) missed += meta.presentedFrames - presented - 1;
      presented = meta.presentedFrames;
      video.requestVideoFrameCallback(step);
      if (!window.__probe.looking) return;
      const own = video.dataset["own"] === "true" || localOf(video);
      context?.drawImage(video, 0, 0, 64, 36);
      const pixels = context?.getImageData(0, 0, 64, 36).data;
      const seen = pixels ? window.__decode.cells((i) => pixels[i * 4 + 1] ?? 0) : null;
      const time = own && meta.captureTime ? meta.captureTime : now;
      frames.push({ at: epoch(time), tile: tileOf(video), element, own, seen });
    };
    video.requestVideoFrameCallback(step);
  };
  const tileOf = (video: HTMLVideoElement): string =>
    video.closest<HTMLElement>("[data-testid=tile]")?.dataset["person"] ?? video.dataset["person"] ?? "";
  const localTracks = new WeakSet<MediaStreamTrack>();
  const localOf = (video: HTMLVideoElement): boolean => {
    const stream = video.srcObject;
    return stream instanceof MediaStream && stream.getVideoTracks().some((track) => localTracks.has(track));
  };

  // Sound: one listener for the own microphone, one for everything that this page plays. A script processor, though
  // deprecated, needs no module to be loaded, so the product's content security policy stays in force.
  const hearing = new WeakSet<MediaStreamTrack>();
  let ears: { context: AudioContext; own: AudioNode; played: AudioNode } | undefined;
  const makeEars = (): { context: AudioContext; own: AudioNode; played: AudioNode } => {
    // Listens only: without a sink it costs the audio service nothing.
    const silent = { sinkId: { type: "none" } } as AudioContextOptions;
    const context = new AudioContext({ latencyHint: "playback", ...silent });
    setInterval(() => context.state === "suspended" && void context.resume(), 500);
    return { context, own: ear(context, true), played: ear(context, false) };
  };
  const ear = (context: AudioContext, own: boolean): AudioNode => {
    const node = context.createScriptProcessor(2048, 1, 1);
    const finder = window.__decode.finder(window.__decode.tones, context.sampleRate);
    const length = 2048 / context.sampleRate;
    const starts: number[] = [];
    let buffers = 0;
    node.onaudioprocess = (event) => {
      // Buffers come when the main thread has time; the earliest of the last second tells where buffer 0 would stand.
      starts.push(performance.now() / 1000 - (buffers + 1) * length);
      if (starts.length > 24) starts.shift();
      for (const [tone, sample] of finder.push(event.inputBuffer.getChannelData(0))) {
        beeps.push({ at: epoch(1000 * (Math.min(...starts) + sample / context.sampleRate)), tone, own });
      }
      buffers++;
    };
    node.connect(context.destination);
    return node;
  };
  const hear = (track: MediaStreamTrack, own: boolean): void => {
    if (hearing.has(track)) return;
    hearing.add(track);
    ears ??= makeEars();
    ears.context.createMediaStreamSource(new MediaStream([track])).connect(own ? ears.own : ears.played);
  };

  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    for (const track of stream.getTracks()) {
      if (track.kind === "video") localTracks.add(track);
      else hear(track, true);
    }
    return stream;
  };
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = new Proxy(Real, {
    construct(target, args) {
      const pc: RTCPeerConnection = Reflect.construct(target, args);
      live.add(pc);
      return pc;
    },
  });

  const known = new WeakSet<HTMLVideoElement>();
  const scan = (): void => {
    for (const video of document.querySelectorAll("video")) {
      // The large picture shows once more what a tile shows; a recording that is played back is not what is live.
      const again = ["spotlight", "recorded", "approver"].includes(video.dataset["testid"] ?? "");
      if (again || known.has(video) || !("requestVideoFrameCallback" in video)) continue;
      known.add(video);
      watch(video);
    }
    for (const media of document.querySelectorAll<HTMLMediaElement>("audio, video")) {
      const stream = media.srcObject;
      if (media.muted || media.paused || !(stream instanceof MediaStream)) continue;
      for (const track of stream.getAudioTracks()) hear(track, false);
    }
  };
  addEventListener(
    "click",
    ({ target, timeStamp }) => {
      const pressed = target instanceof Element ? (target.closest("button, a, label, [role]") ?? target) : null;
      clicks.push({ at: epoch(timeStamp), label: pressed?.getAttribute("aria-label") ?? pressed?.textContent?.trim() ?? "" });
    },
    { capture: true },
  );
  // An announcement counts from the moment at which a frame with it in it has been drawn.
  let announced = false;
  const lookForAnnouncement = (): void => {
    const there = (document.querySelector("[data-testid=announcement]")?.getClientRects().length ?? 0) > 0;
    if (there && !announced) requestAnimationFrame(() => announcements.push(epoch(performance.now())));
    announced = there;
  };
  new MutationObserver(lookForAnnouncement).observe(document, { childList: true, subtree: true, attributes: true });
  new MutationObserver(scan).observe(document, { childList: true, subtree: true });
  setInterval(scan, 250);

  window.__probe = {
    looking: true,
    drain: () => {
      const out = {
        frames: frames.splice(0),
        beeps: beeps.splice(0),
        missed,
        clicks: clicks.splice(0),
        announcements: announcements.splice(0),
      };
      missed = 0;
      return out;
    },
    counts: async () => {
      const received: Record<string, number> = {};
      let sent = 0;
      for (const pc of live) {
        if (pc.connectionState === "closed") continue;
        for (const stat of (await pc.getStats()).values()) {
          if (stat.kind !== "video") continue;
          if (stat.type === "inbound-rtp") received[stat.trackIdentifier] = stat.framesDecoded ?? 0;
          if (stat.type === "outbound-rtp") sent += stat.framesSent ?? 0;
        }
      }
      return { received, sent };
    },
  };
}
