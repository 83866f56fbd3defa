import { TemporaryFolder } from "../support/temporary_folder.ts";

/** Where systems keep it (Debian's package is libfaketime). */
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

/** Whether a process can be given a wrong clock here. */
export const hasWrongClock = library !== undefined;

/** A clock on the wall that can be set for other processes. The monotonic one goes on as ever, as it does on any system. */
export class WrongClock implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly #file = this.#folder.file("shift");

  constructor() {
    this.set(0);
  }

  /** What the environment of a process must have for it to go by this clock. */
  get environment(): Record<string, string> {
    return {
      LD_PRELOAD: library!,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** Sets it so many days before or after the right time, at once. */
  set(days: number): void {
    const next = `${this.#file}.next`;
    Deno.writeTextFileSync(next, `${days < 0 ? "" : "+"}${days}d\n`);
    Deno.renameSync(next, this.#file); // it is read all the time
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
