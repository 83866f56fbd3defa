/** Returns what is wrong with an option's value, as an error whose message begins after the option's name. */
export type Check = (value: unknown) => Error | undefined;
/** One for each option. */
export type Checks<Options> = Readonly<Record<keyof Options, Check>>;

/** ms: the longest that options allow */
export const HOUR = 3_600_000;

/**
 * Validates options.
 *
 * @throws TypeError for unknown options and those of a wrong type; RangeError for numbers out of bounds. The message names
 *   the option.
 */
export function check<Options extends object>(options: Options, checks: Checks<Options>): void {
  if (typeof options !== "object" || options === null) throw new TypeError("The options must be an object");
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) throw new TypeError(`There is no option ${name}`);
    const error = value === undefined ? undefined : checks[name as keyof Options](value);
    if (!error) continue;
    error.message = `The option ${name} ${error.message}`;
    throw error;
  }
}

/** Demands that a value is valid; `demand` says when it is, as in `must be a Store`. */
export function that(isValid: (value: unknown) => boolean, demand: string): Check {
  return (value) => isValid(value) ? undefined : new TypeError(demand);
}

/** Demands a number within these bounds. */
export function numberFrom(least: number, most: number, { whole = false }: { whole?: boolean } = {}): Check {
  const demand = `must be a ${whole ? "whole number" : "number"} from ${least} to ${most}`;
  return (value) => {
    if (typeof value !== "number") return new TypeError(demand);
    const isValid = value >= least && value <= most && (!whole || Number.isInteger(value)); // false for NaN
    return isValid ? undefined : new RangeError(`${demand}, not ${value}`);
  };
}

/** Demands true or false. */
export const isBoolean: Check = that((value) => typeof value === "boolean", "must be true or false");

/** Demands a function. */
export const isFunction: Check = that((value) => typeof value === "function", "must be a function");

/** Demands an object of any kind. */
export const isObject: Check = that((value) => typeof value === "object" && value !== null, "must be an object");

/** Demands what can be aborted as an `AbortSignal` can. */
export const isSignal: Check = that(
  (value) => hasMethods(value, "addEventListener", "removeEventListener"),
  "must be an AbortSignal",
);

/** Demands a `Store`. */
export const isStore: Check = that((value) => hasMethods(value, "get", "keys", "write"), "must be a Store");

/** Whether a value has these methods. */
export function hasMethods(value: unknown, ...names: string[]): boolean {
  return names.every((name) => typeof (Object(value) as Record<string, unknown>)[name] === "function");
}
