import { nextTask } from "./next_task.ts";

/** ms; well below what anybody waits for a packet */
const SLICE = 4;

/** Cuts long work into slices, between which everything else gets its turn. */
export class Slices {
  #began = performance.now();

  /** To be awaited every now and then, after some microseconds of work: it takes a pause when the slice is over. */
  async pauseIfDue(): Promise<void> {
    if (performance.now() - this.#began < SLICE) return;
    await nextTask();
    this.#began = performance.now();
  }
}
