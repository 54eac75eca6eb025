// Writes the known picture as a .y4m file that Chromium takes for a camera.
import { closeSync, openSync, writeSync } from "node:fs";
import { COLUMNS, type Camera, cells, DARK, LIGHT, PERIOD, ROWS } from "./layout.ts";

export function writeCamera(path: string, camera: Camera): void {
  const { width, height, fps, id } = camera;
  const file = openSync(path, "w");
  try {
    writeSync(file, `YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`);
    const frame = Buffer.alloc(6 + (width * height * 3) / 2);
    frame.write("FRAME\n", 0, "ascii");
    paintChroma(frame.subarray(6 + width * height), width, height, id);
    for (let counter = 0; counter < PERIOD; counter++) {
      paintLuma(frame.subarray(6, 6 + width * height), width, height, id, counter);
      writeSync(file, frame);
    }
  } finally {
    closeSync(file);
  }
}

function paintLuma(luma: Buffer, width: number, height: number, id: number, counter: number): void {
  const grid = cells(id, counter);
  const line = Buffer.alloc(width);
  let row = -1;
  for (let y = 0; y < height; y++) {
    const here = Math.floor((y * ROWS) / height);
    if (here !== row) {
      row = here;
      const bits = grid[row];
      for (let x = 0; x < width; x++) {
        const bit = bits?.[Math.floor((x * COLUMNS) / width)];
        line[x] = bit === undefined ? ground(x / width, row, id) : bit ? LIGHT : DARK;
      }
    }
    line.copy(luma, y * width);
  }
}

/** The lower third is there for people: a quiet slope of grey, another for each sender. */
function ground(x: number, row: number, id: number): number {
  return Math.round(90 + 60 * Math.abs(Math.sin(x * 3 + id)) + (row - 6) * 8);
}

function paintChroma(chroma: Buffer, width: number, height: number, id: number): void {
  const plane = (width * height) / 4;
  chroma.fill(128 + [-14, 10, -4, 16, 2][id % 5]!, 0, plane);
  chroma.fill(128 + [6, -12, 14, -4, -16][id % 5]!, plane);
}
