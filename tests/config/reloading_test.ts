import { assertEquals } from "@std/assert";
import { defaultConfig } from "../../src/config/config.ts";
import { takeOver } from "../../src/config/reloading.ts";

Deno.test("reloadable changes are applied in place, the others are named", () => {
  const running = defaultConfig("gw", "/n");
  const file = structuredClone(running);
  assertEquals(takeOver(running, file), { taken: [], left: [] });
  file.mixnetEndpoint.forwardTo = "any";
  file.logging.level = "debug";
  file.gateway.location = "elsewhere";
  file.debug.presenceSendingDelay = 7;
  assertEquals(takeOver(running, file), {
    taken: ["[mixnet_endpoint] forward_to", "[logging] level"],
    left: ["[gateway] location", "[debug] presence_sending_delay"],
  });
  const expected = defaultConfig("gw", "/n");
  expected.mixnetEndpoint.forwardTo = "any";
  expected.logging.level = "debug";
  assertEquals(running, expected);
});

Deno.test("a list has changed if its elements have", () => {
  const running = defaultConfig("gw", "/n");
  const file = structuredClone(running);
  file.operator.allowedHosts = ["a.example"];
  assertEquals(takeOver(running, file), { taken: ["[operator] allowed_hosts"], left: [] });
  assertEquals(running.operator.allowedHosts, ["a.example"]);
  assertEquals(takeOver(running, structuredClone(file)), { taken: [], left: [] });
});

Deno.test("other TLS files are applied, but turning TLS on or off needs a restart", () => {
  const withTls = (certificate: string, key: string) => {
    const config = defaultConfig("gw", "/n");
    Object.assign(config.clientsEndpoint, { tlsCertificate: certificate, tlsKey: key });
    return config;
  };
  const keys = ["[clients_endpoint] tls_certificate", "[clients_endpoint] tls_key"];
  assertEquals(takeOver(withTls("/a", "/b"), withTls("/c", "/d")), { taken: keys, left: [] });
  for (
    const [before, after] of [[withTls("", ""), withTls("/c", "/d")], [withTls("/a", "/b"), withTls("", "")]] as const
  ) {
    const running = structuredClone(before);
    assertEquals(takeOver(running, after), { taken: [], left: keys });
    assertEquals(running, before);
  }
});
