// Writes the known beeps as a .wav file that Chromium takes for a microphone.
import { writeFileSync } from "node:fs";
import { BEEP_EVERY_MS, BEEP_MS, BEEPS_A_FILE, FIRST_BEEP_MS, SAMPLE_RATE, TONES } from "./layout.ts";

export function writeMicrophone(path: string, id: number): void {
  const samples = new Int16Array((SAMPLE_RATE * BEEP_EVERY_MS * BEEPS_A_FILE) / 1000);
  const length = (SAMPLE_RATE * BEEP_MS) / 1000;
  const ramp = SAMPLE_RATE / 400;
  for (let beep = 0; beep < BEEPS_A_FILE; beep++) {
    const start = (SAMPLE_RATE * (FIRST_BEEP_MS + beep * BEEP_EVERY_MS)) / 1000;
    for (let i = 0; i < length; i++) {
      const envelope = Math.min(1, i / ramp, (length - i) / ramp);
      samples[start + i] = Math.round(13_000 * envelope * Math.sin((2 * Math.PI * TONES[id]! * i) / SAMPLE_RATE));
    }
  }
  writeFileSync(path, Buffer.concat([header(samples.byteLength), Buffer.from(samples.buffer)]));
}

function header(bytes: number): Buffer {
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + bytes, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(SAMPLE_RATE, 24);
  head.writeUInt32LE(SAMPLE_RATE * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(bytes, 40);
  return head;
}
