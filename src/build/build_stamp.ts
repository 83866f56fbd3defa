/** What a compiled program can't ask its checkout. */
export interface BuildStamp {
  /** of git, in full */
  readonly commit: string;
  /** Files differed from that commit. */
  readonly modified: boolean;
}

/** Here there is a checkout to ask; scripts/compile.ts puts another file in the place of this one. */
export const BUILD_STAMP: BuildStamp | undefined = undefined;
