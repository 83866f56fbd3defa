const ESCAPE = "\x1b[";
/** How text can be painted. */
export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "blue" | "magenta" | "cyan";
/** ANSI SGR codes. */
const STYLES: Readonly<Record<Style, string>> = {
  bold: "1",
  dim: "2",
  red: "31",
  green: "32",
  yellow: "33",
  blue: "34",
  magenta: "35",
  cyan: "36",
};

/** ms between two frames of an animation */
const FRAME_TIME = 80;
/** Minimum width of a live terminal: on a narrower one, lines might wrap. */
const LIVE_WIDTH = 78;

/** What a terminal supports. */
export interface Abilities {
  /** lines can be redrawn */
  live: boolean;
  /** `few`: the 256-colour palette; `all`: 24 bits */
  colours: "none" | "few" | "all";
}

/** Prints coloured text and animated lines where the terminal supports them, and plain lines elsewhere. */
export class Terminal {
  /** Which colours `paint` may use. */
  readonly colours: Abilities["colours"];
  /** Whether lines can be redrawn. */
  readonly live: boolean;
  readonly #write: (text: string) => void;

  /** `write` is called with text, including line breaks. */
  constructor(write: (text: string) => void, { live, colours }: Abilities) {
    this.#write = write;
    this.live = live;
    this.colours = colours;
  }

  /** Standard output, with the abilities detected. No colour if NO_COLOR is set (no-color.org). */
  static standard(): Terminal {
    const isTerminal = Deno.stdout.isTerminal();
    const allColours = /^(truecolor|24bit)$/.test(Deno.env.get("COLORTERM") ?? "");
    return new Terminal(writeOut, {
      live: isTerminal && Deno.env.get("TERM") !== "dumb" && Deno.consoleSize().columns >= LIVE_WIDTH,
      colours: !isTerminal || Deno.noColor ? "none" : allColours ? "all" : "few",
    });
  }

  /** The text in these styles; unchanged without colours. */
  paint(text: string, ...styles: Style[]): string {
    if (this.colours === "none") return text;
    return `${ESCAPE}${styles.map((style) => STYLES[style]).join(";")}m${text}${ESCAPE}0m`;
  }

  /** Prints a line. */
  line(text = ""): void {
    this.#write(`${text}\n`);
  }

  /**
   * Redraws the lines that `draw` returns until disposed; the last ones remain. `draw` gets the number of the frame, from
   * 0. On a terminal that is not live, only the last frame is printed.
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

  /** A bar of `width` characters, filled to `share` (0 to 1). */
  bar(share: number, width: number, style: Style): string {
    const halves = Math.floor(Math.max(0, Math.min(1, share)) * width * 2);
    const full = "━".repeat(halves >> 1) + (halves % 2 === 1 ? "╸" : "");
    return this.paint(full, style) + this.paint("─".repeat(width - full.length), "dim");
  }
}

/** Ignores errors: when the terminal or pipe is closed, the program must still clean up. */
function writeOut(text: string): void {
  const bytes = new TextEncoder().encode(text);
  try {
    for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
  } catch {
    // nobody is reading any more
  }
}
