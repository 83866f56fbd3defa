import { join } from "node:path";
import { logger } from "../logging/log.ts";

/** ms between two reports of how the gateway is, where no sign of life is asked for more often */
const INTERVAL = 30_000;

const log = logger("nym_gateway");

/**
 * The service manager that started the program, systemd for instance (protocol: sd_notify(3)). It gets to know when the
 * gateway serves, and from then on a line on how it is, with a sign of life in good time, without which it restarts the gateway.
 */
export class ServiceManager implements AsyncDisposable {
  /** where our socket has its name, without which Deno has none */
  readonly #folder = Deno.makeTempDirSync({ prefix: "nym-gateway-" });
  readonly #socket: Deno.DatagramConn;
  readonly #address: Deno.UnixAddr;
  /** ms without a sign of life after which it acts; undefined: it asks for none */
  readonly #patience: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #sending: Promise<unknown> = Promise.resolve();

  private constructor(path: string, patience: number | undefined) {
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path: join(this.#folder, "notify") });
    this.#address = { transport: "unixpacket", path: path.replace(/^@/, "\0") };
    this.#patience = patience;
  }

  /** Finds it by the environment; undefined when there is none, or it can't be talked to. */
  static find(): ServiceManager | undefined {
    if (Deno.build.os !== "linux") return undefined;
    const path = Deno.env.get("NOTIFY_SOCKET");
    if (!path) return undefined;
    const patience = Number(Deno.env.get("WATCHDOG_USEC")) / 1000;
    try {
      return new ServiceManager(path, patience > 0 ? patience : undefined);
    } catch (error) {
      log.warn(`Cannot talk to the service manager: ${error instanceof Error ? error.message : error}`);
      return undefined;
    }
  }

  /** The gateway serves. `describe`: how it is, on one line. */
  ready(describe: () => string): void {
    this.#send(`READY=1\nSTATUS=${describe()}`);
    const sign = this.#patience === undefined ? "" : "WATCHDOG=1\n";
    const interval = Math.min(INTERVAL, (this.#patience ?? Infinity) / 2);
    this.#timer = setInterval(() => this.#send(`${sign}STATUS=${describe()}`), interval);
    Deno.unrefTimer(this.#timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#sending;
    this.#socket.close();
    await Deno.remove(this.#folder, { recursive: true });
  }

  #send(state: string): void {
    this.#sending = this.#socket.send(new TextEncoder().encode(state), this.#address).catch((error) => {
      log.warn(`Cannot tell the service manager ${state}: ${error.message}`);
    });
  }
}
