import { nextTask } from "./next_task.ts";

/** Lets costly pieces of work begin in order, one a task, so that everything else gets its turn between two of them. */
export class OneATask {
  #latest: Promise<void> = Promise.resolve();

  /** Resolves when a piece may begin: at once if none has begun in this task. */
  turn(): Promise<void> {
    const mine = this.#latest;
    this.#latest = mine.then(nextTask);
    return mine;
  }
}
