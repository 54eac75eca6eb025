// Reads the known picture and sound back. Both functions stand alone: their text is also run inside the pages.

export interface Seen {
  id: number;
  counter: number;
}

/** Width and height of the small grey picture that `decodeCells` reads: 4 × 4 pixels a cell. */
export const SMALL_WIDTH = 64;
export const SMALL_HEIGHT = 36;

/**
 * Reads a frame scaled to 64 × 36; `luma(i)` is the grey of pixel `i`. Answers `null` where there is no known picture at
 * all (black, a placeholder), `"bad"` where there is one and it does not check.
 */
export function decodeCells(luma: (index: number) => number): Seen | "bad" | null {
  const cell = (column: number, row: number): number => {
    const at = (row * 4 + 1) * 64 + column * 4 + 1;
    return (luma(at) + luma(at + 1) + luma(at + 64) + luma(at + 65)) / 4;
  };
  let synced = 0;
  for (let i = 0; i < 16; i++) {
    const difference = cell(i, 0) - cell(i, 5);
    if (i % 2 === 0 ? difference > 40 : difference < -40) synced++;
  }
  if (synced < 12) return null;
  const word = (row: number): number => {
    let value = 0;
    for (let i = 0; i < 16; i++) {
      const difference = cell(i, row) - cell(i, row + 1);
      if (Math.abs(difference) < 40) return -1;
      value = value * 2 + (difference > 0 ? 1 : 0);
    }
    return value;
  };
  const counter = word(1);
  const who = word(3);
  if (synced < 16 || counter < 0 || who < 0) return "bad";
  let crc = 0;
  for (const byte of [counter >> 8, counter & 0xff, who >> 8]) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : (crc << 1) & 0xff;
  }
  return crc === (who & 0xff) ? { id: who >> 8, counter } : "bad";
}

/**
 * Finds beeps in a stream of samples: `push` answers the onsets found as `[tone, sample]`. Blocks of 10 ms; a beep is a tone
 * that stands out for three blocks after 100 ms of quiet.
 */
export function beepFinder(tones: readonly number[], rate: number): { push(samples: ArrayLike<number>): [number, number][] } {
  const size = Math.round(rate / 100);
  const twice = tones.map((tone) => 2 * Math.cos((2 * Math.PI * tone) / rate));
  const s1 = tones.map(() => 0);
  const s2 = tones.map(() => 0);
  const rising = tones.map(() => 0);
  const quiet = tones.map(() => 10);
  let filled = 0;
  let total = 0;
  const endOfBlock = (found: [number, number][]): void => {
    const power = tones.map((_, k) => (s1[k]! ** 2 + s2[k]! ** 2 - twice[k]! * s1[k]! * s2[k]!) / (size * size));
    const floor = Math.max(1e-4, 0.15 * Math.max(...power));
    power.forEach((one, k) => {
      s1[k] = 0;
      s2[k] = 0;
      if (one < floor) {
        quiet[k]! += 1;
        rising[k] = 0;
        return;
      }
      rising[k]! += 1;
      if (rising[k] === 3) {
        if (quiet[k]! >= 10) found.push([k, total - 3 * size]);
        quiet[k] = 0;
      }
    });
    filled = 0;
  };
  return {
    push(samples) {
      const found: [number, number][] = [];
      for (let i = 0; i < samples.length; i++) {
        for (let k = 0; k < twice.length; k++) {
          const next = samples[i]! + twice[k]! * s1[k]! - s2[k]!;
          s2[k] = s1[k]!;
          s1[k] = next;
        }
        total++;
        if (++filled === size) endOfBlock(found);
      }
      return found;
    },
  };
}
