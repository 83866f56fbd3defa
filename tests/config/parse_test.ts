import { assertEquals, assertObjectMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { defaultConfig, GATEWAY } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { renderTable } from "../../src/config/render.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { PATH_OF_CONFIG_070, textOfHome070 } from "./home_070.ts";

const PATH = "/x/config.toml";
const MINIMUM = `[gateway]\nid = "gw"\nnym_root_directory = "/n"\n`;

function refusal(text: string): string {
  const error = assertThrows(() => parseConfig(text, PATH), OperatorError);
  assertEquals(error.exitCode, 78);
  return error.message;
}

Deno.test("the file of a 0.7.0 gateway loads unchanged", async () => {
  const config = parseConfig(await textOfHome070(PATH_OF_CONFIG_070), PATH);
  const data = "/home/nym/.nym/gateways/supergateway/data";
  assertObjectMatch(config, {
    gateway: {
      id: "supergateway",
      location: "Neuchâtel",
      privateSphinxKeyFile: `${data}/private_sphinx.pem`,
      publicSphinxKeyFile: `${data}/public_sphinx.pem`,
      storageKeyFile: `${data}/storage_key.pem`,
      presenceDirectoryServer: "http://127.0.0.1:8080",
      refuseAddressClash: false,
      nymRootDirectory: "/home/nym/.nym/gateways",
    },
    mixnetEndpoint: {
      listeningAddress: "127.0.0.1:1789",
      announceAddress: "127.0.0.1:1789",
      forwardTo: "topology",
      allowPrivateMixnodes: false,
      replayWindow: 86_400_000,
      replayPackets: 5_242_880,
    },
    clientsEndpoint: {
      listeningAddress: "127.0.0.1:9000",
      announceAddress: "ws://127.0.0.1:9000",
      inboxesDirectory: `${data}/inboxes`,
      ledgerPath: `${data}/client_ledger.sled`,
      allowReRegistration: false,
      tlsCertificate: "",
      tlsKey: "",
      requireProof: false,
      announceClients: true,
    },
    limits: defaultConfig("", "").limits,
    operator: { listeningAddress: "127.0.0.1:9001" },
    logging: { format: "text", level: "info", file: "" },
    debug: defaultConfig("", "").debug,
  });
});

Deno.test("omitted keys have their defaults", () => {
  assertEquals(parseConfig(MINIMUM, PATH), defaultConfig("gw", "/n"));
});

Deno.test("every key can be set", () => {
  const config = parseConfig(
    `
[gateway]
id = "gw"
location = "here"
private_sphinx_key_file = "/k/private"
public_sphinx_key_file = "/k/public"
storage_key_file = "/k/storage"
presence_directory_server = "http://d.example"
refuse_address_clash = true
nym_root_directory = "/n"
[mixnet_endpoint]
listening_address = "[::1]:1"
announce_address = "a.example"
forward_to = "any"
allow_private_mixnodes = true
replay_window = 7
replay_packets = 7000
[clients_endpoint]
listening_address = "::1"
announce_address = "wss://a.example"
inboxes_directory = "/i"
ledger_path = "/l"
allow_re_registration = true
tls_certificate = "/t/certificate"
tls_key = "/t/key"
require_proof = true
announce_clients = false
[limits]
client_connections = 11
client_connections_per_network = 12
connections_before_login = 13
connections_before_login_per_network = 14
login_deadline = 15
frames_per_second = 16
registrations_per_hour = 17
registrations_per_hour_per_network = 18
wrong_tokens_per_hour_per_network = 19
wrong_token_delay = 20
mixnet_connections = 21
mixnet_connections_per_network = 22
mixnet_frame_deadline = 23
mixnet_idle_timeout = 24
limit_loopback = true
trusted_proxies = ["127.0.0.1", "10.0.0.0/8"]
inbox_messages = 25
inbox_bytes = 2600
mailbox_bytes = 27000
time_to_live = 28
minimum_free_disk = 29
slow_client_bytes = 30000
[operator]
listening_address = "::1"
[logging]
format = "json"
level = "warn"
file = "/l/log"
[debug]
presence_sending_delay = 1
packet_forwarding_initial_backoff = 2
packet_forwarding_maximum_backoff = 3
initial_connection_timeout = 4
stored_messages_filename_length = 0
message_retrieval_limit = 0
`,
    PATH,
  );
  assertObjectMatch(config, {
    gateway: {
      id: "gw",
      location: "here",
      privateSphinxKeyFile: "/k/private",
      publicSphinxKeyFile: "/k/public",
      storageKeyFile: "/k/storage",
      presenceDirectoryServer: "http://d.example",
      refuseAddressClash: true,
      nymRootDirectory: "/n",
    },
    mixnetEndpoint: {
      listeningAddress: "[::1]:1",
      announceAddress: "a.example:1",
      forwardTo: "any",
      allowPrivateMixnodes: true,
      replayWindow: 7,
      replayPackets: 7000,
    },
    clientsEndpoint: {
      listeningAddress: "[::1]:9000",
      announceAddress: "wss://a.example",
      inboxesDirectory: "/i",
      ledgerPath: "/l",
      allowReRegistration: true,
      tlsCertificate: "/t/certificate",
      tlsKey: "/t/key",
      requireProof: true,
      announceClients: false,
    },
    limits: {
      clientConnections: 11,
      clientConnectionsPerNetwork: 12,
      connectionsBeforeLogin: 13,
      connectionsBeforeLoginPerNetwork: 14,
      loginDeadline: 15,
      framesPerSecond: 16,
      registrationsPerHour: 17,
      registrationsPerHourPerNetwork: 18,
      wrongTokensPerHourPerNetwork: 19,
      wrongTokenDelay: 20,
      mixnetConnections: 21,
      mixnetConnectionsPerNetwork: 22,
      mixnetFrameDeadline: 23,
      mixnetIdleTimeout: 24,
      limitLoopback: true,
      trustedProxies: ["127.0.0.1", "10.0.0.0/8"],
      inboxMessages: 25,
      inboxBytes: 2600,
      mailboxBytes: 27_000,
      timeToLive: 28,
      minimumFreeDisk: 29,
      slowClientBytes: 30_000,
    },
    operator: { listeningAddress: "[::1]:9001" },
    logging: { format: "json", level: "warn", file: "/l/log" },
    debug: {
      presenceSendingDelay: 1,
      packetForwardingInitialBackoff: 2,
      packetForwardingMaximumBackoff: 3,
      initialConnectionTimeout: 4,
      storedMessagesFilenameLength: 0,
      messageRetrievalLimit: 0,
    },
  });
});

Deno.test("the clients' announce address defaults to ws", () => {
  const { clientsEndpoint } = parseConfig(`${MINIMUM}[clients_endpoint]\nannounce_address = "1.2.3.4:5"`, PATH);
  assertEquals(clientsEndpoint.announceAddress, "ws://1.2.3.4:5");
});

Deno.test("the operator's endpoint can be switched off", () => {
  const { operator } = parseConfig(`${MINIMUM}[operator]\nlistening_address = ""`, PATH);
  assertEquals(operator.listeningAddress, "");
});

Deno.test("unknown keys and sections are refused with a suggestion", () => {
  assertEquals(
    refusal(`${MINIMUM}locaton = "x"`),
    'Cannot read /x/config.toml: unknown key "locaton" in [gateway]; did you mean "location"?',
  );
  assertEquals(
    refusal(`${MINIMUM}[logging]\nsomething = 1`),
    'Cannot read /x/config.toml: unknown key "something" in [logging]',
  );
  assertEquals(
    refusal(`${MINIMUM}[mixnet_endpont]`),
    'Cannot read /x/config.toml: unknown section [mixnet_endpont]; did you mean "mixnet_endpoint"?',
  );
  assertEquals(
    refusal(`${MINIMUM}tls_key = "/k"`),
    'Cannot read /x/config.toml: unknown key "tls_key" in [gateway]; it belongs to [clients_endpoint]',
  );
  assertStringIncludes(refusal(`id = "x"\n${MINIMUM}`), '"id" is neither a section nor a key in a section');
  assertStringIncludes(refusal(`gateway = "x"\n`), '"gateway" is neither a section nor a key in a section');
});

Deno.test("duplicate keys and sections are refused", () => {
  const cases: [text: string, line: number, column: number][] = [
    [`${MINIMUM}id = "x"`, 4, 1],
    [`${MINIMUM}"id" = "x"`, 4, 1],
    [`${MINIMUM}[gateway]`, 4, 2],
    [`${MINIMUM}[ gateway ]`, 4, 2],
    [`gateway.location = "here"\n${MINIMUM}`, 2, 2],
  ];
  for (const [text, line, column] of cases) {
    assertEquals(
      refusal(text),
      `Cannot read /x/config.toml: line ${line}, column ${column}: this key or section is already defined above`,
    );
  }
});

Deno.test("a byte order mark at the start of the file is ignored", () => {
  assertEquals(parseConfig(`\ufeff${MINIMUM}`, PATH), defaultConfig("gw", "/n"));
});

Deno.test("invalid TOML is refused with its position, in one line", () => {
  assertEquals(
    refusal(`${MINIMUM}location = = 3\n`),
    "Cannot read /x/config.toml: line 4, column 12: invalid value",
  );
  assertEquals(
    refusal(`${MINIMUM}location = "x";\n`),
    "Cannot read /x/config.toml: line 4, column 15: each key-value declaration must be followed by an end-of-line",
  );
  assertStringIncludes(refusal(`${MINIMUM}location =\n[limits]\n`), "line 4, column ");
  assertStringIncludes(refusal(`${MINIMUM}\n\n# a comment\nlocation = "x`), "line 7, column 12: unfinished string");
});

Deno.test("Unicode escapes are decoded, or refused with their line", () => {
  const location = (text: string) => parseConfig(`${MINIMUM}location = "${text}"\n`, PATH).gateway.location;
  assertEquals(location(String.raw`\U0001F1E8\U0001F1ED`), "🇨🇭");
  assertEquals(location(String.raw`Neuch\u00e2tel`), "Neuchâtel");
  for (const none of [String.raw`\U0001F1`, String.raw`\UFFFFFFFF`, String.raw`\ud800`]) {
    assertStringIncludes(refusal(`${MINIMUM}location = "${none}"\n`), "Cannot read /x/config.toml: line 4, column ");
  }
});

Deno.test("a Windows path in double quotes is refused with the remedy", () => {
  for (const path of ["C:\\Users\\x", "C:\\gateway"]) {
    const remedy = `in double quotes, write \\\\ for a backslash; in single quotes, \\`;
    assertStringIncludes(refusal(`${MINIMUM}location = "${path}"\n`), remedy);
    assertEquals(parseConfig(`${MINIMUM}location = '${path}'\n`, PATH).gateway.location, path);
  }
});

Deno.test("an invalid value is refused with its key and the remedy", () => {
  const cases: [section: string, line: string, reason: string][] = [
    ["mixnet_endpoint", `listening_address = "localhost"`, "which is not ip:port, as in 0.0.0.0:1789 or [::]:1789"],
    ["mixnet_endpoint", `announce_address = "::1:1789"`, 'is "::1:1789", which is not host:port, as in gateway.'],
    ["clients_endpoint", `announce_address = "::1:9000"`, 'is "::1:9000", which is not host:port, as in gateway.'],
    ["mixnet_endpoint", `announce_address = "a b"`, "which is not host:port, as in gateway.example.org:1789"],
    ["mixnet_endpoint", `forward_to = "mixnodes"`, 'can only be "topology" or "any"'],
    ["clients_endpoint", `listening_address = 9000`, "must be text in quotes"],
    ["clients_endpoint", `listening_address = "0.0.0.0:1789"`, "is the same as in [mixnet_endpoint]"],
    [
      "clients_endpoint",
      `announce_address = "http://a.example"`,
      "which is not host:port, as in gateway.example.org:9000 or [2001:db8::1]:9000, or a URL, as in wss://gateway.example.org",
    ],
    ["clients_endpoint", `inboxes_directory = ""`, "must be a path"],
    ["clients_endpoint", `inboxes_directory = "~/mail"`, 'is "~/mail": only shells expand ~'],
    ["clients_endpoint", `tls_key = "~nym/key.pem"`, "write the full path"],
    ["logging", `file = "~"`, "write the full path"],
    ["clients_endpoint", `allow_re_registration = "yes"`, "must be true or false, without quotes"],
    ["limits", `mixnet_connections = 0`, "must be a whole number from 1 to 65535"],
    ["limits", `mixnet_idle_timeout = -1`, "must be a whole number from 0 to 2147483647 ms"],
    ["limits", `limit_loopback = 1`, "must be true or false, without quotes"],
    ["limits", `trusted_proxies = "::1"`, 'as in [ "127.0.0.1", "10.0.0.0/8", "2001:db8::/32" ]'],
    [
      "limits",
      `trusted_proxies = ["::1", "10.0.0.0/33"]`,
      'has "10.0.0.0/33", which is not an IP address or a network',
    ],
    ["operator", `listening_address = "9001"`, "which is not ip:port, as in 0.0.0.0:9001 or [::]:9001"],
    ["debug", `presence_sending_delay = 0`, "must be a whole number from 1 to 2147483647 ms"],
    ["debug", `initial_connection_timeout = 1.5`, "must be a whole number"],
    ["debug", `message_retrieval_limit = "5"`, "must be a whole number from 0 to 65535"],
    ["debug", `packet_forwarding_maximum_backoff = 5`, "is below packet_forwarding_initial_backoff (10000)"],
  ];
  for (const [section, line, reason] of cases) {
    const message = refusal(`${MINIMUM}[${section}]\n${line}`);
    assertStringIncludes(message, `Cannot read /x/config.toml: "${line.replace(/ .*/, "")}" in [${section}] `);
    assertStringIncludes(message, reason);
  }
  assertStringIncludes(refusal(`${MINIMUM}presence_directory_server = "d"`), "which is not a plain URL");
});

Deno.test("an invalid log level, and a TLS key without a certificate, are refused", () => {
  assertStringIncludes(
    refusal(`${MINIMUM}[logging]\nlevel = "loud"`),
    '"level" in [logging] is "loud", which is not a level',
  );
  assertStringIncludes(
    refusal(`${MINIMUM}[logging]\nlevel = "two\\nlines"`),
    '"level" in [logging] is "two\\u000alines", which is not a level',
  );
  assertStringIncludes(
    refusal(`${MINIMUM}[clients_endpoint]\ntls_key = "k"`),
    '"tls_certificate" in [clients_endpoint] must be set too',
  );
});

Deno.test("required keys must be set", () => {
  assertEquals(refusal(""), 'Cannot read /x/config.toml: "id" in [gateway] is missing');
  assertEquals(
    refusal(`[gateway]\nid = "x"`),
    'Cannot read /x/config.toml: "nym_root_directory" in [gateway] is missing',
  );
});

Deno.test("the rendered file has every key, each after a comment", () => {
  const lines = renderTable(GATEWAY, defaultConfig("gw", "/n")).split("\n");
  for (const { name } of GATEWAY.keys) {
    const found = lines.flatMap((line, i) => line.startsWith(`${name} = `) ? [lines[i - 1] ?? ""] : []);
    const expected = GATEWAY.keys.filter((key) => key.name === name);
    assertEquals(found.map((line) => line.slice(0, 2)), expected.map(() => "# "), name);
  }
});

Deno.test("a value of a type that no key has is refused for every key", () => {
  const required = { id: '"gw"', nym_root_directory: '"/n"' };
  for (const { section, name } of GATEWAY.keys) {
    const gateway = section === "gateway" ? { ...required, [name]: "{}" } : required;
    const lines = Object.entries(gateway).map(([name, value]) => `${name} = ${value}\n`).join("");
    const other = section === "gateway" ? "" : `[${section}]\n${name} = {}\n`;
    assertStringIncludes(refusal(`[gateway]\n${lines}${other}`), `"${name}" in [${section}] must be `);
  }
});
