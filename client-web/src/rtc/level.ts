// How loud a track is, 0 to 1. Needs a click before it on the page: browsers keep the audio clock still until then.

export interface LevelMeter {
	read(): number;
	close(): void;
}

export function meter(track: MediaStreamTrack): LevelMeter {
	const context = new AudioContext();
	const analyser = context.createAnalyser();
	analyser.fftSize = 512;
	const source = context.createMediaStreamSource(new MediaStream([track]));
	source.connect(analyser);
	const samples = new Uint8Array(analyser.fftSize);
	return {
		read() {
			if (context.state === "suspended") void context.resume();
			analyser.getByteTimeDomainData(samples);
			let sum = 0;
			for (const sample of samples) sum += ((sample - 128) / 128) ** 2;
			// Speech at a normal distance is about 0.1 RMS: three times that fills the meter.
			return Math.min(1, Math.sqrt(sum / samples.length) * 3);
		},
		close() {
			source.disconnect();
			void context.close();
		},
	};
}

/** A short pair of tones, to hear whether the speaker works. */
export async function chime(speaker?: string): Promise<void> {
	const context = new AudioContext();
	const out = context.createMediaStreamDestination();
	const gain = context.createGain();
	gain.gain.value = 0.15;
	gain.connect(out);
	for (const [index, frequency] of [523, 784].entries()) {
		const tone = context.createOscillator();
		tone.frequency.value = frequency;
		tone.connect(gain);
		tone.start(context.currentTime + index * 0.35);
		tone.stop(context.currentTime + index * 0.35 + 0.3);
	}
	const element = new Audio();
	element.srcObject = out.stream;
	await useSpeaker(element, speaker);
	await element.play().catch(() => undefined);
	setTimeout(() => void context.close(), 1_500);
}

/** Not every browser can choose where sound goes; those that cannot use the system's choice. */
export async function useSpeaker(element: HTMLMediaElement, speaker?: string): Promise<void> {
	const sink = element as HTMLMediaElement & { setSinkId?: (id: string) => Promise<void> };
	if (speaker && sink.setSinkId) await sink.setSinkId(speaker).catch(() => undefined);
}
