import { TemporaryFolder } from "../support/temporary_folder.ts";

/** Usual paths of libfaketime (Debian's package libfaketime). */
const LIBRARIES = ["x86_64-linux-gnu", "aarch64-linux-gnu", "lib64", ""].map((folder) =>
  `/usr/lib/${folder}/faketime/libfaketime.so.1`
);

const library = LIBRARIES.find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Whether processes can be given a wrong clock here. */
export const hasWrongClock = library !== undefined;

/** A wall clock for other processes that can be set. Their monotonic clock is not affected, as on any system. */
export class WrongClock implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly #file = this.#folder.file("shift");

  constructor() {
    this.set(0);
  }

  /** Environment variables for a process to use this clock. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: library!,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Sets it this many days after the right time, or before it if negative. Takes effect at once. */
  set(days: number): void {
    const next = `${this.#file}.next`;
    Deno.writeTextFileSync(next, `${days < 0 ? "" : "+"}${days}d\n`);
    Deno.renameSync(next, this.#file); // processes read it all the time
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
