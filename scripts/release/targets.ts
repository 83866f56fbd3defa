/** The platforms that Deno can compile executables for. */
export const TARGETS = [
  "x86_64-unknown-linux-gnu",
  "aarch64-unknown-linux-gnu",
  "x86_64-apple-darwin",
  "aarch64-apple-darwin",
  "x86_64-pc-windows-msvc",
] as const;

/** A platform. */
export type Target = typeof TARGETS[number];

/** Whether a text names one of these platforms. */
export function isTarget(text: string): text is Target {
  return (TARGETS as readonly string[]).includes(text);
}
