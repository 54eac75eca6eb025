// Keeps every track's element in step with one master clock. While the track in view has no data, the clock waits:
// nothing runs on without its picture.
import { onBeforeUnmount, ref, type ShallowRef, watch } from "vue";
import { correct, MasterClock } from "@/core/player";
import type { RecordedTrack, Recording } from "@/live/api";

const STEP_MS = 100;

export type Player = ReturnType<typeof usePlayer>;

export function usePlayer(recording: ShallowRef<Recording | null>) {
	const position = ref(0);
	const duration = ref(0);
	const playing = ref(false);
	const waiting = ref(false);
	/** Largest distance of a running track from the clock at the last step, ms; shown to tests as data. */
	const drift = ref(0);
	const shown = ref<Record<string, boolean>>({});
	const elements = new Map<string, { element: HTMLMediaElement; track: RecordedTrack }>();
	let clock = new MasterClock(0);
	const now = () => performance.now() / 1000;

	watch(
		recording,
		(next) => {
			if (next?.state !== "ready" || clock.duration > 0) return;
			duration.value = next.duration_us / 1e6;
			clock = new MasterClock(duration.value);
			// The first thing seen is the first picture, not the dark before it.
			const starts = next.tracks.filter((track) => track.kind === "video").map((track) => track.start_us);
			if (starts.length > 0) clock.seek(Math.min(...starts) / 1e6, now());
		},
		{ immediate: true },
	);

	function bind(track: RecordedTrack, element: HTMLMediaElement | null): void {
		if (element) elements.set(track.track, { element, track });
		else elements.delete(track.track);
	}

	function step(): void {
		position.value = clock.position(now());
		let starved = false;
		let worst = 0;
		const visible: Record<string, boolean> = {};
		for (const [key, { element, track }] of elements) {
			const place = { start: track.start_us / 1e6, length: track.duration_us / 1e6 };
			const correction = correct(position.value, place, element.currentTime);
			visible[key] = correction.do !== "hide";
			if (correction.do === "hide") {
				element.pause();
				continue;
			}
			if (correction.do === "hold") {
				element.pause();
				if (Math.abs(element.currentTime - correction.to) > 0.1) element.currentTime = correction.to;
				continue;
			}
			worst = Math.max(worst, Math.abs(position.value - place.start - element.currentTime));
			if (correction.do === "jump") element.currentTime = correction.to;
			else element.playbackRate = correction.rate;
			if (element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && !element.ended) starved = true;
			if (playing.value && element.paused && !element.ended) element.play().catch(() => undefined);
			if (!playing.value && !element.paused) element.pause();
		}
		drift.value = Math.round(worst * 1000);
		if (JSON.stringify(visible) !== JSON.stringify(shown.value)) shown.value = visible;
		hold(starved);
		if (playing.value && position.value >= clock.duration) pause();
	}

	/** The clock stands while data is missing and goes on when it is there. */
	function hold(starved: boolean): void {
		waiting.value = playing.value && starved;
		if (!playing.value) return;
		if (starved && clock.playing) clock.pause(now());
		else if (!starved && !clock.playing) clock.play(now());
	}

	function play(): void {
		playing.value = true;
		clock.play(now());
		step();
	}
	function pause(): void {
		playing.value = false;
		clock.pause(now());
		step();
	}
	function seek(to: number): void {
		clock.seek(to, now());
		step();
	}

	const timer = window.setInterval(step, STEP_MS);
	onBeforeUnmount(() => window.clearInterval(timer));
	return { position, duration, playing, waiting, drift, shown, bind, play, pause, seek };
}
