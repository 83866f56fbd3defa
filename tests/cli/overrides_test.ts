import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { resolve } from "node:path";
import type { Options } from "../../src/cli/options/options.ts";
import { overrideConfig, overrideDirectoryConfig, overrideMixnodeConfig } from "../../src/cli/options/overrides.ts";
import { type Config, defaultConfig, defaultsOf, DIRECTORY, MIXNODE } from "../../src/config/config.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";

/** The resulting addresses: listening and announced for sphinx packets, then the same for clients. */
function addresses(options: Options, config = defaultConfig("gw", "/n")): string[] {
  const { mixnetEndpoint: mixnet, clientsEndpoint: clients } = overrideConfig(config, options);
  return [mixnet.listeningAddress, mixnet.announceAddress, clients.listeningAddress, clients.announceAddress];
}

function configured(mixnet: Partial<Config["mixnetEndpoint"]>, clients: Partial<Config["clientsEndpoint"]>): Config {
  const config = defaultConfig("gw", "/n");
  Object.assign(config.mixnetEndpoint, mixnet);
  Object.assign(config.clientsEndpoint, clients);
  return config;
}

Deno.test("without options the configuration stays as it is", () => {
  const config = defaultConfig("gw", "/n");
  assertEquals(overrideConfig(config, {}), config);
});

Deno.test("the announced address follows the listening host", () => {
  assertEquals(addresses({ "mix-host": "1.2.3.4", "clients-host": "::1" }), [
    "1.2.3.4:1789",
    "1.2.3.4:1789",
    "[::1]:9000",
    "ws://[::1]:9000",
  ]);
  assertEquals(addresses({ "mix-host": "[::1]:5", "clients-host": "1.2.3.4:6" }), [
    "[::1]:5",
    "[::1]:5",
    "1.2.3.4:6",
    "ws://1.2.3.4:6",
  ]);
});

Deno.test("a port given by itself wins over the one in the host", () => {
  const options = { "mix-host": "1.2.3.4:5", "mix-port": "7", "clients-host": "1.2.3.4", "clients-port": "8" };
  assertEquals(addresses(options), ["1.2.3.4:7", "1.2.3.4:7", "1.2.3.4:8", "ws://1.2.3.4:8"]);
});

Deno.test("an announced host has the listening port, unless it names one or one is given", () => {
  assertEquals(
    addresses({ "mix-announce-host": "a.org", "clients-announce-host": "a.org", "clients-port": "6" }),
    ["0.0.0.0:1789", "a.org:1789", "0.0.0.0:6", "ws://a.org:6"],
  );
  assertEquals(
    addresses({ "mix-announce-host": "a.org:5", "clients-announce-host": "::1", "clients-announce-port": "6" }),
    ["0.0.0.0:1789", "a.org:5", "0.0.0.0:9000", "ws://[::1]:6"],
  );
});

Deno.test("a WebSocket URL is kept, and only an announced port changes it", () => {
  const given = { "clients-host": "127.0.0.1", "clients-announce-host": "wss://a.org" };
  assertEquals(addresses(given).at(-1), "wss://a.org");
  assertEquals(addresses({ ...given, "clients-announce-port": "444" }).at(-1), "wss://a.org:444");
  const config = configured({}, { announceAddress: "wss://a.org" });
  assertEquals(addresses({ "clients-port": "5" }, config).at(-1), "wss://a.org");
});

Deno.test("a changed port is announced too, unless the file announces its own", () => {
  const same = configured({ listeningAddress: "1.2.3.4:5", announceAddress: "a.org:5" }, {});
  assertEquals(addresses({ "mix-port": "6" }, same).slice(0, 2), ["1.2.3.4:6", "a.org:6"]);
  const other = configured({ listeningAddress: "1.2.3.4:5", announceAddress: "a.org:80" }, {});
  assertEquals(addresses({ "mix-port": "6" }, other).slice(0, 2), ["1.2.3.4:6", "a.org:80"]);
});

Deno.test("the other options replace what is configured; paths are made absolute", () => {
  const { gateway, clientsEndpoint } = overrideConfig(defaultConfig("gw", "/n"), {
    "location": "here",
    "directory": "http://d.example",
    "inboxes": "mail",
    "clients-ledger": "/ledger",
  });
  assertEquals([gateway.location, gateway.presenceDirectoryServer], ["here", "http://d.example"]);
  assertEquals([clientsEndpoint.inboxesDirectory, clientsEndpoint.ledgerPath], [resolve("mail"), resolve("/ledger")]);
});

Deno.test("numbers and switches are what the file would have", () => {
  const layerOf = (layer: string) => overrideMixnodeConfig(defaultsOf(MIXNODE, "m", "/n"), { layer }).mixnode.layer;
  assertEquals([layerOf("2"), layerOf("02")], [2, 2]);
  const { directory } = overrideDirectoryConfig(defaultsOf(DIRECTORY, "d", "/n"), { open: "true" });
  assertEquals(directory.open, true);
});

Deno.test("an invalid value is refused, with its option and what would be valid", () => {
  const cases: [Options, string][] = [
    [{ "mix-host": "localhost" }, '--mix-host: "localhost" is not an IP address, as in 1.2.3.4'],
    [{ "clients-host": "1.2.3" }, '--clients-host: "1.2.3" is not an IP address'],
    [{ "mix-port": "0" }, '--mix-port: "0" is not a port: give a number from 1 to 65535'],
    [{ "clients-announce-port": "x" }, '--clients-announce-port: "x" is not a port'],
    [{ "mix-announce-host": "ws://a" }, '--mix-announce-host: "ws://a" is not a host, as in gateway.example.org'],
    [
      { "clients-announce-host": "http://a" },
      '--clients-announce-host: "http://a" is not a host, as in gateway.example.org, 1.2.3.4:9000 or ' +
      "[2001:db8::1]:9000, or a URL such as wss://gateway.example.org",
    ],
    [{ "inboxes": "~/mail" }, '--inboxes is "~/mail": only shells expand ~, so write the full path'],
    [{ "directory": "a.org" }, '--directory is "a.org", which is not a plain URL, as in https://directory.example.org'],
    [{ "mix-port": "9000" }, "can't both use 0.0.0.0:9000: set --mix-port or --clients-port to another port"],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(() => addresses(options), OperatorError);
    assertStringIncludes(error.message, message);
    assertEquals(error.exitCode, 64);
  }
});
