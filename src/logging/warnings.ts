/** A warning or an error that was logged. */
export interface Warning {
  /** ms since 1970 */
  readonly time: number;
  readonly level: "error" | "warn";
  /** on one line */
  readonly text: string;
}

const MOST = 5;
let latest: readonly Warning[] = [];

/** The latest of them that were logged, the newest one last. */
export function warnings(): readonly Warning[] {
  return latest;
}

/** Takes the place of the oldest one when there are many. */
export function remember(warning: Warning): void {
  latest = [...latest.slice(1 - MOST), warning];
}
