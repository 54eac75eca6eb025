// The known picture and the known sound, as numbers. tests/README.md says the same in words.

/** The picture is a grid of 16 × 9 cells, whatever its size in pixels. */
export const COLUMNS = 16;
export const ROWS = 9;
/** Frames of one camera file; Chromium plays the file round and round, so counters run 0…299, 0…299, … */
export const PERIOD = 300;
/** Luma of a 0 and of a 1: far enough apart for VP8 at 320×180 and 60 kbit/s. */
export const DARK = 40;
export const LIGHT = 215;

export const SAMPLE_RATE = 48_000;
/** One beep every two seconds, 80 ms long, 10 in a file of 20 s. */
export const BEEP_EVERY_MS = 2_000;
export const BEEP_MS = 80;
export const BEEPS_A_FILE = 10;
export const FIRST_BEEP_MS = 500;
/** Tone of the sender with that number, Hz: whole multiples of 100, so that in a block of 10 ms no one leaks into another. */
export const TONES = [600, 900, 1300, 1700, 2300] as const;

export interface Camera {
  id: number;
  width: number;
  height: number;
  fps: number;
}

/** CRC-8 (polynomial 0x07, start 0) over counter (2 bytes, big-endian) and id. */
export function crc8(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc;
}

/** The cells of one frame, row by row, true is light; rows 6–8 carry nothing and are left out. */
export function cells(id: number, counter: number): boolean[][] {
  const check = crc8([counter >> 8, counter & 0xff, id]);
  const bits = (word: number): boolean[] => Array.from({ length: 16 }, (_, i) => ((word >> (15 - i)) & 1) === 1);
  const not = (row: boolean[]): boolean[] => row.map((bit) => !bit);
  const count = bits(counter);
  const who = bits((id << 8) | check);
  const sync = bits(0xaaaa);
  return [sync, count, not(count), who, not(who), not(sync)];
}
