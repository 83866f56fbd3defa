import { logger } from "../../logging/log.ts";

/** in ms, between two reports, unless the service manager wants signs of life more often */
const INTERVAL = 30_000;

const log = logger("nym_gateway");

/**
 * The service manager that started the program, such as systemd (protocol: sd_notify(3)). It is notified when the
 * node is ready, and from then on receives the node's state on one line, and signs of life; if those stop, it restarts
 * the node.
 */
export class ServiceManager implements AsyncDisposable {
  /** of our own socket: Deno's sockets need a name */
  readonly #path = freeName();
  readonly #socket: Deno.DatagramConn;
  readonly #address: Deno.UnixAddr;
  /** ms without a sign of life after which it restarts the gateway; undefined: it wants none */
  readonly #patience: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  private constructor(path: string, patience: number | undefined) {
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path: this.#path });
    this.#address = { transport: "unixpacket", path: path.replace(/^@/, "\0") };
    this.#patience = patience;
  }

  /** Finds it through the environment; undefined if there is none, or no socket can be opened for it. */
  static find(environment: Pick<Deno.Env, "get"> = Deno.env): ServiceManager | undefined {
    if (Deno.build.os !== "linux") return undefined;
    const path = environment.get("NOTIFY_SOCKET");
    if (!path) return undefined;
    const patience = Number(environment.get("WATCHDOG_USEC")) / 1000;
    try {
      return new ServiceManager(path, patience > 0 ? patience : undefined);
    } catch (error) {
      log.warn(`Cannot talk to the service manager: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  /** Reports that the node is ready, and from now on its state. `describe` returns that on one line. */
  ready(describe: () => string): void {
    this.#send(`READY=1\nSTATUS=${describe()}`);
    const sign = this.#patience === undefined ? "" : "WATCHDOG=1\n";
    const interval = Math.min(INTERVAL, (this.#patience ?? Infinity) / 2);
    this.#timer = setInterval(() => this.#send(`${sign}STATUS=${describe()}`), interval);
    Deno.unrefTimer(this.#timer);
  }

  /** Ends the reports, once the last one is sent. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    this.#socket.close();
    await Deno.remove(this.#path);
  }

  #send(state: string): void {
    this.#sending = this.#socket.send(new TextEncoder().encode(state), this.#address).catch((error) => {
      log.warn(`Cannot send ${state} to the service manager: ${error.message}`);
    });
  }
}

/** A name for a temporary socket. It is in no folder of its own: on a full disk, a folder can't be created, a socket can. */
function freeName(): string {
  const path = Deno.makeTempFileSync({ prefix: "nym-gateway-" });
  Deno.removeSync(path);
  return path;
}
