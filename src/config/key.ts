import { join } from "node:path";
import type { Kind, Value } from "./kinds.ts";

/** The definition of a key of config.toml. `Option` is the command line option that overrides it. */
export interface Key<T extends Value = Value, Option extends string = string> {
  /** its valid values */
  readonly kind: Kind<T>;
  /** its value for a new gateway, and where the file does not set it */
  readonly default: NoInfer<T> | ((home: Home) => NoInfer<T>);
  /**
   * When a reload applies a change: always, or only if the key has a value before and after. Without this, a change
   * needs a restart.
   */
  readonly reloadable?: "always" | "while set";
  /** without the leading `--` */
  readonly option?: Option;
  /** its meaning, as `init` writes it above the key; rewrapped there */
  readonly comment: string;
}

/** What defaults may depend on. */
export interface Home {
  /** the gateway's name */
  readonly id: string;
  /** the folder that holds a folder for each gateway */
  readonly rootDirectory: string;
}

/** Defines a key; inferring its types is all that it does. */
export function key<T extends Value, const Option extends string = never>(key: Key<T, Option>): Key<T, Option> {
  return key;
}

/** A default: the path of a file or folder in the gateway's data folder. */
export function inData(name: string): (home: Home) => string {
  return ({ id, rootDirectory }) => join(rootDirectory, id, "data", name);
}
