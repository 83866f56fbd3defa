import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { unpackHome070 } from "../config/home_070.ts";
import { PacketFactory } from "../bench/load/packet_factory.ts";
import { range } from "../mailbox/messages.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { randomClientAddress } from "../support/packets.ts";
import { freePort } from "../support/reference_network.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { TestClient } from "../support/test_client.ts";

const CLIENTS = 3;
const MESSAGES = 200;
const PASSPHRASE = "correct horse battery";

interface Client {
  readonly address: Uint8Array;
  readonly token: string;
}

/** A stopped gateway with messages for registered clients, and a folder for its exports. */
class StoredMail implements AsyncDisposable {
  readonly folder = new TemporaryFolder();
  readonly passphrase = ["--passphrase-file", this.folder.file("passphrase")];
  readonly file = this.folder.file("gateway.age");
  readonly clients: Client[] = [];
  /** in the order in which the gateway received them */
  packets: Uint8Array[] = [];
  #factory: PacketFactory | undefined;

  private constructor(readonly gateway: GatewayProcess) {
    Deno.writeTextFileSync(this.folder.file("passphrase"), `${PASSPHRASE}\n`, { mode: 0o600 });
  }

  static async make(): Promise<StoredMail> {
    const mail = new StoredMail(await GatewayProcess.init("ours", freePort(), freePort(), NO_DIRECTORY));
    await mail.gateway.start();
    for (const _ of range(CLIENTS)) mail.clients.push(await register(mail.gateway));
    for (const number of range(MESSAGES)) {
      mail.packets.push(...mail.clients.map((client) => mail.packet(client, number)));
    }
    await send(mail.gateway, mail.packets);
    await mail.gateway.storedReaches(CLIENTS * MESSAGES);
    assertEquals(await mail.gateway.stop(), 0);
    return mail;
  }

  packet(client: Client, number: number): Uint8Array {
    this.#factory ??= new PacketFactory(decodeBase58(this.gateway.publicKey)!);
    return this.#factory.build(client.address, messageOf(number));
  }

  /** The same gateway on another machine, where nothing exists yet. */
  elsewhere(): GatewayProcess {
    const home = Deno.makeTempDirSync({ prefix: "nym-gateway-" });
    return new GatewayProcess("ours", home, this.gateway.mixnet, this.gateway.clients);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.folder[Symbol.dispose]();
    await this.gateway[Symbol.asyncDispose]();
  }
}

function messageOf(number: number): Uint8Array {
  const message = new Uint8Array(400);
  new DataView(message.buffer).setUint32(0, number);
  return message;
}

const numberIn = (message: Uint8Array) => new DataView(message.buffer, message.byteOffset).getUint32(0);

async function register(gateway: GatewayProcess): Promise<Client> {
  const address = randomClientAddress();
  await using connection = await TestClient.connect(parseSocketAddress(gateway.clients)!);
  const request = { type: "register", address: encodeBase58(address) };
  return { address, token: (await connection.request(request) as { token: string }).token };
}

async function logIn(gateway: GatewayProcess, { address, token }: Client): Promise<TestClient> {
  const connection = await TestClient.connect(parseSocketAddress(gateway.clients)!);
  const request = { type: "authenticate", address: encodeBase58(address), token };
  assertEquals((await connection.request(request) as { status: boolean }).status, true);
  return connection;
}

async function send(gateway: GatewayProcess, packets: readonly Uint8Array[]): Promise<void> {
  const { host, port } = parseSocketAddress(gateway.mixnet)!;
  using connection = await Deno.connect({ hostname: host, port });
  const bytes = frame(...packets);
  for (let sent = 0; sent < bytes.length;) sent += await connection.write(bytes.subarray(sent));
}

/** Sizes in bytes: an export's header with the nonce after it, and a chunk of 64 KiB once it is sealed. */
const HEADER = 150 + 16;
const SEALED_CHUNK = 65_536 + 16;

function lastChunkUnopened(size: number): string {
  const before = Math.floor((size - HEADER - 1) / SEALED_CHUNK) * 65_536;
  return `it is damaged or cut short: nothing after byte ${before} of its contents can be opened`;
}

const gatewaysOf = (gateway: GatewayProcess) => join(gateway.home, ".nym/gateways");
const configOf = (gateway: GatewayProcess) => join(gatewaysOf(gateway), "gw/config/config.toml");
const namesIn = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

Deno.test("a gateway that moves to another home keeps its clients and their mail in order, and recognises old packets", async () => {
  await using mail = await StoredMail.make();
  const exported = await mail.gateway.carryOut("export", "--file", mail.file, ...mail.passphrase);
  assertEquals([exported.code, exported.stderr], [0, ""]);
  assertMatch(
    exported.stdout,
    new RegExp(`^Exported gateway gw to "${mail.file}"\\.\n public key +${mail.gateway.publicKey}\n`),
  );
  assertMatch(
    exported.stdout,
    new RegExp(` clients +${CLIENTS}\n messages +${CLIENTS * MESSAGES}\n file +[\\d.]+ kB, in`),
  );
  assertEquals(namesIn(mail.folder.path), ["gateway.age", "passphrase"]);

  await using moved = mail.elsewhere();
  const others = mail.folder.file("others");
  await Deno.mkdir(join(others, "mail"), { recursive: true });
  await Deno.mkdir(gatewaysOf(moved), { recursive: true });
  await Deno.symlink(others, join(gatewaysOf(moved), ".importing-gw"));
  const args = ["--file", mail.file, ...mail.passphrase, "--keep-outside-paths", "--output", "json"];
  const imported = await moved.carryOut("import", ...args);
  assertEquals([imported.code, imported.stderr], [0, ""]);
  const { id, publicKey, clients, messages } = JSON.parse(imported.stdout);
  assertEquals([id, publicKey, clients, messages], ["gw", mail.gateway.publicKey, CLIENTS, CLIENTS * MESSAGES]);
  assertEquals(namesIn(gatewaysOf(moved)), ["gw"]);
  assertEquals(namesIn(others), ["mail"], "a link where imports are prepared is not followed");
  const config = await Deno.readTextFile(configOf(mail.gateway));
  assertEquals(await Deno.readTextFile(configOf(moved)), config.replaceAll(mail.gateway.home, moved.home));

  await moved.start();
  assertEquals(moved.publicKey, mail.gateway.publicKey);
  const fresh = mail.clients.map((client) => mail.packet(client, MESSAGES));
  await send(moved, [...mail.packets, ...fresh]);
  for (const client of mail.clients) {
    await using connection = await logIn(moved, client);
    const numbers = (await connection.messages(MESSAGES + 1)).map(numberIn);
    assertEquals(numbers, range(MESSAGES + 1), "each exactly once, and none of the replayed packets");
    assertEquals(connection.unread, []);
  }
});

Deno.test("a gateway can be imported beside itself under another name, but never over an existing one", async () => {
  await using mail = await StoredMail.make();
  const { gateway, file, passphrase } = mail;
  await gateway.carryOut("export", "--file", file, ...passphrase);
  const over = await gateway.carryOut("import", "--file", file, ...passphrase);
  assertEquals(over.code, 73);
  assertStringIncludes(
    over.stderr,
    `error: Cannot import gateway gw: ${gatewaysOf(gateway)}/gw exists already; choose`,
  );
  const again = await gateway.carryOut("export", "--file", file, ...passphrase);
  assertEquals([again.code, again.stderr], [73, `error: Cannot export gateway gw: ${file} exists already\n`]);

  await using twins = new AsyncDisposableStack();
  const twin = new GatewayProcess("ours", gateway.home, gateway.mixnet, gateway.clients, "twin");
  twins.defer(async () => void await twin.stop()); // their home is removed with the other one
  assertEquals((await twin.carryOut("import", "--file", file, "--keep-outside-paths", ...passphrase)).code, 0);
  await twin.start();
  await using connection = await logIn(twin, mail.clients[0]!);
  assertEquals((await connection.messages(MESSAGES)).map(numberIn), range(MESSAGES));
});

Deno.test("a running gateway is not exported, and exporting a stopped one leaves its files as they are", async () => {
  await using mail = await StoredMail.make();
  const { gateway, file, passphrase } = mail;
  await gateway.start();
  const refused = await gateway.carryOut("export", "--file", file, ...passphrase);
  assertEquals(refused.code, 69);
  assertStringIncludes(refused.stderr, "error: Cannot export gateway gw: it is running; stop it first");
  assertEquals(namesIn(mail.folder.path), ["passphrase"]);
  await gateway.stop();
  assertEquals((await gateway.carryOut("export", "--file", file, ...passphrase)).code, 0);
  await gateway.start();
  assertEquals(await gateway.stored(), CLIENTS * MESSAGES);
});

Deno.test("a damaged file, a wrong passphrase and a file that is not an export are refused, and leave nothing behind", async () => {
  await using mail = await StoredMail.make();
  const { file, passphrase } = mail;
  await mail.gateway.carryOut("export", "--file", file, ...passphrase);
  const whole = await Deno.readFile(file);
  assert(whole.length > 2 * SEALED_CHUNK + HEADER, `${whole.length} bytes are too few chunks`);
  await using other = mail.elsewhere();
  const wrong = mail.folder.file("wrong");
  await Deno.writeTextFile(wrong, "battery horse correct", { mode: 0o600 });

  const refusal = async (bytes: Uint8Array, code: number, message: string, passphraseOptions = passphrase) => {
    await Deno.writeFile(file, bytes);
    const outcome = await other.carryOut("import", "--file", file, ...passphraseOptions);
    assertEquals([outcome.code, outcome.stderr], [code, `error: Cannot import ${file}: ${message}\n`]);
    assertEquals(
      await Array.fromAsync(Deno.readDir(other.home)).then((all) => all.length > 0 ? namesIn(gatewaysOf(other)) : []),
      [],
    );
  };
  const nothing = "; nothing was imported";
  const flipped = whole.slice();
  flipped[100_000]! ^= 4;
  const unopened = "its contents can be opened";
  await refusal(flipped, 65, `it is damaged or cut short: nothing after byte 65536 of ${unopened}${nothing}`);
  const cut = whole.slice(0, 2 * SEALED_CHUNK + HEADER);
  await refusal(cut, 65, `it is damaged or cut short: nothing after byte 65536 of ${unopened}${nothing}`);
  const late = whole.slice();
  late[late.length - 1]! ^= 1;
  await refusal(late, 65, lastChunkUnopened(whole.length) + nothing);
  await refusal(new Uint8Array([...whole, 0]), 65, lastChunkUnopened(whole.length) + nothing);
  await refusal(whole, 77, "the passphrase is not the one that it was sealed with", ["--passphrase-file", wrong]);
  await refusal(
    new TextEncoder().encode("PK"),
    65,
    `it is not an export of nym-gateway: it is not an age file${nothing}`,
  );
});

Deno.test("paths outside the gateway's folder are moved into it or reset, and each is reported", async () => {
  await using mail = await StoredMail.make();
  const { gateway, file, passphrase } = mail;
  const outside = mail.folder.file("storage_key.pem");
  await Deno.rename(join(gatewaysOf(gateway), "gw/data/storage_key.pem"), outside);
  const config = (await Deno.readTextFile(configOf(gateway)))
    .replace(/storage_key_file = .*/, `storage_key_file = "${outside}"`)
    .replace("[gateway]", "# ours since the spring\n[gateway]")
    .replace('tls_certificate = ""', 'tls_certificate = "/etc/nym/chain.pem"')
    .replace('tls_key = ""', 'tls_key = "/etc/nym/key.pem"')
    .replace('file = ""', 'file = "/root/.profile\\n ✓ \\u202eall is well"');
  await Deno.writeTextFile(configOf(gateway), config);
  const exported = await gateway.carryOut("export", "--file", file, ...passphrase);
  assertStringIncludes(
    exported.stdout,
    "The TLS certificate and its key are not in it: /etc/nym/chain.pem, /etc/nym/key.pem.",
  );
  const inHome = (home: string) =>
    config.replace(outside, join(gatewaysOf(gateway), "gw/data/storage_key.pem")).replaceAll(gateway.home, home);

  await using moved = mail.elsewhere();
  const imported = await moved.carryOut("import", "--file", file, ...passphrase);
  const toldReset = "outside the gateway: it was reset; --keep-outside-paths keeps it.\n";
  for (
    const line of [
      `! storage_key_file in [gateway] was ${outside}, outside the gateway's folder: it is in that folder now.\n`,
      `! presence_directory_server in [gateway] was ${NO_DIRECTORY}, ${toldReset}`,
      `! tls_certificate in [clients_endpoint] was /etc/nym/chain.pem, ${toldReset}`,
      `! tls_key in [clients_endpoint] was /etc/nym/key.pem, ${toldReset}`,
      `! file in [logging] was /root/.profile\\u000a ✓ \\u202eall is well, ${toldReset}`,
    ]
  ) assertStringIncludes(imported.stdout, line);
  assertEquals(
    await Deno.readTextFile(configOf(moved)),
    inHome(moved.home)
      .replace(NO_DIRECTORY, "https://directory.nymtech.net")
      .replace("/etc/nym/chain.pem", "")
      .replace("/etc/nym/key.pem", "")
      .replace(/file = "\/root\/.profile.*"/, 'file = ""'),
    "nothing has changed in the operator's own text but what was reported",
  );
  assertEquals(await moved.stored(), CLIENTS * MESSAGES);

  await using kept = mail.elsewhere();
  const whole = await kept.carryOut("import", "--file", file, ...passphrase, "--keep-outside-paths");
  assertStringIncludes(
    whole.stdout,
    "tls_key in [clients_endpoint] is /etc/nym/key.pem, unchanged: copy what is not on",
  );
  assertEquals(await Deno.readTextFile(configOf(kept)), inHome(kept.home));
});

Deno.test("a storage key that the environment names is exported too, and one named at the import is reported", async () => {
  await using mail = await StoredMail.make();
  const { gateway, file, passphrase } = mail;
  const outside = mail.folder.file("storage_key.pem");
  await Deno.rename(join(gatewaysOf(gateway), "gw/data/storage_key.pem"), outside);
  const keyless = await gateway.carryOut("export", "--file", file, ...passphrase);
  assertEquals(keyless.code, 66);
  assertMatch(
    keyless.stderr,
    /^error: Cannot read the storage key .*storage_key.pem: there is no such file or folder\n$/,
  );
  assertEquals(namesIn(join(gatewaysOf(gateway), "gw/data")).includes("storage_key.pem"), false, "it made another");
  gateway.environment = { NYM_GATEWAY_STORAGE_KEY_FILE: outside };
  const exported = await gateway.carryOut("export", "--file", file, ...passphrase);
  assertEquals([exported.code, exported.stderr], [0, ""]);
  assertStringIncludes(exported.stdout, `The storage key, kept in ${outside}, is in the file too.`);

  await using moved = mail.elsewhere();
  moved.environment = gateway.environment;
  const imported = await moved.carryOut("import", "--file", file, ...passphrase);
  assertEquals([imported.code, imported.stderr], [0, ""]);
  assertStringIncludes(imported.stdout, `makes \`run\` use the storage key in ${outside}: it must be this gateway's.`);
  assertEquals(await moved.stored(), CLIENTS * MESSAGES);
});

Deno.test("a 0.7.0 home is refused until this program has taken it over, and then exported", async () => {
  using folder = new TemporaryFolder();
  const id = "supergateway";
  const home = Deno.makeTempDirSync({ prefix: "nym-gateway-" });
  await using gateway = new GatewayProcess("ours", home, `127.0.0.1:${freePort()}`, `127.0.0.1:${freePort()}`, id);
  await unpackHome070(home);
  await Deno.writeTextFile(folder.file("passphrase"), PASSPHRASE, { mode: 0o600 });
  const args = ["--file", folder.file("gateway.age"), "--passphrase-file", folder.file("passphrase")];
  const refused = await gateway.carryOut("export", ...args);
  assertEquals(refused.code, 78);
  assertStringIncludes(
    refused.stderr,
    "inboxes of a 0.7.0 gateway; start it once with this program, which takes them over, or logs why some stay",
  );
  await gateway.start("--mix-host", gateway.mixnet, "--clients-host", gateway.clients, "--directory", NO_DIRECTORY);
  await gateway.stop();
  const exported = await gateway.carryOut("export", ...args);
  assertEquals(exported.code, 0, exported.stderr);
  assertMatch(exported.stdout, / clients +2\n messages +9\n/);
});

Deno.test("a passphrase that is too short is refused, and so is one that can't be asked for", async () => {
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), NO_DIRECTORY);
  const file = join(gateway.home, "gateway.age");
  const short = join(gateway.home, "short");
  await Deno.writeTextFile(short, "swordfish\n");
  const tooShort = await gateway.carryOut("export", "--file", file, "--passphrase-file", short);
  assertEquals(tooShort.code, 64);
  assertStringIncludes(tooShort.stderr, `passphrase in ${short}: it has 9 characters and should have 12 or more\n`);
  const unasked = await gateway.carryOut("export", "--file", file);
  assertEquals(unasked.code, 64);
  assertStringIncludes(
    unasked.stderr,
    "There is no terminal to ask for the passphrase on: give --passphrase-file <file>",
  );
  const missing = await gateway.carryOut("export", "--file", file, "--passphrase-file", "/none");
  assertEquals(missing.code, 66);
  assertStringIncludes(
    missing.stderr,
    "error: Cannot read the passphrase in /none: there is no such file or folder\n",
  );
});
