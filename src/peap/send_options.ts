import type { AbortSignalLike } from "./abort.ts";
import { check, type Checks, isFunction, isSignal } from "./option_checks.ts";
import type { Progress } from "./outbox.ts";

/** How to send one message. */
export interface SendOptions {
  /** Gives the message up: what has not left yet stays, and `send` rejects with the signal's reason. */
  signal?: AbortSignalLike | undefined;
  /** Called for each packet that the gateway has accepted. If it throws, the message is given up with its error. */
  onProgress?: ((progress: Progress) => void) | undefined;
}

const CHECKS: Checks<SendOptions> = { signal: isSignal, onProgress: isFunction };

/**
 * Validates options.
 *
 * @throws TypeError that names the option
 */
export function checkSendOptions(options: SendOptions): void {
  check(options, CHECKS);
}
