import { dirname, join } from "node:path";
import { ExitCode, OperatorError, reasonOf } from "../../errors/operator_error.ts";
import { logger } from "../../logging/log.ts";

const log = logger("nym_gateway::node");

/** length of a socket's path, in bytes, that every system allows */
const LONGEST_PATH = 100;
/** the request that every program takes, on one line */
const RELOAD = "reload\n";
/** in bytes; a request names a public key at most */
const LONGEST_REQUEST = 256;
/** in ms, for a request to arrive, and for its answer */
const TIMEOUT = 10_000;
/** in bytes; an answer names keys of the configuration */
const LONGEST_ANSWER = 65_536;

/** The outcome of a reload: the changed keys, as in config/reloading.ts, or why the file was refused. */
export type ReloadAnswer =
  | { readonly taken: readonly string[]; readonly left: readonly string[] }
  | { readonly refused: string; readonly exitCode: ExitCode };

/** Answers a request, a line of text; undefined if it is not one. */
export type Others = (request: string) => Promise<object | undefined>;

/**
 * The socket through which commands reach a running node. Only the node's user can access its file (0600), so
 * anyone who can connect may send requests. A request is a line of text, its answer a line of JSON.
 */
export class ControlSocket implements AsyncDisposable {
  /** The path of the socket's file. */
  readonly path: string;
  readonly #listener: Deno.UnixListener;
  readonly #reload: () => ReloadAnswer;
  readonly #others: Others | undefined;
  readonly #accepting: Promise<void>;
  readonly #connections = new Set<Deno.UnixConn>();
  /** the temporary folder of a socket whose path would be too long beside the configuration file */
  readonly #folder: string | undefined;

  private constructor(
    path: string,
    folder: string | undefined,
    reload: () => ReloadAnswer,
    others: Others | undefined,
  ) {
    this.path = path;
    this.#folder = folder;
    this.#reload = reload;
    this.#others = others;
    this.#listener = Deno.listen({ transport: "unix", path });
    Deno.chmodSync(path, 0o600);
    this.#accepting = this.#accept();
  }

  /**
   * Listens beside the configuration file; undefined if that fails, which is logged as a warning. `others` answers what
   * is not a request to reload.
   */
  static open(configPath: string, reload: () => ReloadAnswer, others?: Others): ControlSocket | undefined {
    if (Deno.build.os === "windows") return undefined;
    try {
      const path = `${configPath}.socket`;
      if (new TextEncoder().encode(path).length > LONGEST_PATH) {
        const folder = Deno.makeTempDirSync({ prefix: "nym-gateway-" });
        return new ControlSocket(join(folder, "socket"), folder, reload, others);
      }
      removeStale(path);
      return new ControlSocket(path, undefined, reload, others);
    } catch (error) {
      const remedy = "SIGHUP makes the program read its configuration again";
      log.warn(`Cannot listen for commands in ${dirname(configPath)} (${reasonOf(error)}): ${remedy}`);
      return undefined;
    }
  }

  /** Closes the socket and all its connections, and removes its file. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close(); // this removes its file, too
    for (const connection of this.#connections) close(connection);
    await this.#accepting;
    if (this.#folder !== undefined) await Deno.remove(this.#folder, { recursive: true });
  }

  async #accept(): Promise<void> {
    const serving: Promise<void>[] = [];
    try {
      for await (const connection of this.#listener) serving.push(this.#serve(connection));
    } catch (error) {
      log.warn(`No longer listening for commands: ${reasonOf(error)}`);
    }
    await Promise.all(serving);
  }

  async #serve(connection: Deno.UnixConn): Promise<void> {
    this.#connections.add(connection);
    const timer = setTimeout(() => close(connection), TIMEOUT);
    try {
      const request = await readText(connection, LONGEST_REQUEST, "\n");
      const answer = request === RELOAD ? this.#reload() : await this.#others?.(request);
      if (answer !== undefined) await write(connection, JSON.stringify(answer) + "\n");
    } catch {
      // the connection is gone, and nobody waits for the answer
    }
    clearTimeout(timer);
    close(connection);
    this.#connections.delete(connection);
  }
}

/**
 * Asks the node that listens at `path` to read its configuration again. `kind` is what it is, for errors.
 * @throws {OperatorError} if it does not answer, or this user may not ask
 */
export async function askToReload(path: string, kind: string): Promise<ReloadAnswer> {
  return await ask(path, kind, RELOAD) as ReloadAnswer;
}

/**
 * Sends a request to the node that listens at `path`, and resolves with its answer. `kind` is what it is, for errors.
 * @throws {OperatorError} if it does not answer, or this user may not ask
 */
export async function ask(path: string, kind: string, request: string): Promise<unknown> {
  const attempt = `Cannot ask the ${kind}`;
  try {
    using connection = await Deno.connect({ transport: "unix", path });
    const timer = setTimeout(() => close(connection), TIMEOUT);
    await write(connection, request);
    const text = await readText(connection, LONGEST_ANSWER).finally(() => clearTimeout(timer));
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.ConnectionRefused) {
      throw new OperatorError(`${attempt}: it is not running`, ExitCode.UNAVAILABLE);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new OperatorError(`${attempt}: this user may not use ${path}; use sudo`, ExitCode.NO_PERMISSION);
    }
    throw new OperatorError(`${attempt}: ${reasonOf(error)}`, ExitCode.UNAVAILABLE);
  }
}

/** A node that was killed left it behind. If another one were running, it would hold the lock on the node's state. */
function removeStale(path: string): void {
  try {
    if (Deno.lstatSync(path).isSocket !== false) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Reads until the end, or `most` bytes, or text that ends in `ending`. */
async function readText(connection: Deno.UnixConn, most: number, ending?: string): Promise<string> {
  const bytes = new Uint8Array(most);
  let length = 0;
  while (length < most) {
    if (ending !== undefined && length > 0 && bytes[length - 1] === ending.charCodeAt(0)) break;
    const read = await connection.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

async function write(connection: Deno.UnixConn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) written += await connection.write(bytes.subarray(written));
}

function close(connection: Deno.UnixConn): void {
  try {
    connection.close();
  } catch {
    // it is closed already
  }
}
