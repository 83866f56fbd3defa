const ESCAPE = "\x1b[";
const STYLES = { bold: "1", dim: "2", red: "31", green: "32", yellow: "33", blue: "34", magenta: "35", cyan: "36" };
export type Style = keyof typeof STYLES;

/** ms between two pictures of what moves */
const FRAME_TIME = 80;
/** Where lines might wrap, nothing is drawn over. */
const LIVE_WIDTH = 78;

/** How much a terminal can show. */
export interface Abilities {
  /** Lines can be drawn over. */
  live: boolean;
  colours: "none" | "few" | "all";
}

/** Text in colour and lines that move, where the standard output is a terminal that can; plain lines elsewhere. */
export class Terminal {
  readonly colours: Abilities["colours"];
  /** Whether lines can be drawn over. */
  readonly live: boolean;
  readonly #write: (text: string) => void;

  constructor(write: (text: string) => void, { live, colours }: Abilities) {
    this.#write = write;
    this.live = live;
    this.colours = colours;
  }

  /** Standard output, with what it can do. No colour when NO_COLOR is set (no-color.org). */
  static standard(): Terminal {
    const isTerminal = Deno.stdout.isTerminal();
    const allColours = /^(truecolor|24bit)$/.test(Deno.env.get("COLORTERM") ?? "");
    return new Terminal(writeOut, {
      live: isTerminal && Deno.env.get("TERM") !== "dumb" && Deno.consoleSize().columns >= LIVE_WIDTH,
      colours: !isTerminal || Deno.noColor ? "none" : allColours ? "all" : "few",
    });
  }

  paint(text: string, ...styles: Style[]): string {
    if (this.colours === "none") return text;
    return `${ESCAPE}${styles.map((style) => STYLES[style]).join(";")}m${text}${ESCAPE}0m`;
  }

  line(text = ""): void {
    this.#write(`${text}\n`);
  }

  /**
   * Shows the lines that `draw` gives, ever anew, until disposed; then they stay as they are. `draw` is told how many
   * pictures came before; where nothing can be drawn over, the last one is the only one.
   */
  animate(draw: (frame: number) => string[]): Disposable {
    let frame = 0;
    let height = 0;
    const show = () => {
      const lines = draw(frame++);
      const up = height > 0 ? `${ESCAPE}${height}A` : "";
      height = lines.length;
      this.#write(up + lines.map((line) => `\r${this.live ? `${ESCAPE}2K` : ""}${line}\n`).join(""));
    };
    if (!this.live) return { [Symbol.dispose]: () => draw(0).forEach((line) => this.line(line)) };
    this.#write(`${ESCAPE}?25l`); // no cursor
    show();
    const timer = setInterval(show, FRAME_TIME);
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer);
        show();
        this.#write(`${ESCAPE}?25h`);
      },
    };
  }

  /** A bar of `width` characters of which `share`, from 0 to 1, is full. */
  bar(share: number, width: number, style: Style): string {
    const halves = Math.floor(Math.max(0, Math.min(1, share)) * width * 2);
    const full = "━".repeat(halves >> 1) + (halves % 2 === 1 ? "╸" : "");
    return this.paint(full, style) + this.paint("─".repeat(width - full.length), "dim");
  }
}

/** Once nobody reads any more (the terminal is closed, the pipe has ended) the program goes on, to close what it opened. */
function writeOut(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
  } catch {
    // Its end, or its closing, does not depend on being read.
  }
}
