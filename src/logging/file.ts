import { openPrivateFile } from "../files/private.ts";
import { Outlet } from "./outlet.ts";

/** A file that log lines are appended to. */
export class LogFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #outlet: Outlet;

  /**
   * Opens the file, or creates it for this user alone (0600).
   * @param instead takes the lines that can't be written, for example because the disk is full
   * @throws what openPrivateFile throws
   */
  constructor(readonly path: string, instead: (line: string) => void) {
    this.#file = openPrivateFile(path, { append: true });
    this.#outlet = new Outlet(this.#file, { lose: (lines) => lines.forEach(instead) });
  }

  /** Appends a line, given without its line break. */
  write(line: string): void {
    this.#outlet.write(line);
  }

  /** Waits until all lines are written, for at most `patience` ms. */
  settle(patience: number): Promise<void> {
    return this.#outlet.settle(patience);
  }

  /** Closes the file once all pending lines are written. */
  [Symbol.dispose](): void {
    const { writing } = this.#outlet;
    if (writing === undefined) this.#file[Symbol.dispose]();
    else void writing.then(() => this.#file[Symbol.dispose]());
  }
}
