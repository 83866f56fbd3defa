import { assertEquals, assertLessOrEqual } from "@std/assert";
import { connect } from "node:tls";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { TestClient } from "../support/test_client.ts";
import { selfSigned } from "../tls/self_signed.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";

const MEMORY = 100; // MB that an attack may take
/** Clients that attack at the same time. */
const AT_A_TIME = 50;

/** How a client begins to speak TLS. */
async function clientHello(): Promise<Uint8Array<ArrayBuffer>> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = connect({ host: "127.0.0.1", port: listener.addr.port }).on("error", () => {});
  using connection = await listener.accept();
  const hello = new Uint8Array(10_000);
  const length = await connection.read(hello);
  client.destroy();
  return hello.slice(0, length!);
}

Deno.test("with TLS, broken handshakes, resets and sessions that stop anywhere leave nothing behind", async () => {
  const attacks = many(200, 3000);
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "a");
  const trusted = await Deno.readTextFile(files.certificate);
  await using besieged = await Besieged.start(
    ({ clientsEndpoint, limits }) => {
      clientsEndpoint.tlsCertificate = files.certificate;
      clientsEndpoint.tlsKey = files.key;
      limits.loginDeadline = 2000;
    },
    undefined,
    trusted,
  );
  const before = await besieged.descriptors();
  const { host: hostname, port } = besieged.clientsAddress;
  const hello = await clientHello();
  const junk = crypto.getRandomValues(new Uint8Array(5000));
  const beginnings = [hello, hello.slice(0, 100), new Uint8Array([...hello, ...junk]), junk, new Uint8Array(0)];
  const attack = async (n: number) => {
    const connection = n % 6 === 5
      ? await Deno.connectTls({ hostname: "localhost", port, caCerts: [trusted] })
      : await Deno.connect({ hostname, port });
    await connection.write(beginnings[n % 6] ?? new TextEncoder().encode("GET / HTTP/1.1\r\n")).catch(() => {});
    if (n % 4 === 0) await connection.closeWrite().catch(() => {});
    if (n % 4 < 2) { while (await connection.read(new Uint8Array(100)).catch(() => null) !== null); // until it is ended
     }
    connection.close(); // with a reset, if there is something unread
  };
  for (let n = 0; n < attacks; n += AT_A_TIME) {
    await Promise.all(Array.from({ length: AT_A_TIME }, (_, i) => attack(n + i)));
  }
  await besieged.descriptorsFallTo(before);
  const growth = await besieged.memoryGrowth();
  const honest = await besieged.endProbing();
  await using newcomer = await TestClient.connect(besieged.clientsAddress, trusted);
  assertEquals((await newcomer.request({ type: "hello" }) as { type: string }).type, "error");
  report("broken TLS", { attacks, "MB grown": growth, ...honest });
  assertEquals(besieged.gateway.log.match(/Uncaught|unhandled|^ {4}at /im), null);
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});
