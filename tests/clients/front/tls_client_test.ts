import { assert, assertEquals, assertRejects } from "@std/assert";
import { secureContextOf, TlsClient } from "../../../src/clients/front/tls_client.ts";
import { readCertificate } from "../../../src/tls/certificate.ts";
import { eventually } from "../../support/eventually.ts";
import { TemporaryFolder } from "../../support/temporary_folder.ts";
import { selfSigned } from "../../tls/self_signed.ts";
import { bytes } from "./streams.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };
/** Writing has stalled when nothing was taken for this long (ms). */
const STILL = 300;
/** More bytes than the system's buffers at both ends hold. */
const MUCH = 64_000_000;

/** A certificate, and connections with or without TLS. */
class Rig implements Disposable {
  readonly #folder = new TemporaryFolder();
  readonly #listener = Deno.listen(LOCAL);
  readonly #opened: Disposable[] = [];
  #context!: ReturnType<typeof secureContextOf>;
  #caCerts!: string[];

  static async start(): Promise<Rig> {
    const rig = new Rig();
    const files = await selfSigned(rig.#folder, "a");
    rig.#context = secureContextOf(readCertificate(files));
    rig.#caCerts = [await Deno.readTextFile(files.certificate)];
    return rig;
  }

  get #to() {
    return { hostname: "localhost", port: this.#listener.addr.port };
  }

  /** The two ends of a connection whose client speaks TLS. */
  async connect(): Promise<{ client: Deno.TlsConn; server: TlsClient }> {
    const connecting = Deno.connectTls({ ...this.#to, caCerts: this.#caCerts });
    const server = await this.#accept();
    const client = await connecting;
    this.#opened.push(client);
    return { client, server };
  }

  /** The two ends of a connection whose client has sent nothing yet. */
  async connectRaw(): Promise<{ client: Deno.TcpConn; server: TlsClient }> {
    const client = await Deno.connect({ ...LOCAL, port: this.#to.port });
    this.#opened.push(client);
    return { client, server: await this.#accept() };
  }

  /** The first message of a TLS handshake. */
  async clientHello(): Promise<Uint8Array<ArrayBuffer>> {
    using listener = Deno.listen(LOCAL);
    const connecting = Deno.connectTls({ hostname: "localhost", port: listener.addr.port, caCerts: this.#caCerts });
    const failing = connecting.then(async (client) => {
      await assertRejects(() => client.handshake());
      client.close();
    });
    using connection = await listener.accept();
    const hello = new Uint8Array(10_000);
    const length = await connection.read(hello);
    connection.close();
    await failing;
    return hello.slice(0, length!);
  }

  async #accept(): Promise<TlsClient> {
    return new TlsClient(await this.#listener.accept(), this.#context);
  }

  [Symbol.dispose](): void {
    for (const connection of this.#opened) {
      try {
        connection[Symbol.dispose]();
      } catch {
        // The test has closed it.
      }
    }
    this.#listener.close();
    this.#folder[Symbol.dispose]();
  }
}

/** Up to `size` bytes from the client. */
async function received(server: TlsClient, size: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let left = size; left > 0;) {
    const part = await server.receive();
    if (part === null) break;
    parts.push(part.slice());
    left -= part.length;
  }
  return bytes(...parts);
}

async function writeAll(to: Pick<Deno.TcpConn, "write">, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

Deno.test("each end reads what the other writes, in both directions at once", async () => {
  using rig = await Rig.start();
  const { client, server } = await rig.connect();
  const data = bytes(...Array.from({ length: 50 }, (_, i) => new Uint8Array(20_000).fill(i)));
  const buffer = new Uint8Array(data.length);
  const reading = (async () => {
    for (let at = 0; at < buffer.length;) at += (await client.read(buffer.subarray(at)))!;
  })();
  const receiving = received(server, data.length);
  await Promise.all([writeAll(client, data), writeAll(server, data)]);
  await reading;
  assertEquals([await receiving, buffer], [data, data]);
  server.close();
});

Deno.test("only a bounded number of unread bytes is taken", async () => {
  using rig = await Rig.start();
  const { client, server } = await rig.connect();
  let written = 0;
  const writing = (async () => {
    const much = new Uint8Array(65_536);
    while (written < MUCH) written += await client.write(much);
  })().catch(() => {});
  for (let before = -1; before !== written;) {
    before = written;
    await new Promise((resolve) => setTimeout(resolve, STILL));
  }
  assert(written > 0 && written < MUCH, `${written} bytes were taken`);
  const before = written;
  const receiving = received(server, MUCH);
  await eventually("more is taken", () => written > before);
  server.close();
  await Promise.all([writing, receiving]);
});

Deno.test("closing ends pending reads and writes", async () => {
  using rig = await Rig.start();
  const { server } = await rig.connect();
  const receiving = server.receive();
  const writing = assertRejects(() => writeAll(server, new Uint8Array(MUCH)));
  server.close();
  server.close();
  assertEquals(await receiving, null);
  await writing;
  await assertRejects(() => server.write(new Uint8Array(1)));
  assertEquals(await server.receive(), null);
});

Deno.test("an invalid or partial handshake ends the connection and nothing else", async () => {
  using rig = await Rig.start();
  const hello = await rig.clientHello();
  const beginnings = [
    new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"),
    new Uint8Array(5000),
    hello.slice(0, 50),
    hello,
    bytes(hello, hello),
    bytes(hello, new Uint8Array(5000).fill(23)),
    new Uint8Array(0),
  ];
  for (const how of ["reset", "end", "nothing"]) {
    for (const beginning of beginnings) {
      const { client, server } = await rig.connectRaw();
      const receiving = server.receive();
      await writeAll(client, beginning);
      if (beginning.length > 1000) await client.read(new Uint8Array(1)); // leaves the rest of the answer unread: a reset
      if (how === "end") await client.closeWrite();
      if (how === "reset") client.close();
      if (how === "nothing") server.close();
      assertEquals(await receiving, null, how);
      server.close();
    }
  }
});

Deno.test("a session that is reset ends the connection and nothing else", async () => {
  using rig = await Rig.start();
  for (const how of ["reset", "reset while it is written to"]) {
    const { client, server } = await rig.connect();
    await client.write(Uint8Array.of(1));
    await received(server, 1);
    await server.write(new Uint8Array(1000)); // left unread
    const writing = how === "reset" ? undefined : assertRejects(() => writeAll(server, new Uint8Array(MUCH)));
    client.close();
    assertEquals(await server.receive(), null);
    await writing;
    server.close();
  }
});

Deno.test("a client that has ended its half still gets what the server sends", async () => {
  using rig = await Rig.start();
  const { client, server } = await rig.connect();
  await client.write(Uint8Array.of(1, 2, 3));
  await client.closeWrite();
  assertEquals(await received(server, 10), Uint8Array.of(1, 2, 3));
  assertEquals(await server.receive(), null);
  await server.write(Uint8Array.of(4, 5));
  const buffer = new Uint8Array(10);
  assertEquals(buffer.subarray(0, (await client.read(buffer))!), Uint8Array.of(4, 5));
  server.close();
});
