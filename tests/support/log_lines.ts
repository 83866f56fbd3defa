import { setLogFormat, setLogOutput } from "../../src/logging/log.ts";

/** Captures log lines instead of writing them to standard error, until disposed. */
export class LogLines implements Disposable {
  readonly #lines: { level: string; message: string }[] = [];

  constructor() {
    setLogFormat("json");
    setLogOutput((line) => this.#lines.push(JSON.parse(line)));
  }

  /** The messages, as in `Stopped`. */
  get texts(): string[] {
    return this.#lines.map(({ message }) => message);
  }

  /** The messages of one level, as in `warn`. */
  of(level: string): string[] {
    return this.#lines.filter((line) => line.level === level).map(({ message }) => message);
  }

  [Symbol.dispose](): void {
    setLogOutput(undefined);
    setLogFormat("text");
  }
}
