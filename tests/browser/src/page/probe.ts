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
  /**
   * What is watched at present. Watching is not free, and nobody but us carries that cost: pictures and sound are watched one after the other, and neither where nothing is measured.
   */
  watch(what: "pictures" | "sound" | "both" | "nothing"): void;
  drain(): Drained;
  counts(): Promise<{ received: Record<string, number>; sent: number }>;
}

/** Chromium's; not yet in TypeScript's library. */
declare class MediaStreamTrackProcessor<T> {
  constructor(init: { track: MediaStreamTrack; maxBufferSize?: number });
  readonly readable: ReadableStream<T>;
}

declare global {
  interface Window {
    __probe: Probe;
    __decode: (luma: (i: number) => number) => Seen | "bad" | null;
    __beeps: (rate: number) => ReturnType<typeof beepFinder>;
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

  let looking = true;
  /** Elements that are not looked at until looking begins again. */
  const unseen: (() => void)[] = [];
  let elements = 0;
  const watch = (video: HTMLVideoElement): void => {
    const element = elements++;
    let presented = 0;
    const step = (now: number, meta: VideoFrameCallbackMetadata): void => {
      if (presented && meta.presentedFrames > presented + 1) missed += meta.presentedFrames - presented - 1;
      presented = meta.presentedFrames;
      next();
      const own = video.dataset["own"] === "true" || localOf(video);
      const time = own && meta.captureTime ? meta.captureTime : now;
      const frame: ShownFrame = { at: epoch(time), tile: tileOf(video), element, own, seen: null };
      frames.push(frame);
      void read(video).then((seen) => {
        frame.seen = seen;
      });
    };
    const next = (): void => {
      if (looking) video.requestVideoFrameCallback(step);
      else unseen.push(() => {
        presented = 0;
        next();
      });
    };
    next();
  };
  /** An element may call back and have no picture any more, or none yet: it then counts as not seen. */
  const pictureOf = (video: HTMLVideoElement): VideoFrame | null => {
    try {
      return new VideoFrame(video);
    } catch {
      return null;
    }
  };
  /** What the picture that this element shows says. Its brightness is copied as it is: drawing it would cost far more. */
  const read = async (video: HTMLVideoElement): Promise<ShownFrame["seen"]> => {
    const frame = pictureOf(video);
    if (!frame) return null;
    const { width, height, x, y } = frame.visibleRect ?? { width: 0, height: 0, x: 0, y: 0 };
    // The grid's lower third carries nothing; chroma is halved, so that a height must be even.
    const rect = { x, y, width, height: Math.ceil((height * 6) / 9 / 2) * 2 };
    const luma = new Uint8Array(frame.allocationSize({ rect }));
    const [plane] = await frame.copyTo(luma, { rect });
    frame.close();
    const { offset, stride } = plane ?? { offset: 0, stride: width };
    const at = (i: number): number => {
      const row = Math.floor(((Math.floor(i / 64) + 0.5) * height) / 36);
      return luma[offset + row * stride + Math.floor((((i % 64) + 0.5) * width) / 64)] ?? 0;
    };
    return window.__decode(at);
  };
  const tileOf = (video: HTMLVideoElement): string =>
    video.closest<HTMLElement>("[data-testid=tile]")?.dataset["person"] ?? video.dataset["person"] ?? "";
  const localTracks = new WeakSet<MediaStreamTrack>();
  const localOf = (video: HTMLVideoElement): boolean => {
    const stream = video.srcObject;
    return stream instanceof MediaStream && stream.getVideoTracks().some((track) => localTracks.has(track));
  };

  // Sound: what this page's microphone gives, and what each voice that it plays sounds like when it is played.
  let listening = false;
  /** Tracks by whether they are the own microphone's. */
  const audible = new Map<MediaStreamTrack, boolean>();
  const heard = new Set<MediaStreamTrack>();
  /** Chunks carry the time of their capture or of their playing, on a clock of their own; none arrives before it. */
  let ticks = Number.POSITIVE_INFINITY;
  const listen = async (track: MediaStreamTrack, own: boolean): Promise<void> => {
    heard.add(track);
    const reader = new MediaStreamTrackProcessor<AudioData>({ track, maxBufferSize: 100 }).readable.getReader();
    let finder: ReturnType<typeof window.__beeps> | undefined;
    let before = 0;
    while (listening) {
      const { value: chunk } = await reader.read();
      if (!chunk) break;
      ticks = Math.min(ticks, performance.now() - chunk.timestamp / 1000);
      const samples = new Float32Array(chunk.numberOfFrames);
      chunk.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
      finder ??= window.__beeps(chunk.sampleRate);
      for (const [tone, sample] of finder.push(samples)) {
        const at = chunk.timestamp / 1000 + (1000 * (sample - before)) / chunk.sampleRate;
        beeps.push({ at: epoch(at + ticks), tone, own });
      }
      before += chunk.numberOfFrames;
      chunk.close();
    }
    heard.delete(track);
    await reader.cancel();
  };
  const listenToAll = (): void => {
    if (!listening) return;
    for (const [track, own] of audible) if (!heard.has(track)) void listen(track, own);
  };

  // Six screens are drawn without a graphics card on one machine: pictures are scaled in the cheapest way.
  addEventListener("DOMContentLoaded", () => {
    const cheap = document.createElement("style");
    cheap.textContent = "video { image-rendering: pixelated }";
    document.head.append(cheap);
  });

  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const stream = await ask(wanted);
    for (const track of stream.getTracks()) {
      if (track.kind === "video") localTracks.add(track);
      else audible.set(track, true);
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
      for (const track of stream.getAudioTracks()) audible.set(track, false);
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
  setInterval(() => {
    scan();
    listenToAll(); // to who has come since
  }, 250);

  window.__probe = {
    watch: (what) => {
      listening = what === "sound" || what === "both";
      looking = what === "pictures" || what === "both";
      if (looking) for (const begin of unseen.splice(0)) begin();
      listenToAll();
    },
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
