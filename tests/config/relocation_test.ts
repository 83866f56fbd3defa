import { assertEquals } from "@std/assert";
import { type Config, defaultConfig } from "../../src/config/config.ts";
import { moved, relocate, strayIn } from "../../src/config/relocation.ts";

const OLD = defaultConfig("old", "/var/lib/nym/gateways");
const NEW = defaultConfig("new", "/home/nym/gateways");

Deno.test("a gateway's paths become those of init, and everything else is unchanged", () => {
  const before: Config = { ...OLD, operator: { ...OLD.operator, listeningAddress: "" } };
  before.gateway.location = "Bern";
  for (const keepsOutside of [false, true]) {
    const { config, moved, outside } = relocate(before, "new", "/home/nym/gateways", keepsOutside);
    assertEquals(config, {
      ...NEW,
      gateway: { ...NEW.gateway, location: "Bern" },
      operator: { ...NEW.operator, listeningAddress: "" },
    });
    assertEquals([moved, outside], [[], []]);
  }
});

Deno.test("the gateway's own files outside its folder are named; those inside are not", () => {
  const before = structuredClone(OLD);
  before.gateway.storageKeyFile = "/mnt/usb/storage_key.pem";
  before.gateway.privateSphinxKeyFile = "/var/lib/nym/gateways/older/data/private_sphinx.pem";
  before.clientsEndpoint.ledgerPath = "/var/lib/nym/gateways/old/ledger.kv";
  for (const keepsOutside of [false, true]) {
    const { config, moved, outside } = relocate(before, "new", "/home/nym/gateways", keepsOutside);
    assertEquals(moved, [
      { key: "private_sphinx_key_file in [gateway]", path: "/var/lib/nym/gateways/older/data/private_sphinx.pem" },
      { key: "storage_key_file in [gateway]", path: "/mnt/usb/storage_key.pem" },
    ]);
    assertEquals(outside, []);
    assertEquals(config, { ...NEW, gateway: { ...NEW.gateway, location: "Bern" } });
  }
});

Deno.test("other references to the outside are named, and reset unless the operator keeps them", () => {
  const before = structuredClone(OLD);
  before.gateway.presenceDirectoryServer = "http://directory.example";
  before.clientsEndpoint.tlsCertificate = "/var/lib/nym/gateways/old/fullchain.pem";
  before.clientsEndpoint.tlsKey = "/etc/ssl/key.pem";
  before.logging.file = "/home/nym/.profile";
  before.storage.kind = "postgresql";
  before.storage.url = "postgres://gateway@db.example/mail";
  const named = [
    { key: "presence_directory_server in [gateway]", path: "http://directory.example" },
    { key: "tls_certificate in [clients_endpoint]", path: "/var/lib/nym/gateways/old/fullchain.pem" },
    { key: "tls_key in [clients_endpoint]", path: "/etc/ssl/key.pem" },
    { key: "file in [logging]", path: "/home/nym/.profile" },
    { key: "url in [storage]", path: "postgres://gateway@db.example/mail" },
  ];
  const reset = relocate(before, "new", "/home/nym/gateways", false);
  assertEquals(reset.config, { ...NEW, gateway: { ...NEW.gateway, location: "Bern" } });
  assertEquals([reset.moved, reset.outside], [[], named]);
  const kept = relocate(before, "new", "/home/nym/gateways", true);
  assertEquals(kept.config.gateway.presenceDirectoryServer, "http://directory.example");
  assertEquals(kept.config.clientsEndpoint.tlsKey, "/etc/ssl/key.pem");
  assertEquals(kept.config.logging.file, "/home/nym/.profile");
  assertEquals(kept.config.storage, { ...before.storage, kind: "embedded" });
  assertEquals([kept.moved, kept.outside], [[], named]);
});

Deno.test("a log file in the gateway's folder moves to the new one, however the old one was written", () => {
  const places: [root: string, id: string, file: string, expected: string][] = [
    ["/var/lib/nym/gateways", "old", "/var/lib/nym/gateways/old/logs/log.txt", "/home/nym/gateways/new/log.txt"],
    ["/home", "nym", "/home/nym/.profile", "/home/nym/gateways/new/.profile"],
    ["/home", "nym", "/home/nym/a/b/..", "/home/nym/gateways/new/a"],
    ["/home", "nym", "/home/nym/..", ""],
    ["/", ".", "/etc/cron.d/x", "/home/nym/gateways/new/x"],
    ["", "", "/etc/cron.d/x", ""],
    ["", "", "../../x", ""],
    ["/var/lib/nym/gateways", "old", "", ""],
  ];
  for (const [nymRootDirectory, id, file, expected] of places) {
    const before: Config = {
      ...OLD,
      gateway: { ...OLD.gateway, nymRootDirectory, id },
      logging: { ...OLD.logging, file },
    };
    assertEquals(relocate(before, "new", "/home/nym/gateways", false).config.logging.file, expected, file);
  }
});

Deno.test("a moved configuration has in its home what it had in the one before, and leaves what was outside", () => {
  const before = structuredClone(OLD);
  before.clientsEndpoint.ledgerPath = "/var/lib/nym/gateways/old/elsewhere/ledger.kv";
  before.clientsEndpoint.inboxesDirectory = "/srv/inboxes";
  before.logging.file = "/var/lib/nym/gateways/old/log";
  const after = moved(before, "new", "/home/nym/gateways");
  assertEquals(after.gateway, { ...NEW.gateway, location: OLD.gateway.location });
  assertEquals(after.clientsEndpoint.ledgerPath, "/home/nym/gateways/new/elsewhere/ledger.kv");
  assertEquals(after.clientsEndpoint.inboxesDirectory, "/srv/inboxes");
  assertEquals(after.logging.file, "/home/nym/gateways/new/log");
});

Deno.test("what means another home is found; paths outside of any home are the operator's own affair", () => {
  const isSame = (one: string, other: string) => one === other;
  assertEquals(strayIn(OLD, "old", "/var/lib/nym/gateways", isSame), undefined);
  assertEquals(strayIn(OLD, "other", "/var/lib/nym/gateways", isSame), { key: "id in [gateway]", path: "old" });
  assertEquals(strayIn(OLD, "old", "/elsewhere", isSame), {
    key: "private_sphinx_key_file in [gateway]",
    path: "/var/lib/nym/gateways/old/data/private_sphinx.pem",
  });
  assertEquals(strayIn(OLD, "old", "/elsewhere", () => true), undefined);
  const outside = structuredClone(OLD);
  outside.gateway.nymRootDirectory = "/elsewhere";
  assertEquals(strayIn(outside, "old", "/home", isSame), undefined);
});
