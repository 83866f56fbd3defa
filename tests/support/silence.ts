import { setLogLevel } from "../../src/logging/log.ts";

/** Suppresses log lines until disposed, for tests that cause warnings. */
export class Silence {
  constructor() {
    setLogLevel("off");
  }

  [Symbol.dispose](): void {
    setLogLevel("info");
  }
}
