import { onOneLine } from "../../text/one_line.ts";
import { ExitCode, fileError, reasonOf } from "../../errors/operator_error.ts";
import { replacePrivateFile, writeAll } from "../../files/private.ts";
import { readRegularText } from "../../files/regular.ts";
import { logger } from "../../logging/log.ts";

const log = logger("nym_gateway::node");

/** What a running node writes to a file, so that commands find it even if its configuration file has changed. */
export interface Running {
  /** its name, as in --id */
  readonly id: string;
  /** where its operator's endpoint listens, `ip:port`; "" if it has none */
  readonly operator: string;
  /** the socket that takes requests (control.ts); "" if there is none */
  readonly control: string;
}

/** Beside the configuration file, which every command finds. */
function pathOf(configPath: string): string {
  return `${configPath}.running`;
}

/** Writes the file, and removes it when disposed. If that fails, commands do without it; a warning is logged. */
export function noteRunning(configPath: string, running: Running): Disposable {
  const path = pathOf(configPath);
  try {
    using file = replacePrivateFile(path);
    writeAll(file, new TextEncoder().encode(JSON.stringify(running) + "\n"));
  } catch (error) {
    log.warn(
      `Cannot write ${path} (${reasonOf(error)}): \`status\` uses the configuration, and \`reload\` cannot find it`,
    );
    return { [Symbol.dispose]() {} };
  }
  return {
    [Symbol.dispose]() {
      try {
        Deno.removeSync(path);
      } catch (error) {
        log.debug(`Cannot remove ${path}: ${reasonOf(error)}`);
      }
    },
  };
}

/**
 * What the node with this configuration file wrote; undefined if there is no such file, as when it is not running.
 * The file may be left over from a node that was killed.
 * @throws {OperatorError} if this user may not read it
 */
export function readRunning(configPath: string): Running | undefined {
  const path = pathOf(configPath);
  let text: string;
  try {
    text = readRegularText(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw fileError(`Cannot read ${path}`, error, ExitCode.INPUT_OUTPUT);
  }
  try {
    const { id, operator, control }: Partial<Running> = JSON.parse(text);
    if ([id, operator, control].every((value) => typeof value === "string")) {
      return { id, operator, control } as Running;
    }
  } catch {
    // it is not complete: the disk may have been full
  }
  log.warn(`${path} is not valid: ${onOneLine(text.slice(0, 100))}`);
  return undefined;
}
