import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ClientsServer, type ServerContext } from "../../src/clients/server.ts";
import { Counters } from "../../src/counting/counters.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { type CertificateFiles, readCertificate } from "../../src/tls/certificate.ts";
import { CertificateRenewal } from "../../src/tls/renewal.ts";
import { LIMITS } from "../clients/clients_rig.ts";
import { Silence } from "../support/silence.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "./self_signed.ts";

/** A clients' server with TLS. */
class SecureRig implements AsyncDisposable {
  readonly counters = new Counters();
  readonly server: ClientsServer;

  constructor(files: CertificateFiles, loginDeadline = 10_000) {
    const free = { host: "127.0.0.1", port: 0 };
    const context = { privateKey: new Uint8Array(32).fill(1), count: this.counters.add } as unknown as ServerContext;
    this.server = ClientsServer.listen(free, context, { ...LIMITS, loginDeadline }, readCertificate(files));
  }

  /** Connects as a client that trusts only the certificate in this file. */
  async connect(trusted: string): Promise<SecureClient> {
    const client = new SecureClient(this.server.address.port, await Deno.readTextFile(trusted));
    await client.opened;
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

class SecureClient implements AsyncDisposable {
  readonly #client: Deno.HttpClient;
  readonly #socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<CloseEvent>;

  constructor(port: number, trusted: string) {
    this.#client = Deno.createHttpClient({ caCerts: [trusted] });
    this.#socket = new WebSocket(`wss://localhost:${port}/`, {
      client: this.#client, // missing in the types
    } as unknown as string[]);
    this.closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.opened = new Promise((resolve, reject) => {
      this.#socket.onopen = () => resolve();
      this.#socket.onerror = (event) => {
        this.#client.close();
        reject(new Error((event as ErrorEvent).message));
      };
    });
  }

  /** Sends an invalid request and resolves with the answer. */
  async ask(): Promise<unknown> {
    const answer = new Promise<string>((resolve) => this.#socket.onmessage = ({ data }) => resolve(data));
    this.#socket.send("?");
    return JSON.parse(await answer);
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.closed;
    this.#client.close();
  }
}

const ANSWER = { type: "error", message: "malformed request" };

Deno.test("a client connects with wss, and learns why it is closed", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "a");
  await using rig = new SecureRig(files);
  await using client = await rig.connect(files.certificate);
  assertEquals(await client.ask(), ANSWER);
  client.send(new Uint8Array(60_000)); // takes the front several reads
  const { code } = await client.closed;
  assertEquals(code, 1009);
});

Deno.test("new clients get a renewed certificate, and sessions continue", async () => {
  using _silence = new Silence();
  using folder = new TemporaryFolder();
  const [used, renewed] = await Promise.all([selfSigned(folder, "used"), selfSigned(folder, "renewed", 60)]);
  await using rig = new SecureRig(used);
  using renewal = new CertificateRenewal(
    used,
    readCertificate(used),
    (certificate) => rig.server.renew(certificate),
  );
  await using before = await rig.connect(used.certificate);
  await before.ask();
  const { port } = rig.server.address;

  const key = await Deno.readTextFile(used.key);
  await Deno.writeTextFile(used.key, "rubbish");
  assertThrows(() => renewal.reload(), OperatorError, "it contains no private key");
  await using still = await rig.connect(used.certificate);
  await Deno.writeTextFile(used.key, key);
  renewal.reload();

  const old = folder.file("old.crt");
  await Deno.copyFile(used.certificate, old);
  await Deno.copyFile(renewed.certificate, used.certificate);
  await Deno.copyFile(renewed.key, used.key);
  renewal.reload();
  assertEquals([rig.server.address.port, renewal.daysLeft], [port, 59]);
  await using after = await rig.connect(renewed.certificate);
  for (const client of [before, still, after]) assertEquals(await client.ask(), ANSWER);
  await assertRejects(() => rig.connect(old), Error, "certificate");
});

Deno.test("an invalid or late handshake is closed and affects nobody else", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "a");
  await using rig = new SecureRig(files, 300);
  using stranger = await Deno.connect({ hostname: "127.0.0.1", port: rig.server.address.port });
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: rig.server.address.port });
  await stranger.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
  await readToEnd(stranger);
  await readToEnd(silent);
  assertEquals(rig.counters.get("pending_timed_out"), 1);
  await using client = await rig.connect(files.certificate);
  assertEquals(await client.ask(), ANSWER);
});

Deno.test("closing sends clients a close frame and ends open handshakes", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "a");
  const rig = new SecureRig(files);
  using silent = await Deno.connect({ hostname: "127.0.0.1", port: rig.server.address.port });
  await using client = await rig.connect(files.certificate);
  await rig[Symbol.asyncDispose]();
  await readToEnd(silent);
  assertEquals((await client.closed).code, 1001);
});

async function readToEnd(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(1024);
  try {
    while (await connection.read(buffer) !== null);
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
}
