import { assertEquals, assertStringIncludes } from "@std/assert";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { TestClient } from "../support/test_client.ts";
import { FaultyGateway } from "./faulty_gateway.ts";
import { hasStrace, Injection } from "./injection.ts";

Deno.test({
  name: "where loopback is filtered, each client that is cut off is counted, and the health check fails" +
    (hasStrace ? "" : " (skipped: no strace)"),
  ignore: !hasStrace,
  fn: async () => {
    await using gateway = await FaultyGateway.start();
    const { operator, process } = gateway;
    const clients = parseSocketAddress(process.clients)!;
    {
      await using _filtered = await Injection.into(process.pid, [], "connect", "error=EPERM");
      for (let client = 0; client < 2; client++) {
        const served = await TestClient.connect(clients).then(() => true, () => false);
        assertEquals(served, false);
      }
      assertEquals(await operator.metric("client_inner_dial_errors_total"), 2);
      const { ready, text } = await operator.readiness();
      assertEquals(ready, false, text);
      assertStringIncludes(text, `fail  clients    accepts connections on ${process.clients}, but cannot serve them`);
    }
    await using _client = await TestClient.connect(clients);
    assertEquals(await operator.metric("client_inner_dial_errors_total"), 2);
  },
});
