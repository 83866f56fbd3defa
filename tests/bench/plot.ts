/** Colours for light and dark pages; the SVG chooses by itself. */
const STYLE = `
  .page { fill: #ffffff; stroke: #d9dee5; }
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2733; }
  .title { font-size: 17px; font-weight: 600; }
  .heading { font-size: 13px; font-weight: 600; }
  .faint { fill: #687385; font-size: 12px; }
  .grid { stroke: #e6eaef; stroke-width: 1; }
  .base { stroke: #aab3c0; stroke-width: 1; }
  .line { fill: none; stroke-width: 2.2; stroke-linejoin: round; stroke-linecap: round; }
  .a { fill: #0b7a75; } .line.a { fill: none; stroke: #0b7a75; }
  .b { fill: #c8692f; } .line.b { fill: none; stroke: #c8692f; }
  @media (prefers-color-scheme: dark) {
    .page { fill: #14181f; stroke: #2b323d; }
    text { fill: #e4e8ee; }
    .faint { fill: #95a0b0; }
    .grid { stroke: #252c36; }
    .base { stroke: #566072; }
    .a { fill: #3cc4b8; } .line.a { stroke: #3cc4b8; }
    .b { fill: #f0975c; } .line.b { stroke: #f0975c; }
  }
`;

/** A series' colour: the first is ours. */
export type Colour = "a" | "b";

/** An SVG drawn piece by piece. Coordinates are in pixels from its upper left corner. */
export class Drawing {
  #body = "";

  constructor(readonly width: number, readonly height: number, title: string, note: string) {
    this.text(24, 34, title, { style: "title" });
    this.text(24, 54, note, { style: "faint" });
  }

  text(x: number, y: number, text: string, { style = "", anchor = "start" } = {}): void {
    this.#body += `<text x="${at(x)}" y="${at(y)}" class="${style}" text-anchor="${anchor}">${escape(text)}</text>\n`;
  }

  rule(x1: number, y1: number, x2: number, y2: number, style: "grid" | "base"): void {
    this.#body += `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" class="${style}"/>\n`;
  }

  bar(x: number, y: number, width: number, height: number, colour: Colour): void {
    const size = `width="${at(Math.max(width, 1))}" height="${at(height)}" rx="2"`;
    this.#body += `<rect x="${at(x)}" y="${at(y)}" ${size} class="${colour}"/>\n`;
  }

  dot(x: number, y: number, colour: Colour): void {
    this.#body += `<circle cx="${at(x)}" cy="${at(y)}" r="4" class="${colour}"/>\n`;
  }

  line(points: readonly (readonly [x: number, y: number])[], colour: Colour): void {
    const coordinates = points.map(([x, y]) => `${at(x)},${at(y)}`).join(" ");
    this.#body += `<polyline points="${coordinates}" class="line ${colour}"/>\n`;
  }

  /** A legend that starts at `x`. */
  legend(x: number, y: number, series: readonly (readonly [name: string, colour: Colour])[]): void {
    for (const [name, colour] of series) {
      this.bar(x, y - 10, 12, 12, colour);
      this.text(x + 18, y, name);
      x += 40 + 7.5 * name.length;
    }
  }

  svg(): string {
    const { width, height } = this;
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">
<style>${STYLE}</style>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="10" class="page"/>
${this.#body}</svg>
`;
  }
}

/** Maps values to pixels. */
export type Scale = (value: number) => number;

export function linear([from, to]: readonly [number, number], [start, end]: readonly [number, number]): Scale {
  return (value) => start + (value - from) / (to - from) * (end - start);
}

/** A logarithmic scale, for positive values. */
export function logarithmic(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const scale = linear([Math.log10(domain[0]), Math.log10(domain[1])], range);
  return (value) => scale(Math.log10(value));
}

/** About `count` round numbers from 0 to `maximum` or slightly more; the last one ends the axis. */
export function ticks(maximum: number, count = 4): number[] {
  const rough = maximum / count;
  const magnitude = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * magnitude >= rough * 0.999)! * magnitude;
  return Array.from({ length: Math.ceil(maximum / step - 1e-9) + 1 }, (_, i) => i * step);
}

/** A number for people: three significant digits, with commas. */
export function readable(value: number): string {
  if (value === 0) return "0";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en", { maximumFractionDigits: digits });
}

function at(coordinate: number): string {
  return coordinate.toFixed(1).replace(/\.0$/, "");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
