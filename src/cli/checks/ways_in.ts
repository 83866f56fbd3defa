import { reasonOf } from "../../errors/operator_error.ts";
import type { StandIn } from "./stand_in.ts";

/** ms for one attempt */
const TIMEOUT = 3000;
/** bytes of an answer that are read */
const LOOKED_AT = 1024;
/** A gateway's answer to a request that is not for a WebSocket. */
const UPGRADE_REQUIRED = /^HTTP\/1\.[01] 426 /;

/** Where to connect to: an IP address, and the announced host. */
export interface Destination {
  /** an IP address */
  readonly address: string;
  /** a TCP port */
  readonly port: number;
  /** the announced host, for certificates, and for proxies that serve several hosts */
  readonly name: string;
  /** whether to use TLS */
  readonly isSecure: boolean;
}

/** The outcome of an attempt. `how` continues after an address, as in "1.2.3.4:1789 refuses connections". */
export type Attempt =
  | { kind: "arrived" | "accepted" }
  | { kind: "no answer" | "something else" | "bad certificate"; how: string };

/** Connects as mixnodes do. The gateway never answers them, so it is unknown which program accepts the connection. */
export async function tryMixnet(to: Destination): Promise<Attempt> {
  return await attempt(to, undefined, () => ({ kind: "accepted" }));
}

/** Connects as clients do, and checks that a gateway answers. */
export async function tryClients(to: Destination, path: string): Promise<Attempt> {
  return await attempt(to, path, (answer) => {
    if (UPGRADE_REQUIRED.test(answer)) return { kind: "arrived" };
    const line = answer.split("\r\n")[0]!.replaceAll(/[^ -~]/g, "?");
    const how = line === "" ? "accepts, and sends nothing" : `answers "${line}", which no gateway does`;
    return { kind: "something else", how };
  });
}

/** Checks that a request sent there reaches `standIn`. It is an HTTP request so that proxies forward it. */
export async function tryStandIn(to: Destination, standIn: StandIn): Promise<Attempt> {
  const path = `/${crypto.randomUUID()}`;
  return await attempt(to, path, () => {
    if (standIn.heard.has(path)) return { kind: "arrived" };
    return { kind: "something else", how: "does not lead to this machine" };
  });
}

/** Connects, requests `path` if there is one, and lets `judge` interpret the beginning of the answer. */
async function attempt(
  to: Destination,
  path: string | undefined,
  judge: (answer: string) => Attempt,
): Promise<Attempt> {
  const signal = AbortSignal.timeout(TIMEOUT);
  try {
    using connection = await connect(to, signal);
    return judge(path === undefined ? "" : await ask(connection, to.name, path, signal));
  } catch (error) {
    if (signal.aborted) return { kind: "no answer", how: `does not answer within ${TIMEOUT / 1000} s` };
    if (error instanceof Deno.errors.InvalidData) return { kind: "bad certificate", how: error.message };
    if (error instanceof Deno.errors.ConnectionRefused) return { kind: "no answer", how: "refuses connections" };
    return { kind: "no answer", how: `cannot be reached: ${reasonOf(error)}` };
  }
}

async function connect({ address, port, name, isSecure }: Destination, signal: AbortSignal): Promise<Deno.Conn> {
  const plain = await Deno.connect({ hostname: address, port, signal });
  if (!isSecure) return plain;
  const secure = await Deno.startTls(plain, { hostname: name });
  signal.addEventListener("abort", () => shut(secure));
  try {
    await secure.handshake();
  } catch (error) {
    shut(secure);
    throw error;
  }
  return secure;
}

/** The beginning of the answer, as far as it arrives before `signal` aborts. */
async function ask(connection: Deno.Conn, host: string, path: string, signal: AbortSignal): Promise<string> {
  const authority = host.includes(":") ? `[${host}]` : host;
  const request = `GET ${path} HTTP/1.1\r\nhost: ${authority}\r\nconnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  signal.addEventListener("abort", () => shut(connection));
  const bytes = new Uint8Array(LOOKED_AT);
  let length = 0;
  while (length < LOOKED_AT) {
    const read = await connection.read(bytes.subarray(length)).catch(() => null);
    if (read === null) break;
    length += read;
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

function shut(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // it is closed already
  }
}
