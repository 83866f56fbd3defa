/** A warning or an error that was logged. */
export interface Warning {
  /** ms since 1970 */
  readonly time: number;
  /** how severe it was */
  readonly level: "error" | "warn";
  /** on one line */
  readonly text: string;
}

/** how many are kept */
const MOST = 5;
let latest: readonly Warning[] = [];

/** The last few that were logged, at most five, the newest one last. */
export function warnings(): readonly Warning[] {
  return latest;
}

/** Adds one; if there are five already, the oldest is dropped. */
export function remember(warning: Warning): void {
  latest = [...latest.slice(1 - MOST), warning];
}
