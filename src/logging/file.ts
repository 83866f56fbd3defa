import { openPrivateFile } from "../files/private.ts";
import { Outlet } from "./outlet.ts";

/** A file that log lines are added to. */
export class LogFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #outlet: Outlet;

  /**
   * Opens or makes the file, for this user alone (0600).
   * @param instead takes the lines that can't be written to it, as when it is full or gone
   * @throws what Deno.openSync throws
   */
  constructor(readonly path: string, instead: (line: string) => void) {
    this.#file = openPrivateFile(path, { append: true });
    this.#outlet = new Outlet(this.#file, { lose: (lines) => lines.forEach(instead) });
  }

  write(line: string): void {
    this.#outlet.write(line);
  }

  /** Waits until all lines are written, for at most `patience` ms. */
  settle(patience: number): Promise<void> {
    return this.#outlet.settle(patience);
  }

  /** Closes it, once what waits for it is written. */
  [Symbol.dispose](): void {
    const { writing } = this.#outlet;
    if (writing === undefined) this.#file[Symbol.dispose]();
    else void writing.then(() => this.#file[Symbol.dispose]());
  }
}
