/** A file that log lines are added to. When it is full or gone, they go to standard error. */
export class LogFile implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #encoder = new TextEncoder();

  /**
   * Opens or makes the file, for this user alone (0600).
   * @throws what Deno.openSync throws
   */
  constructor(readonly path: string) {
    this.#file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  }

  /** Writes a line; false when that failed. */
  write(line: string): boolean {
    const bytes = this.#encoder.encode(`${line}\n`);
    try {
      for (let written = 0; written < bytes.length;) written += this.#file.writeSync(bytes.subarray(written));
      return true;
    } catch {
      return false;
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
