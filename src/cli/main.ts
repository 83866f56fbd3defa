import { buildInfo } from "../build/build_info.ts";
import { flushLog, logger } from "../logging/log.ts";
import { ExitCode, fileError, OperatorError } from "../errors/operator_error.ts";
import { commandIn, parseArguments } from "./options/arguments.ts";
import { banner } from "./output/banner.ts";
import { versionLine } from "./output/build_info.ts";
import { readLogVariable } from "./running/logging.ts";
import { isGroup } from "./options/command_groups.ts";
import { type CommandName, COMMANDS, verbOf } from "./options/commands.ts";
import type { Options } from "./options/options.ts";
import { print, printError, printText, refuseUnprinted, serveOutput, settleOutput } from "./output/output.ts";
import { runDirectory, type StartDirectory } from "./running/run_directory.ts";
import type { DecideOffline } from "./running/decide.ts";
import { runGateway, type StartGateway } from "./running/run_gateway.ts";
import { runMixnode, type StartMixnode } from "./running/run_mixnode.ts";

/** in ms, for printed and logged lines to be written once everything else is done */
const LAST_WORDS = 500;

const log = logger("nym_gateway");

/** Starts each kind of node. */
export interface Starters {
  /** for `run` */
  readonly gateway: StartGateway;
  /** for `mixnode run` */
  readonly mixnode: StartMixnode;
  /** for `directory run` */
  readonly directory: StartDirectory;
  /** for `directory allow` and the like, while it is not running */
  readonly decideOffline: DecideOffline;
}

/** Runs the command that the arguments name. Resolves with the exit code; never rejects. */
export async function main(args: readonly string[], start: Starters): Promise<number> {
  const command = commandIn(args);
  const serves = command !== undefined && verbOf(command) === "run";
  if (serves) serveOutput();
  try {
    if (!isPlain(args, command)) printText(banner(isGroup(args[0] ?? "") ? args[0]! : "gateway"));
    readLogVariable();
    const exitCode = await answer(args, start) ?? 0;
    if (!serves) refuseUnprinted();
    return exitCode;
  } catch (error) {
    await settleOutput(LAST_WORDS); // so that earlier output comes before the error
    if (error instanceof OperatorError) return fail(error.message, error.exitCode);
    if (error instanceof Deno.errors.NotCapable) {
      return fail(fileError("Cannot continue", error, ExitCode.NO_PERMISSION).message, ExitCode.NO_PERMISSION);
    }
    const variable = unreadableVariable(error);
    if (variable !== undefined) return fail(variable, ExitCode.CONFIGURATION);
    log.debug(error instanceof Error ? `${error.stack}` : String(error));
    const reason = error instanceof Error ? error.message : String(error);
    return fail(`unexpected failure: ${reason} (RUST_LOG=debug shows where)`, ExitCode.SOFTWARE);
  } finally {
    flushLog();
    await settleOutput(LAST_WORDS);
  }
}

/** Whether the output may be for programs, so that no banner comes before it. */
function isPlain(args: readonly string[], command: CommandName | undefined): boolean {
  return args.includes("--version") || args.includes("-V") ||
    command !== undefined && COMMANDS[command].isPlain === true;
}

/** Resolves with the exit code if it is not 0. */
async function answer(args: readonly string[], start: Starters): Promise<number | void> {
  const request = parseArguments(args);
  switch (request.kind) {
    case "usage":
      return printText("usage: --help to see available options.\n\n");
    case "version":
      return print(versionLine(buildInfo()));
    case "help": {
      const { commandHelp, GENERAL_HELP } = await import("./options/help.ts");
      return printText(request.command === undefined ? GENERAL_HELP : commandHelp(request.command));
    }
    case "command":
      return await carryOut(request.command, request.options, start);
  }
}

/** All commands but `run` are loaded on demand: a running node would hold their code for nothing. */
async function carryOut(command: CommandName, options: Options, start: Starters): Promise<number | void> {
  switch (command) {
    case "run":
      return await runGateway(options, start.gateway);
    case "mixnode run":
      return await runMixnode(options, start.mixnode);
    case "directory run":
      return await runDirectory(options, start.directory);
    default: {
      const { carryOutBrief } = await import("./brief_commands.ts");
      return await carryOutBrief(command, options, start.decideOffline);
    }
  }
}

/** What to say if the error is the runtime's about an environment variable, which shows only its value. */
function unreadableVariable(error: unknown): string | undefined {
  if (!(error instanceof Deno.errors.InvalidData)) return undefined;
  const [, value] = /^environment variable was not valid unicode: (.*)$/s.exec(error.message) ?? [];
  return value && `Cannot read an environment variable: it must be UTF-8, and is ${value}`;
}

function fail(message: string, exitCode: number): number {
  printError(`error: ${message.replaceAll(/\s*\n\s*/g, " ")}`);
  return exitCode;
}
