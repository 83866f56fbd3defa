import { assertEquals } from "@std/assert";
import { type Config, defaultConfig } from "../../src/config/config.ts";
import { relocate } from "../../src/config/relocation.ts";

const OLD = defaultConfig("old", "/var/lib/nym/gateways");
const NEW = defaultConfig("new", "/home/nym/gateways");

Deno.test("a gateway's paths are where init puts them, and all else is as it was", () => {
  const before: Config = { ...OLD, operator: { ...OLD.operator, listeningAddress: "" } };
  before.gateway.location = "Bern";
  const { config, outside } = relocate(before, "new", "/home/nym/gateways");
  assertEquals(config, {
    ...NEW,
    gateway: { ...NEW.gateway, location: "Bern" },
    operator: { ...NEW.operator, listeningAddress: "" },
  });
  assertEquals(outside, []);
});

Deno.test("paths that were outside of the gateway's folder are named; those elsewhere in it are not", () => {
  const before = structuredClone(OLD);
  before.gateway.storageKeyFile = "/mnt/usb/storage_key.pem";
  before.gateway.privateSphinxKeyFile = "/var/lib/nym/gateways/older/data/private_sphinx.pem";
  before.clientsEndpoint.ledgerPath = "/var/lib/nym/gateways/old/ledger.kv";
  before.clientsEndpoint.tlsCertificate = "/etc/ssl/fullchain.pem";
  const { config, outside } = relocate(before, "new", "/home/nym/gateways");
  assertEquals(outside, [
    { key: "private_sphinx_key_file in [gateway]", path: "/var/lib/nym/gateways/older/data/private_sphinx.pem" },
    { key: "storage_key_file in [gateway]", path: "/mnt/usb/storage_key.pem" },
  ]);
  assertEquals(config.gateway.storageKeyFile, NEW.gateway.storageKeyFile);
  assertEquals(config.clientsEndpoint.ledgerPath, NEW.clientsEndpoint.ledgerPath);
  assertEquals(config.clientsEndpoint.tlsCertificate, "/etc/ssl/fullchain.pem");
});

Deno.test("a log file in the gateway's folder is in the new one then; one elsewhere, and none, are as they were", () => {
  const places = {
    "/var/lib/nym/gateways/old/logs/log.txt": "/home/nym/gateways/new/log.txt",
    "/var/log/nym.log": "/var/log/nym.log",
    "": "",
  };
  for (const [file, expected] of Object.entries(places)) {
    const before: Config = { ...OLD, logging: { ...OLD.logging, file } };
    assertEquals(relocate(before, "new", "/home/nym/gateways").config.logging.file, expected);
  }
});
