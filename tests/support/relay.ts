/** Where a relay's connections lead. */
export type Target = Deno.ConnectOptions | (Deno.UnixConnectOptions & { transport: "unix" });

/** Whether bytes go on. */
type IsWanted = (bytes: Uint8Array) => boolean | Promise<boolean>;

/** Connections to a port of 127.0.0.1 that lead elsewhere, and can be cut on their way, or robbed of answers. */
export class Relay implements AsyncDisposable {
  /** new connections are reset */
  isClosed = false;
  /** what the other side answers waits for this */
  answering: () => Promise<void> | undefined = () => undefined;
  /** once something at least this long has gone to the other side, what that answers on the same connection is thrown away */
  longestAnswered = Infinity;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;
  readonly #copying = new Set<Promise<void>>();

  /** Listens. `target` may be changed for new connections. */
  constructor(public target: Target) {
    this.#accepting = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Ends all connections. */
  cut(): void {
    for (const connection of this.#connections) end(connection);
    this.#connections.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    end(this.#listener);
    this.cut();
    await this.#accepting;
    await Promise.all(this.#copying);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      try {
        if (this.isClosed) throw new Error("closed");
        const far = await (Deno.connect as (target: Target) => Promise<Deno.Conn>)(this.target);
        for (const connection of [near, far]) this.#connections.add(connection);
        let isMute = false;
        this.#copy(near, far, ({ length }) => {
          isMute ||= length >= this.longestAnswered;
          return true;
        });
        this.#copy(far, near, async () => {
          await this.answering();
          return !isMute;
        });
      } catch {
        end(near);
      }
    }
  }

  #copy(from: Deno.Conn, to: Deno.Conn, isWanted: IsWanted): void {
    const copying = copy(from, to, isWanted).catch(() => {}).finally(() => {
      for (const connection of [from, to]) end(connection);
      this.#copying.delete(copying);
    });
    this.#copying.add(copying);
  }
}

async function copy(from: Deno.Conn, to: Deno.Conn, isWanted: IsWanted): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
    if (!await isWanted(buffer.subarray(0, read))) continue;
    for (let sent = 0; sent < read;) sent += await to.write(buffer.subarray(sent, read));
  }
}

function end(closable: { close(): void }): void {
  try {
    closable.close();
  } catch {
    // it is closed already
  }
}
