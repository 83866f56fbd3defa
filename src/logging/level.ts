/** Every level, from the quietest to the most verbose. */
export const LEVELS = ["off", "error", "warn", "info", "debug", "trace"] as const;

/** The severity of a line. */
export type Level = Exclude<typeof LEVELS[number], "off">;

/** The level that `text` names, in upper or lower case; undefined if it is not a level. */
export function parseLogLevel(text: string): Level | "off" | undefined {
  return LEVELS.find((level) => level === text.trim().toLowerCase());
}
