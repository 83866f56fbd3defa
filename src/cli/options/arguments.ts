import { parseArgs } from "node:util";
import { suggestion } from "../../config/nearest.ts";
import { ExitCode, OperatorError } from "../../errors/operator_error.ts";
import { type GroupName, GROUPS, isGroup } from "./command_groups.ts";
import { type CommandName, COMMANDS, commandsOf, isCommand, optionOf, usageOf, verbOf } from "./commands.ts";
import { GIVEN, type OptionName, OPTIONS, type Options } from "./options.ts";

/** What the command line asks for. */
export type Request =
  | { kind: "usage" }
  | { kind: "version" }
  | { kind: "help"; command?: CommandName | GroupName }
  | { kind: "command"; command: CommandName; options: Options };

const WORDS = [...commandsOf(undefined), ...Object.keys(GROUPS), "help"];

/**
 * Parses the arguments that follow the program's name.
 * @throws {OperatorError} naming the argument, if a command or an option is unknown, missing, given twice, or has no
 *   valid value
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
  if (first.startsWith("-")) throw usageError(`a command must come before ${first}; nym-gateway --help lists them`);
  const command = commandIn(args);
  if (command !== undefined) return parseCommand(command, args.slice(command.split(" ").length));
  if (!isGroup(first)) throw usageError(`unknown command "${first}"${suggestion(first, WORDS)}`);
  const [verb = "--help"] = rest;
  if (["-h", "--help"].includes(verb)) return { kind: "help", command: first };
  throw usageError(`${first} has no command "${verb}"${suggestion(verb, commandsOf(first).map(verbOf))}`);
}

/** The command that the arguments begin with, in one word or, for a group's, in two. */
export function commandIn([first = "", second = ""]: readonly string[]): CommandName | undefined {
  return [first, `${first} ${second}`].find(isCommand);
}

function helpOn(words: readonly string[]): Request {
  const [word, second] = words;
  if (word === undefined) return { kind: "help" };
  const command = commandIn(words) ?? (isGroup(word) ? word : undefined);
  if (command === undefined) throw usageError(`there is no help on "${word}"${suggestion(word, WORDS)}`);
  const excess = words[command.split(" ").length];
  if (excess === undefined) return { kind: "help", command };
  throw usageError(
    command === word && isGroup(word)
      ? `there is no help on "${word} ${second}"${suggestion(second!, commandsOf(word).map(verbOf))}`
      : `unexpected argument "${excess}"`,
  );
}

function parseCommand(command: CommandName, given: readonly string[]): Request {
  const { required, optional, argument } = COMMANDS[command];
  const isNamed = argument === undefined || given[0] === undefined || given[0].startsWith("-");
  const args = isNamed ? given : [`--${argument}`, ...given];
  const names = [...required, ...optional];
  const options: Partial<Record<OptionName, string>> = {};
  for (const token of tokensOf(args, names)) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") throw usageError(`unexpected argument "${token.value}"`);
    if (token.name === "help") return { kind: "help", command };
    if (token.name === "version") return { kind: "version" };
    const name = names.find((name) => name === token.name && token.rawName === `--${name}`);
    if (name === undefined) {
      const shown = isShort(token) ? args[token.index]! : token.rawName;
      throw usageError(`${command} has no option ${shown}${suggestedOption(shown, names)}`);
    }
    if (options[name] !== undefined) throw usageError(`--${name} is given twice`);
    options[name] = valueOf(command, name, token, !isNamed && name === argument);
  }
  const missing = required.filter((name) => options[name] === undefined);
  if (missing.length > 0) {
    const needed = missing.map((name) => name === argument ? `<${name}>` : usageOf(name, command)).join(
      " ",
    );
    throw usageError(`${command} needs ${needed}; see nym-gateway ${command} --help`);
  }
  return { kind: "command", command, options };
}

type Token = NonNullable<ReturnType<typeof parseArgs>["tokens"]>[number];
type OptionToken = Extract<Token, { kind: "option" }>;

/** Not strict: the parser's own errors would not name the command, nor suggest what was meant. */
function tokensOf(args: readonly string[], names: readonly OptionName[]): readonly Token[] {
  const typed = names.map((name) =>
    [name, { type: OPTIONS[name].value === undefined ? "boolean" : "string" }] as const
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: {
      ...Object.fromEntries(typed),
      help: { type: "boolean", short: "h" },
      version: { type: "boolean", short: "V" },
    },
    strict: false,
    tokens: true,
  });
  return tokens;
}

/**
 * The value may begin with a minus sign, as a latitude does, but must not look like an option. `isArgument`: it was
 * given without the option's name.
 */
function valueOf(
  command: CommandName,
  name: OptionName,
  { value, inlineValue }: OptionToken,
  isArgument: boolean,
): string {
  const { value: kind, choices } = optionOf(name, command);
  if (kind === undefined && value === undefined) return GIVEN;
  if (kind === undefined) throw usageError(`--${name} takes no value`);
  if (!value || !inlineValue && /^-(-|[a-z])/i.test(value)) {
    throw usageError(`--${name} needs a value: ${usageOf(name, command)}`);
  }
  if (choices?.includes(value) === false) {
    const what = isArgument ? `<${kind}>` : `--${name}`;
    throw usageError(`${what} is "${value}" and must be one of ${choices.join(", ")}${suggestion(value, choices)}`);
  }
  return value;
}

const isShort = ({ rawName }: OptionToken) => !rawName.startsWith("--");

/** For an option given with its dashes; a single letter could stand for anything. */
function suggestedOption(given: string, names: readonly OptionName[]): string {
  return given.length === 2 ? "" : suggestion(given, names.map((name) => `--${name}`));
}

function usageError(reason: string): OperatorError {
  return new OperatorError(reason, ExitCode.USAGE);
}
