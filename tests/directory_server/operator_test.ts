import { assertEquals, assertMatch } from "@std/assert";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { BrokenDatabase } from "../support/broken_database.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { Operator } from "../support/operator.ts";
import { Silence } from "../support/silence.ts";
import { gateway, mixnode, post } from "./nodes.ts";

Deno.test("the operator sees what is missing in the network, and that nodes are refused while they can't be written", async () => {
  using _silence = new Silence();
  const began = Date.now(); // it stays, so that no node is silent for too long
  await using rig = await DirectoryRig.start(
    ({ operator }) => operator.listeningAddress = "127.0.0.1:0",
    () => began,
  );
  const operator = new Operator(formatSocketAddress(rig.directory.operatorAddress!), "directory");
  const announce = async (kind: string, node: object) => (await post(`${rig.url}/api/presence/${kind}`, node))[0];
  const readiness = async () => {
    rig.directory.reload(() => rig.config); // the next answer is fresh
    return await operator.readiness();
  };
  const says = async (pattern: RegExp, ready = true) => {
    const { text, ready: isReady } = await readiness();
    assertMatch(text, pattern);
    assertEquals(isReady, ready, text);
  };

  await says(/^warn +network +0 mixnodes, 0 gateways; none in layers 1, 2 and 3: clients can't send$/m);
  for (const n of [0, 1]) assertEquals(await announce("mixnodes", mixnode(n)), 201);
  await says(/^warn +network +2 mixnodes, 0 gateways; none in layer 3: clients can't send$/m);
  assertEquals(await announce("mixnodes", mixnode(2)), 201);
  await says(/^warn +network +3 mixnodes, 0 gateways: clients have nowhere to connect$/m);
  assertEquals(await announce("gateways", gateway(1)), 201);
  await says(/^ok +network +3 mixnodes, 1 gateway$/m);
  await says(/^warn +proofs +open = true: /m);

  {
    using _full = new BrokenDatabase(rig.config.directory.stateFile);
    assertEquals(await announce("mixnodes", mixnode(4)), 503);
    await says(/^fail +state +cannot write which nodes are listed: new ones are refused; /m, false);
  }
  assertEquals(await announce("mixnodes", mixnode(4)), 201);
  await says(/^ok +state +what has changed is written$/m);
  assertEquals(await operator.metric('nodes{kind="mixnode"}'), 4);
  assertEquals(await operator.metric("store_errors_total") > 0, true);
});
