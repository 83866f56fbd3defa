import { join } from "node:path";
import type { Kind, Value } from "./kinds.ts";

/** A key of config.toml: all that the program knows of it. `Option` is the name of the option that overrides it. */
export interface Key<T extends Value = Value, Option extends string = string> {
  readonly kind: Kind<T>;
  /** what it is for a new gateway, and in a file that leaves it out */
  readonly default: NoInfer<T> | ((home: Home) => NoInfer<T>);
  /**
   * When a running gateway takes it over from a changed file: always, or only while there is a value before and after.
   * Without this, a change takes a restart.
   */
  readonly reloadable?: "always" | "while set";
  readonly option?: Option;
  /** what it is for, as `init` writes it above the key; lines are broken anew */
  readonly comment: string;
}

/** What defaults may depend on. */
export interface Home {
  /** of the gateway */
  readonly id: string;
  /** the folder that holds a folder for each gateway */
  readonly rootDirectory: string;
}

export function key<T extends Value, const Option extends string = never>(key: Key<T, Option>): Key<T, Option> {
  return key;
}

/** For a default: a file or folder among the gateway's data. */
export function inData(name: string): (home: Home) => string {
  return ({ id, rootDirectory }) => join(rootDirectory, id, "data", name);
}
