import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import postgres from "postgres";
import type { DatabaseAddress } from "../addresses/database_address.ts";
import { pause } from "../timing/pause.ts";

/** Connections for statements; one more listens. One of them is left for what does not wait: commits, one at a time. */
const CONNECTIONS = 4;
/** s until a connection must be up */
const CONNECT_TIMEOUT = 5;
/** ms until a statement must be answered: a primary that has died may just be silent */
const DEADLINE = 10_000;
/** Of the deadline, how much the server has: when something there holds a statement up, it says so before the deadline */
const SERVERS_SHARE = 0.9;
/** s until the server asks whether a silent connection is still there, and between two such questions; and how many */
const SERVER_PROBES = { tcp_keepalives_idle: 15, tcp_keepalives_interval: 15, tcp_keepalives_count: 3 };
/** ms until listening is tried again */
const LISTEN_AGAIN = 1000;
/** s for a connection that listens to end. The driver forgets one that is still connecting: its socket and timer stay. */
const LISTENER_ENDS = 0.2;

/** A pool of connections, or one with a transaction. As a template's tag it runs a statement, prepared and with parameters. */
export interface Sql {
  /** Resolves with the rows, which have values as text, and bytes as bytes. */
  <Rows extends object[]>(text: TemplateStringsArray, ...parameters: (string | number | Uint8Array)[]): Promise<Rows>;
  /** Runs statements as they are. */
  unsafe(statements: string): Promise<unknown>;
  /** Commits what `work` does, or nothing if it rejects. */
  begin<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  /** Ends all connections, and lets statements under way have `timeout` s. */
  end(options: { timeout: number }): Promise<void>;
}

/** How to log in to a server. */
export interface ServerOptions extends DatabaseAddress {
  /** the role's password; "" for none */
  readonly password: string;
  /** TLS, with certificates by these authorities (PEM), or by those that the runtime knows; false: no TLS */
  readonly tls: { readonly authorities: string | undefined } | false;
}

/** Notifications of one channel. */
interface Listening {
  readonly channel: string;
  readonly notified: (payload: string) => void;
  readonly listening: () => void;
}

/** Bytes, in both directions as hexadecimal text. */
const BYTES = {
  to: 17,
  from: [17],
  serialize: (bytes: Uint8Array) => `\\x${bytes.toHex()}`,
  parse: (text: string) => Uint8Array.fromHex(text.slice(2)),
};

/**
 * The primary of a PostgreSQL cluster, wherever it is. When a statement fails for its connection, or is not answered in
 * time, or meets a standby, all connections are given up, and new ones begin with the next host.
 */
export class Server implements AsyncDisposable {
  #sql: Sql;
  #hosts: DatabaseAddress["hosts"];
  readonly #listening: Listening[] = [];
  /** the connection that listens; `deaf` resolves when it is lost, or to be given up, `last` when its last statement ends */
  #listener: { readonly sql: Sql; readonly deaf: PromiseWithResolvers<void>; last: Promise<void> } | undefined;
  #keepsListening: Promise<void> = Promise.resolve();
  readonly #ending = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** connections that statements may still take, and what waits for one */
  #free = CONNECTIONS - 1;
  readonly #waiting: (() => void)[] = [];

  /** Connects when it is first needed. */
  constructor(private readonly options: ServerOptions, private readonly deadline = DEADLINE) {
    this.#hosts = options.hosts;
    this.#sql = this.#connect();
  }

  /** Whether it is closed, or about to be: statements fail. */
  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Runs a statement, once a connection is free. Rejects with an Error, whose message has nothing of its parameters, when
   * that fails.
   */
  async run<T>(statement: (sql: Sql) => PromiseLike<T>): Promise<T> {
    // Its time begins with its turn: however many wait, a slow server is not taken for a silent one.
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.runAtOnce(statement);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  /** As {@linkcode run}, without waiting for others. Only for one statement at a time. */
  async runAtOnce<T>(statement: (sql: Sql) => PromiseLike<T>): Promise<T> {
    for (let others = this.#hosts.length - 1;; others--) {
      try {
        return await this.#runOnce(statement);
      } catch (error) {
        if (others === 0 || !isUnknownHere((error as Error).cause)) throw error;
      }
    }
  }

  async #runOnce<T>(statement: (sql: Sql) => PromiseLike<T>): Promise<T> {
    const sql = this.#sql;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("no database server answers as the primary")), this.deadline);
    });
    try {
      return await Promise.race([statement(sql), late]);
    } catch (error) {
      if (isOfConnection(error) || isUnknownHere(codeOf(error))) this.#replace(sql);
      throw error instanceof Error ? new Error(error.message, { cause: codeOf(error) }) : new Error(String(error));
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Calls `notified` with each notification on a channel, and `listening` whenever it begins to listen: what was notified
   * before that is lost. Tries until it is closed.
   */
  listen(channel: string, notified: (payload: string) => void, listening: () => void): void {
    const each = { channel, notified, listening };
    this.#listening.push(each);
    if (this.#listener === undefined) this.#keepsListening = this.#keepListening();
    else this.#listenTo(each);
  }

  /** Gives up all connections, and the statements under way on them, as if they had failed. */
  abandon(): void {
    this.#replace(this.#sql);
  }

  /** Ends all connections. Statements under way fail. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#listener?.deaf.resolve();
    this.#end(this.#sql);
    await this.#keepsListening;
    await Promise.all(this.#ending);
  }

  #connect(special: object = {}): Sql {
    const { user, database, password, tls } = this.options;
    const [first] = this.#hosts;
    const isSocket = first!.host.startsWith("/");
    return postgres({
      ...(isSocket
        ? { path: `${first!.host}/.s.PGSQL.${first!.port}`, host: "localhost", port: first!.port }
        : { host: this.#hosts.map(({ host }) => host), port: this.#hosts.map(({ port }) => port) }),
      user,
      database,
      password: () => password, // a function, so that no variable of the environment takes the place of ""
      ssl: tls === false || isSocket ? false : {
        rejectUnauthorized: true,
        ca: tls.authorities,
        checkServerIdentity: (name: string, certificate: PeerCertificate) => mismatchOf(this.#hosts, name, certificate),
      },
      target_session_attrs: "primary",
      connection: {
        application_name: Deno.env.get("PGAPPNAME") ?? "nym-gateway",
        search_path: "pg_catalog", // else this role could run functions that another one has created in "public"
        statement_timeout: Math.floor(this.deadline * SERVERS_SHARE),
        lock_timeout: this.deadline,
        ...SERVER_PROBES, // else sessions, and locks, of a machine that was lost stay for hours
      },
      max: CONNECTIONS,
      connect_timeout: CONNECT_TIMEOUT,
      idle_timeout: 0,
      max_lifetime: null,
      max_pipeline: 1,
      backoff: () => 0.1,
      keep_alive: 10,
      fetch_types: false,
      publications: "none",
      sslnegotiation: "postgres",
      prepare: true,
      debug: false,
      onnotice: () => {},
      types: { bytes: BYTES },
      ...special,
    } as object) as unknown as Sql;
  }

  #replace(sql: Sql): void {
    if (this.isClosing || sql !== this.#sql) return;
    const [first, ...others] = this.#hosts;
    this.#hosts = [...others, first!];
    this.#sql = this.#connect();
    this.#end(sql);
    this.#listener?.deaf.resolve();
  }

  #end(sql: Sql, timeout = 0): void {
    const ending = sql.end({ timeout }).catch(() => {}).finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Listens with a connection of its own, and with another one when that is lost. */
  async #keepListening(): Promise<void> {
    while (!this.isClosing) {
      const deaf = Promise.withResolvers<void>();
      const onnotify = (channel: string, payload: string) =>
        this.#listening.find((each) => each.channel === channel)?.notified(payload);
      const sql = this.#connect({ max: 1, onnotify, onclose: deaf.resolve });
      this.#listener = { sql, deaf, last: Promise.resolve() };
      for (const each of this.#listening) this.#listenTo(each);
      await deaf.promise;
      this.#end(sql, LISTENER_ENDS);
      await pause(LISTEN_AGAIN, this.#closing.signal);
    }
  }

  #listenTo({ channel, listening }: Listening): void {
    const listener = this.#listener!;
    const { sql, deaf } = listener;
    const begun = () => void (this.isClosing || listening());
    // One after the other: for a statement that waits when it is ended, the driver connects again, and never disconnects.
    listener.last = listener.last
      .then(() => sql.unsafe(`listen "${channel}"`)) // a name of ours, which no parameter can be
      .then(begun, () => deaf.resolve());
  }
}

/**
 * Why a certificate is not valid for the server; undefined if it is. For a host given by its IP address the driver passes no
 * name, and the runtime falls back to "localhost": then the certificate must be for one of the configured addresses.
 */
function mismatchOf(hosts: DatabaseAddress["hosts"], name: string, certificate: PeerCertificate): Error | undefined {
  const configured = hosts.map(({ host }) => host);
  const isUnnamed = name === "localhost" && configured.some((host) => isIP(host) > 0);
  const names = isUnnamed ? configured.filter((host) => isIP(host) > 0 || host === name) : [name];
  const faults = names.map((each) => checkServerIdentity(each, certificate));
  return faults.includes(undefined) ? undefined : faults[0];
}

/** PostgreSQL's code of an error (SQLSTATE), or the driver's or system's. */
function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code ?? "");
}

/**
 * Whether another connection may do better: it broke, was refused or is silent, or leads to a server that cannot write, or
 * that held a statement up for too long.
 */
function isOfConnection(error: unknown): boolean {
  const code = codeOf(error);
  return !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P|57014|25006|53300)/.test(code);
}

/**
 * Whether a server has refused a login because it does not know the role, its password or the database: a standby that lags
 * may not know yet what the primary has.
 */
function isUnknownHere(code: unknown): boolean {
  return /^(28|3D)/.test(String(code));
}
