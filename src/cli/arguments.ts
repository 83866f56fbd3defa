import { parseArgs } from "@std/cli";
import { suggestion } from "../config/nearest.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { type CommandName, COMMANDS, isCommand, type OptionName, OPTIONS, type Options } from "./options.ts";

/** What the command line asks for. */
export type Request =
  | { kind: "usage" }
  | { kind: "version" }
  | { kind: "help"; command?: CommandName }
  | { kind: "command"; command: CommandName; options: Options };

const WORDS = [...Object.keys(COMMANDS), "help"];

/**
 * Reads the arguments that follow the program's name. Throws an OperatorError that names the argument when a command or
 * an option is unknown, has no value, is there twice or is missing.
 */
export function parseArguments(args: readonly string[]): Request {
  const [first, ...rest] = args;
  switch (first) {
    case undefined:
      return { kind: "usage" };
    case "-h":
    case "--help":
      return { kind: "help" };
    case "-V":
    case "--version":
      return { kind: "version" };
    case "help":
      return helpOn(rest);
  }
  if (isCommand(first)) return parseCommand(first, rest);
  if (first.startsWith("-")) throw usageError(`a command must come before ${first}; nym-gateway --help lists them`);
  throw usageError(`unknown command "${first}"${suggestion(first, WORDS)}`);
}

function helpOn([word, excess]: readonly string[]): Request {
  if (excess !== undefined) throw usageError(`unexpected argument "${excess}"`);
  if (word === undefined) return { kind: "help" };
  if (isCommand(word)) return { kind: "help", command: word };
  throw usageError(`there is no help on "${word}"${suggestion(word, WORDS)}`);
}

function parseCommand(command: CommandName, given: readonly string[]): Request {
  const { required, optional, argument } = COMMANDS[command];
  const isNamed = argument === undefined || given[0] === undefined || given[0].startsWith("-");
  const args = isNamed ? given : [`--${argument}`, ...given];
  const names = [...required, ...optional];
  const found = readArguments(args, names, command);
  if (found.help === true) return { kind: "help", command };
  if (found.version === true) return { kind: "version" };
  const options: Partial<Record<OptionName, string>> = {};
  for (const name of names) {
    const [value, second] = found.values(name);
    if (second !== undefined) throw usageError(`--${name} is given twice`);
    if (value === "") throw usageError(`--${name} needs a value: --${name} <${OPTIONS[name].value}>`);
    const { choices } = OPTIONS[name];
    if (value !== undefined && choices?.includes(value) === false) {
      throw usageError(`--${name} is "${value}" and can be ${choices.join(", ")}${suggestion(value, choices)}`);
    }
    if (value !== undefined) options[name] = value;
  }
  const missing = required.filter((name) => options[name] === undefined);
  if (missing.length > 0) {
    const needed = missing.map((name) => name === argument ? `<${name}>` : `--${name} <${OPTIONS[name].value}>`).join(
      " ",
    );
    throw usageError(`${command} needs ${needed}; see nym-gateway ${command} --help`);
  }
  return { kind: "command", command, options };
}

interface FoundArguments {
  help: boolean;
  version: boolean;
  values(name: OptionName): readonly string[];
}

/** The one call of `@std/cli`, which ships no types. An option without a value has the value "". */
function readArguments(args: readonly string[], names: readonly OptionName[], command: CommandName): FoundArguments {
  const found: Readonly<Record<string, unknown>> = parseArgs([...args], {
    string: names,
    collect: names,
    boolean: ["help", "version"],
    alias: { help: "h", version: "V" },
    unknown: (argument: string, option?: string) => {
      if (option === undefined) throw usageError(`unexpected argument "${argument}"`);
      const given = argument.replace(/=.*/s, "");
      throw usageError(`${command} has no option ${given}${suggestedOption(given, names)}`);
    },
  });
  const [positional] = found["_"] as readonly string[]; // only what follows `--` is still there
  if (positional !== undefined) throw usageError(`unexpected argument "${positional}"`);
  return {
    help: found["help"] === true,
    version: found["version"] === true,
    values: (name) => (found[name] ?? []) as readonly string[],
  };
}

/** For what was given with its dashes; a single letter could be meant to be anything. */
function suggestedOption(given: string, names: readonly OptionName[]): string {
  return given.length === 2 ? "" : suggestion(given, names.map((name) => `--${name}`));
}

function usageError(reason: string): OperatorError {
  return new OperatorError(reason, ExitCode.USAGE);
}
