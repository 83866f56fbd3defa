import { assert, assertEquals } from "@std/assert";
import { Opcode } from "../../../src/clients/front/frame_header.ts";
import { PayloadCounter } from "../../../src/clients/front/payload_counter.ts";
import { SecureClient } from "../../../src/clients/front/secure_client.ts";
import { TlsStage } from "../../../src/clients/front/tls_stage.ts";
import { Tunnel } from "../../../src/clients/front/tunnel.ts";
import { readCertificate } from "../../../src/tls/certificate.ts";
import { eventually } from "../../support/eventually.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";
import { selfSigned } from "../../tls/self_signed.ts";
import { bytes, frame, HEAD } from "./streams.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };
const RATE = { burst: 1000, perSecond: 1000 };
const MESSAGES = bytes(...Array.from({ length: 16 }, () => frame(0x80 | Opcode.BINARY, 979)));
/** The tunnel has stalled when nothing was taken for so long (ms). */
const STILL = 300;

/** How many timers are set in `STILL` ms, the one included that ends them. */
async function timersSet(): Promise<number> {
  const { setTimeout } = globalThis;
  let timers = 0;
  globalThis.setTimeout = ((...args: Parameters<typeof setTimeout>) => {
    timers++;
    return setTimeout(...args);
  }) as typeof setTimeout;
  await new Promise((resolve) => globalThis.setTimeout(resolve, STILL));
  globalThis.setTimeout = setTimeout;
  return timers;
}

/** A client that reads nothing of an endless stream until its tunnel is cut; what was taken then, and what it can read. */
async function stall(
  connect: (port: number) => Promise<Deno.Conn>,
  accept: (connection: Deno.TcpConn) => ConstructorParameters<typeof Tunnel>[0],
): Promise<{ taken: number; given: number; read: number; timers: number }> {
  using outer = Deno.listen(LOCAL);
  using inner = Deno.listen(LOCAL);
  const connecting = connect(outer.addr.port);
  const tunnel = new Tunnel(accept(await outer.accept()), "here", RATE, () => {});
  const serving = tunnel.serve({ host: LOCAL.hostname, port: inner.addr.port }, new Map());
  using client = await connecting;
  await client.write(new TextEncoder().encode(HEAD));
  using server = await inner.accept();
  let given = 0;
  await server.write(new TextEncoder().encode("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
  await server.write(MESSAGES);
  await eventually("the first messages are taken", () => tunnel.taken === 16 * 979);
  const giving = (async () => {
    for (;;) {
      for (let written = 0; written < MESSAGES.length;) written += await server.write(MESSAGES.subarray(written));
      given += 16 * 979;
    }
  })().catch(() => {});
  for (let before = -1; before !== given;) {
    before = given;
    await new Promise((resolve) => setTimeout(resolve, STILL));
  }
  const timers = await timersSet();
  const { taken } = tunnel;
  tunnel.cut();
  await Promise.all([serving, giving]);
  const counter = new PayloadCounter();
  const buffer = new Uint8Array(65_536);
  for (let n = await read(client, buffer); n !== null; n = await read(client, buffer)) {
    counter.push(buffer.subarray(0, n));
  }
  return { taken, given, read: counter.bytes, timers };
}

/** null also for a stream in TLS that ends without a word */
async function read(connection: Deno.Conn, buffer: Uint8Array<ArrayBuffer>): Promise<number | null> {
  return await connection.read(buffer).catch((error) => {
    if (error instanceof Deno.errors.UnexpectedEof || error instanceof Deno.errors.ConnectionReset) return null;
    throw error;
  });
}

Deno.test("what a stalled client is said to have taken is what it can read still, though the server could give more", async () => {
  const { taken, given, read } = await stall(
    (port) => Deno.connect({ hostname: LOCAL.hostname, port }),
    (connection) => connection,
  );
  assertEquals(taken, read);
  assert(given > taken + 100_000, `${given} were given, ${taken} taken`);
});

Deno.test("with TLS a stalled client can read no less than it is said to have taken", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "a");
  const stage = new TlsStage(readCertificate(files));
  const caCerts = [await Deno.readTextFile(files.certificate)];
  const { taken, read, timers } = await stall(
    (port) => Deno.connectTls({ hostname: "localhost", port, caCerts }),
    (connection) => new SecureClient(connection, stage),
  );
  await stage.close();
  assert(taken > 0 && taken <= read, `${taken} were taken, ${read} could be read`);
  assert(timers < 5, `${timers} timers were set for a client that does nothing`);
});
