import { setLogLevel } from "../../src/logging/log.ts";

/** No log lines until the end of its scope: for tests of what the log has to complain of. */
export class Silence {
  constructor() {
    setLogLevel("off");
  }

  [Symbol.dispose](): void {
    setLogLevel("info");
  }
}
