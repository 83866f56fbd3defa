import { statfsSync } from "node:fs";

/** ms between two looks */
const INTERVAL = 2_000;

/** How much space is free on the disk that a folder is on, for users other than root. */
export class DiskSpace implements Disposable {
  #free: number;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(private readonly folder: string) {
    this.#free = freeBytes(folder);
    this.#timer = setInterval(() => this.#free = freeBytes(this.folder), INTERVAL);
  }

  /** Bytes, as of a moment ago; Infinity where the system does not say. */
  get free(): number {
    return this.#free;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Bytes that are free on the disk of a folder, for users other than root; Infinity where the system does not say. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}
