import { assert, assertEquals, assertLess } from "@std/assert";
import { type Announcer, Registry } from "../../src/directory_server/registry.ts";
import { topologyText } from "../../src/directory_server/topologies.ts";
import { many } from "../hostile/besieged.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { LongRun } from "../support/long_run.ts";
import { Random } from "../support/random.ts";
import { Silence } from "../support/silence.ts";
import { announcement, gateway, keyOf, mixnode, post } from "./nodes.ts";

const RULES = { mixnodes: 2000, gateways: 1000, nodesPerNetwork: 64, clientsBytes: 1 << 20 };
const NOTHING = { entries: [], decisions: new Map() };
const MiB = 1024 * 1024;
/** there with --v8-flags=--expose-gc */
const collect = (globalThis as { gc?: () => void }).gc;

Deno.test("a flood of nodes takes bounded memory, and keeps out none that is allowed", () => {
  const flood = many(3_000, 1_000_000);
  const run = new LongRun("nodes", flood);
  const growths: number[] = [];
  for (const isProven of [false, true]) {
    const registry = new Registry(() => ({ ...RULES, open: !isProven }), NOTHING, 0);
    const write = () => registry.written(registry.changes());
    const clients = JSON.stringify(Array.from({ length: 50 }, (_, n) => ({ pubKey: keyOf(n) })));
    const first = announcement("mixnodes", mixnode(0));
    registry.announce(first, "[]", { isProven, network: undefined }, 0);
    collect?.();
    const before = Deno.memoryUsage().heapUsed;
    for (let n = 1; n <= flood; n++) {
      const who: Announcer = { isProven, network: (n % 5000).toString(16).padStart(6, "0") };
      registry.announce(announcement("mixnodes", mixnode(n)), "[]", who, n / 200); // so that none expires meanwhile
      registry.announce(announcement("gateways", gateway(n)), clients, who, n / 200);
      if (n % 100 === 0) write();
      run.reached(n);
    }
    collect?.();
    const growth = (Deno.memoryUsage().heapUsed - before) / MiB;
    growths.push(Math.round(growth));
    if (collect !== undefined) assertLess(growth, 30); // otherwise garbage counts too
    const { entries, ends, decisions } = registry.changes();
    assertLess(entries.length + ends.length + decisions.length, 300);
    assertEquals([registry.count("mixnodes"), registry.count("gateways")], [RULES.mixnodes, RULES.gateways]);
    const listed = registry.entries(flood / 200);
    assertEquals(listed[0]!.key, first.key, "who was there first stays");
    assertLess(topologyText(listed, true).length, RULES.clientsBytes + 500 * listed.length);
    const own = announcement("mixnodes", mixnode(2_000_000));
    registry.decide(own.key, { standing: "allowed" });
    assertEquals(registry.announce(own, "[]", { isProven: true, network: undefined }, flood / 200), undefined);
  }
  run.end(`${flood} nodes of each kind, without and with proofs; the heap grew by ${growths.join(" and ")} MiB`);
});

Deno.test("what is not an announcement is refused, whatever it is", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  const random = new Random(5);
  for (let i = 0; i < many(60, 5000); i++) {
    const kind = random.pick(["mixnodes", "gateways"]);
    const whole = new TextEncoder().encode(JSON.stringify(kind === "mixnodes" ? mixnode(i) : gateway(i)));
    for (let n = random.between(1, 6); n > 0; n--) whole[random.below(whole.length)] = random.next();
    const body = random.oneIn(3)
      ? random.bytes(random.below(3000))
      : whole.subarray(0, random.between(1, whole.length));
    const response = await fetch(`${rig.url}/api/presence/${kind}`, { method: "POST", body });
    await response.body?.cancel();
    assert([201, 400, 409, 413, 422].includes(response.status), `status ${response.status}`);
  }
  const topology = await (await fetch(`${rig.url}/api/presence/topology`)).json();
  for (const { pubKey } of [...topology.mixNodes, ...topology.gatewayNodes]) assertEquals(typeof pubKey, "string");
  assertEquals((await post(`${rig.url}/api/presence/mixnodes`, mixnode(99_999)))[0], 201);
});

Deno.test("an announcement without end is cut short, and held nowhere", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  const client = new TextEncoder().encode(`{"pubKey":"${keyOf(1)}"},`.repeat(1000));
  let sent = 0;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (sent === 0) controller.enqueue(new TextEncoder().encode(`{"pubKey":"${keyOf(2)}","registeredClients":[`));
      controller.enqueue(client);
      sent += client.length;
    },
  });
  const status = await fetch(`${rig.url}/api/presence/gateways`, { method: "POST", body }).then(
    async (response) => {
      await response.body?.cancel();
      return response.status;
    },
    () => 413, // the connection was closed before the answer could be read
  );
  assertEquals(status, 413);
  assertLess(sent, 64 * MiB);
  assertEquals((await post(`${rig.url}/api/presence/gateways`, gateway(1)))[0], 201);
});

Deno.test("one network can neither flood the directory with requests nor with new nodes", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start(({ limits }) => {
    limits.limitLoopback = true;
    limits.requestsPerSecondPerNetwork = 5;
    limits.newNodesPerHourPerNetwork = 3;
  });
  const statuses: number[] = [];
  for (let n = 0; n < 40; n++) statuses.push((await post(`${rig.url}/api/presence/mixnodes`, mixnode(n)))[0]);
  assertEquals(statuses.slice(0, 4), [201, 201, 201, 429]);
  assert(rig.directory.counters.get("requests_limited") > 30);
  assertEquals(rig.topology().mixNodes.length, 3);
});

Deno.test("announcements that a closed directory refuses do not use up their network's allowance for new nodes", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start(({ directory, limits }) => {
    directory.open = false;
    limits.limitLoopback = true;
    limits.newNodesPerHourPerNetwork = 1;
  });
  const url = `${rig.url}/api/presence/mixnodes`;
  for (let i = 0; i < 3; i++) assertEquals((await post(url, mixnode(1)))[0], 401);
  await rig.directory.decide(keyOf(1), { standing: "allowed" });
  assertEquals((await post(url, mixnode(1)))[0], 201);
});
