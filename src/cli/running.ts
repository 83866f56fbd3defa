import { onOneLine } from "../text/one_line.ts";
import { ExitCode, fileError, reasonOf } from "../errors/operator_error.ts";
import { openPrivateFile } from "../files/private.ts";
import { logger } from "../logging/log.ts";

const log = logger("nym_gateway::node");

/** What a gateway that runs writes down for commands, so that they find it whatever its configuration file has become. */
export interface Running {
  readonly id: string;
  /** where its operator's endpoint listens, `ip:port`; "" when it has none */
  readonly operator: string;
  /** the socket that takes requests (control.ts); "" when there is none */
  readonly control: string;
}

/** Beside the configuration file, which every command finds. */
function pathOf(configPath: string): string {
  return `${configPath}.running`;
}

/** Writes it down, until it is disposed. Where that can't be done commands do without: it is a warning. */
export function noteRunning(configPath: string, running: Running): Disposable {
  const path = pathOf(configPath);
  try {
    using file = openPrivateFile(path, { write: true, truncate: true });
    file.writeSync(new TextEncoder().encode(JSON.stringify(running) + "\n"));
  } catch (error) {
    log.warn(
      `Cannot write ${path} (${reasonOf(error)}): \`status\` reads the configuration, \`reload\` finds no gateway`,
    );
    return { [Symbol.dispose]() {} };
  }
  return {
    [Symbol.dispose]() {
      try {
        Deno.removeSync(path);
      } catch (error) {
        log.debug(`${path} is left: ${reasonOf(error)}`);
      }
    },
  };
}

/**
 * What the gateway with this configuration file has written down; undefined when it has not, as when it does not run. It
 * may be that of a gateway that was killed.
 * @throws {OperatorError} when this user may not read it
 */
export function readRunning(configPath: string): Running | undefined {
  const path = pathOf(configPath);
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
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
    // half of it: the disk may have been full
  }
  log.warn(`${path} can't be read: ${onOneLine(text.slice(0, 100))}`);
  return undefined;
}
