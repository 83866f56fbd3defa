import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { unpackHome070 } from "../config/home_070.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { freePort } from "../support/reference_network.ts";
import { TestClient } from "../support/test_client.ts";
import { vectorFile } from "../support/vectors.ts";

const TOKENS = new URL("../vectors/gateway-home-0.7.0.tokens.txt", import.meta.url).pathname;
const ID = "supergateway";

/** What a gateway logged about its start, without times and padding. */
const logged = (output: string) =>
  output.split("\n").flatMap((line) => / INFO +(nym_gateway::node\S*) +> (.*)/.exec(line)?.slice(1).join(" > ") ?? []);

Deno.test({
  name:
    "a 0.7.0 home is taken over, with the log of 0.7.0: its clients log in with their old tokens and receive 5, 4 and 0 messages",
  fn: async () => {
    await using directory = await DirectoryRig.start();
    const home = await Deno.makeTempDir({ prefix: "nym-gateway-" });
    await using gateway = new GatewayProcess("ours", home, `127.0.0.1:${freePort()}`, `127.0.0.1:${freePort()}`, ID);
    await unpackHome070(home);
    const folder = join(home, ".nym/gateways", ID);
    const config = join(folder, "config/config.toml");
    await Deno.writeTextFile(config, (await Deno.readTextFile(config)).replaceAll("/home/nym", home));
    await gateway.start("--mix-host", gateway.mixnet, "--clients-host", gateway.clients, "--directory", directory.url);

    const of070 = logged((await Deno.readTextFile(vectorFile("run.stdout.txt"))).split(/^.*Closing connection/m)[0]!)
      .map((line) => line.replace("127.0.0.1:1789", gateway.mixnet).replace("127.0.0.1:9000", gateway.clients));
    assertEquals(of070.length, 9);
    assertEquals(logged(gateway.log).filter((line) => of070.includes(line)), of070);

    assertEquals(await gateway.stored(), 9);
    assert(gateway.log.includes("belongs to the 0.7.0 gateway and stays unchanged"), gateway.log);
    assert((await Deno.stat(join(folder, "data/client_ledger.sled/db"))).isFile);
    const expected = [5, 4, 0];
    const lines = (await Deno.readTextFile(TOKENS)).trim().split("\n");
    assertEquals(lines.length, expected.length);
    for (const [i, line] of lines.entries()) {
      const [address, token] = line.split(" ");
      await using client = await TestClient.connect(parseSocketAddress(gateway.clients)!);
      const answer = await client.request({ type: "authenticate", address, token });
      assertEquals(answer, { type: "authenticate", status: true, acknowledgements: true });
      const messages = await client.messages(expected[i]!);
      assertEquals(new Set(messages.map((message) => message.toHex())).size, expected[i]);
      await client.request("nonsense"); // its answer follows everything pushed at the login
      assertEquals(client.unread, []);
    }
  },
});
