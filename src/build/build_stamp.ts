/** What a compiled program cannot read from its checkout. */
export interface BuildStamp {
  /** the full git hash */
  readonly commit: string;
  /** whether files differed from that commit */
  readonly modified: boolean;
}

/** Undefined in a checkout. scripts/compile.ts replaces this file in an executable. */
export const BUILD_STAMP: BuildStamp | undefined = undefined;
