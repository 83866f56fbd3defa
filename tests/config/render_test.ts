import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Config, defaultConfig, GATEWAY } from "../../src/config/config.ts";
import { parseConfig } from "../../src/config/parse.ts";
import { isOfShell } from "../../src/config/paths.ts";
import { renderTable } from "../../src/config/render.ts";

const text = fc.string({ unit: "binary" });
const path = text.filter((path) => path !== "" && !path.includes("\0") && !isOfShell(path));
const port = fc.integer({ min: 1, max: 65535 });
const delay = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const count = fc.integer({ min: 1, max: 65535 });
const bytes = fc.integer({ min: 4096, max: Number.MAX_SAFE_INTEGER });

/** Keys not listed here have their defaults. */
const values: fc.Arbitrary<{ [Section in keyof Config]: Partial<Config[Section]> }> = fc.record({
  gateway: fc.record({
    id: text,
    location: text,
    privateSphinxKeyFile: path,
    publicSphinxKeyFile: path,
    storageKeyFile: path,
    presenceDirectoryServer: fc.webUrl(),
    refuseAddressClash: fc.boolean(),
    nymRootDirectory: path,
  }),
  storage: fc.record({
    url: fc.tuple(fc.domain(), port).map(([host, port]) => `postgres://gateway@${host}:${port}/mail`),
    passwordFile: path,
    tls: fc.constantFrom("verify" as const, "off" as const),
    certificateAuthority: path,
  }),
  mixnetEndpoint: fc.record({
    listeningAddress: fc.tuple(fc.ipV4(), port).map(([ip, port]) => `${ip}:${port}`),
    announceAddress: fc.tuple(fc.domain(), port).map(([host, port]) => `${host}:${port}`),
    forwardTo: fc.constantFrom("topology" as const, "any" as const),
    allowPrivateMixnodes: fc.boolean(),
    replayWindow: delay,
    replayPackets: fc.integer({ min: 1000, max: Number.MAX_SAFE_INTEGER }),
  }),
  clientsEndpoint: fc.record({
    listeningAddress: port.map((port) => `[::1]:${port}`),
    announceAddress: fc.tuple(fc.constantFrom("ws", "wss"), fc.domain()).map(([scheme, host]) => `${scheme}://${host}`),
    inboxesDirectory: path,
    ledgerPath: path,
    allowReRegistration: fc.boolean(),
    tlsCertificate: path,
    tlsKey: path,
    requireProof: fc.boolean(),
    announceClients: fc.boolean(),
  }),
  limits: fc.record({
    clientConnections: count,
    clientConnectionsPerNetwork: count,
    connectionsBeforeLogin: count,
    connectionsBeforeLoginPerNetwork: count,
    loginDeadline: delay,
    framesPerSecond: count,
    registrationsPerHour: count,
    registrationsPerHourPerNetwork: count,
    wrongTokensPerHourPerNetwork: count,
    wrongTokenDelay: delay,
    mixnetConnections: count,
    mixnetConnectionsPerNetwork: count,
    mixnetFrameDeadline: delay,
    mixnetIdleTimeout: fc.oneof(fc.constant(0), delay),
    limitLoopback: fc.boolean(),
    trustedProxies: fc.array(fc.oneof(fc.ipV4(), fc.ipV4().map((ip) => `${ip}/24`))),
    inboxMessages: count,
    inboxBytes: bytes,
    mailboxBytes: bytes,
    timeToLive: fc.oneof(fc.constant(0), bytes),
    minimumFreeDisk: fc.oneof(fc.constant(0), bytes),
    slowClientBytes: bytes,
  }),
  operator: fc.record({
    listeningAddress: fc.oneof(fc.constant(""), port.map((port) => `[::1]:${port}`)),
    allowedHosts: fc.array(fc.oneof(fc.domain().map((name) => name.toLowerCase()), fc.ipV4())),
  }),
  logging: fc.record({
    format: fc.constantFrom("text" as const, "json" as const),
    level: fc.constantFrom("off", "warn", "info,nym_gateway::mailbox=debug"),
    file: fc.oneof(fc.constant(""), path),
  }),
  debug: fc.record({
    presenceSendingDelay: delay,
    packetForwardingInitialBackoff: fc.integer({ min: 1, max: 1000 }),
    packetForwardingMaximumBackoff: fc.integer({ min: 1000, max: 2 ** 31 - 1 }),
    initialConnectionTimeout: delay,
    storedMessagesFilenameLength: count,
    messageRetrievalLimit: count,
  }),
});

Deno.test("any rendered configuration parses to an equal one", () => {
  fc.assert(fc.property(values, (values) => {
    const config = defaultConfig("gw", "/n");
    for (const section of Object.keys(values) as (keyof Config)[]) Object.assign(config[section], values[section]);
    assertEquals(parseConfig(renderTable(GATEWAY, config), "x"), config);
  }));
});

Deno.test("names and paths are escaped in the file", () => {
  for (
    const nasty of [
      '"\nid = "x"',
      "\\",
      "C:\\Users\\u0041",
      "'",
      "\u007f\u0085",
      "é😀",
      '"""',
      "'''",
      "# [x]",
      "a\r\nb",
      "\uFEFF",
    ]
  ) {
    const config = defaultConfig("gw", "/n");
    config.gateway.location = nasty;
    assertEquals(parseConfig(renderTable(GATEWAY, config), "x"), config);
  }
});
