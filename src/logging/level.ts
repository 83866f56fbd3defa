/** From the least to the most that is said. */
export const LEVELS = ["off", "error", "warn", "info", "debug", "trace"] as const;

export type Level = Exclude<typeof LEVELS[number], "off">;

/** The level that `text` names, in any case, or undefined. */
export function parseLogLevel(text: string): Level | "off" | undefined {
  return LEVELS.find((level) => level === text.trim().toLowerCase());
}
