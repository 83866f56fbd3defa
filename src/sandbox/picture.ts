import type { Terminal } from "./terminal.ts";

/** 240 × 142 pixels of three bytes each: 100 KB with the header. */
const WIDTH = 240;
const HEIGHT = 142;
const HEADER = `P6\n${WIDTH} ${HEIGHT}\n255\n`;

type Colour = readonly [red: number, green: number, blue: number];

const NIGHT: Colour = [24, 18, 66];
const DUSK: Colour = [214, 80, 110];
const GLOW: Colour = [255, 190, 92];
const SUN: Colour = [255, 244, 205];
const FAR_HILLS: Colour = [88, 42, 104];
const NEAR_HILLS: Colour = [30, 18, 58];

/** A picture of an evening in the hills: 102,255 bytes of PPM (a header, then red, green, blue for each pixel). */
export function drawPicture(): Uint8Array {
  const header = new TextEncoder().encode(HEADER);
  const picture = new Uint8Array(header.length + WIDTH * HEIGHT * 3);
  picture.set(header);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) picture.set(colourAt(x, y), header.length + (y * WIDTH + x) * 3);
  }
  return picture;
}

/** The picture as lines for a terminal, `columns` wide, with two pixels in each character. Empty without colours. */
export function renderPicture(picture: Uint8Array, columns: number, terminal: Terminal): string[] {
  if (terminal.colours === "none") return [];
  const pixels = picture.subarray(HEADER.length);
  const scale = WIDTH / columns;
  const pixel = (column: number, row: number) => average(pixels, column * scale, row * scale, scale);
  const code = terminal.colours === "all" ? allColours : fewColours;
  const rows = Math.floor(HEIGHT / scale / 2); // whole squares only
  return Array.from({ length: rows }, (_, row) => {
    const cells = Array.from({ length: columns }, (_, column) => {
      const [upper, lower] = [pixel(column, 2 * row), pixel(column, 2 * row + 1)];
      return `\x1b[38;${code(upper)};48;${code(lower)}m▀`;
    });
    return `${cells.join("")}\x1b[0m`;
  });
}

/** The average colour of a square of pixels whose upper left corner is at (left, top). */
function average(pixels: Uint8Array, left: number, top: number, size: number): Colour {
  const sum = [0, 0, 0];
  let n = 0;
  for (let y = Math.floor(top); y < top + size; y++) {
    for (let x = Math.floor(left); x < left + size; x++, n++) {
      for (let channel = 0; channel < 3; channel++) sum[channel]! += pixels[(y * WIDTH + x) * 3 + channel]!;
    }
  }
  return sum.map((value) => Math.round(value / n)) as unknown as Colour;
}

function colourAt(x: number, y: number): Colour {
  const near = HEIGHT * 0.8 + 9 * Math.sin(x / 31 + 2) + 4 * Math.sin(x / 11);
  if (y > near) return NEAR_HILLS;
  const far = HEIGHT * 0.66 + 12 * Math.sin(x / 45) + 5 * Math.sin(x / 17 + 1);
  if (y > far) return mix(FAR_HILLS, DUSK, (y - far) / (HEIGHT - far) / 2);
  const fromSun = Math.hypot(x - WIDTH * 0.64, y - HEIGHT * 0.5);
  if (fromSun < 17) return SUN;
  const height = y / (HEIGHT * 0.66);
  const sky = height < 0.6 ? mix(NIGHT, DUSK, height / 0.6) : mix(DUSK, GLOW, (height - 0.6) / 0.4);
  return mix(GLOW, sky, fromSun / 70);
}

/** From `a` (share 0) to `b` (share 1). */
function mix(a: Colour, b: Colour, share: number): Colour {
  const t = Math.min(1, Math.max(0, share));
  return [0, 1, 2].map((i) => Math.round(a[i]! + (b[i]! - a[i]!) * t)) as unknown as Colour;
}

function allColours(colour: Colour): string {
  return `2;${colour.join(";")}`;
}

/** The nearest in the 6 × 6 × 6 cube that 256-colour terminals have. */
function fewColours(colour: Colour): string {
  const [red, green, blue] = colour.map((value) => Math.round(value / 51)) as unknown as Colour;
  return `5;${16 + 36 * red + 6 * green + blue}`;
}
