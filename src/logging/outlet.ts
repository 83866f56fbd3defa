/** Where bytes go: a standard stream or a file. */
export interface Stream {
  /** Resolves with the number of bytes written; it may block a thread of the runtime, but not this one. */
  write(bytes: Uint8Array): Promise<number>;
  /** Returns the number of bytes written; it may block this thread. */
  writeSync(bytes: Uint8Array): number;
}

/** What happens to lines that can't be written. */
export interface Fallback {
  /** These lines were not written: the stream failed with `error`, or too many lines were waiting (undefined). */
  lose(lines: readonly string[], error: unknown): void;
  /** The line that reports it once the stream works again; without it, nothing is reported. */
  notice?(lost: number): string;
}

/** Characters that may wait for a stream; lines beyond that are lost. */
const CAPACITY = 256 * 1024;
/** ms between attempts to write to a non-blocking stream that is full */
const PAUSE = 50;
const NEWLINE = 10;

interface Attempt {
  readonly lines: readonly string[];
  /** how many lost lines its first line reports */
  readonly reported: number;
  readonly bytes: Uint8Array;
  written: number;
}

const encoder = new TextEncoder();
let inBackground = false;

/**
 * From now on, lines wait in memory, and the runtime's threads for blocking work write them, as a server needs: a pipe
 * that nobody reads, or a terminal after Ctrl-S, would stop everything else. Without this, a line is written when
 * `write` returns, as a command needs.
 */
export function writeInBackground(): void {
  inBackground = true;
}

/** Where lines leave the program. It never throws: if the stream fails, lines are lost, and the next line retries. */
export class Outlet {
  readonly #stream: Stream;
  readonly #fallback: Fallback;
  readonly #waits: () => boolean;
  #waiting: string[] = [];
  /** characters that wait or are being written; at most {@linkcode CAPACITY} */
  #size = 0;
  #lost = 0;
  /** whether the last line was written only in part */
  #isTorn = false;
  #writing: Promise<void> | undefined;

  /**
   * An outlet onto `stream`, which it does not close.
   * @param waits whether lines are written in the background now; by default, after {@linkcode writeInBackground}
   */
  constructor(stream: Stream, fallback: Fallback, waits: () => boolean = () => inBackground) {
    this.#stream = stream;
    this.#fallback = fallback;
    this.#waits = waits;
  }

  /** Writes a line, given without its line break. */
  write(line: string): void {
    if (!this.#waits()) return this.#writeAtOnce(line);
    if (this.#size + line.length >= CAPACITY) return this.#lose([line], undefined);
    this.#size += line.length + 1;
    this.#waiting.push(line);
    this.#writing ??= this.#writeWaiting();
  }

  /** Resolves when no line is waiting any more; undefined if none is waiting now. */
  get writing(): Promise<void> | undefined {
    return this.#writing;
  }

  /** Waits until no line is waiting any more, for at most `patience` ms. */
  async settle(patience: number): Promise<void> {
    if (this.#writing === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, patience);
    await Promise.race([this.#writing, promise]);
    clearTimeout(timer);
  }

  #writeAtOnce(line: string): void {
    const attempt = this.#attempt([line]);
    try {
      while (attempt.written < attempt.bytes.length) {
        try {
          attempt.written += this.#stream.writeSync(attempt.bytes.subarray(attempt.written));
        } catch (error) {
          if (!(error instanceof Deno.errors.WouldBlock)) throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
        }
      }
      this.#succeed(attempt);
    } catch (error) {
      this.#fail(attempt, error);
    }
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting.length > 0) {
      const attempt = this.#attempt(this.#waiting);
      this.#waiting = [];
      try {
        while (attempt.written < attempt.bytes.length) {
          try {
            attempt.written += await this.#stream.write(attempt.bytes.subarray(attempt.written));
          } catch (error) {
            if (!(error instanceof Deno.errors.WouldBlock)) throw error;
            await new Promise((resolve) => setTimeout(resolve, PAUSE));
          }
        }
        this.#succeed(attempt);
      } catch (error) {
        this.#fail(attempt, error);
      }
      for (const line of attempt.lines) this.#size -= line.length + 1;
    }
    this.#writing = undefined;
  }

  #attempt(lines: readonly string[]): Attempt {
    const notice = this.#lost === 0 ? undefined : this.#fallback.notice?.(this.#lost);
    const all = notice === undefined ? lines : [notice, ...lines];
    const text = `${this.#isTorn ? "\n" : ""}${all.join("\n")}\n`;
    return { lines, reported: notice === undefined ? 0 : this.#lost, bytes: encoder.encode(text), written: 0 };
  }

  #succeed({ reported }: Attempt): void {
    this.#isTorn = false;
    this.#lost -= reported;
  }

  #fail({ lines, reported, bytes, written }: Attempt, error: unknown): void {
    if (written > 0) this.#isTorn = bytes[written - 1] !== NEWLINE;
    const missing = bytes.subarray(written).filter((byte) => byte === NEWLINE).length;
    if (missing <= lines.length) this.#lost -= reported;
    this.#lose(lines.slice(-missing), error);
  }

  #lose(lines: readonly string[], error: unknown): void {
    this.#lost += lines.length;
    this.#fallback.lose(lines, error);
  }
}
