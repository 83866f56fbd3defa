import { ed25519 } from "@noble/curves/ed25519.js";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { Announcer } from "../../src/directory/announcer.ts";
import { DirectoryClient, DirectoryError } from "../../src/directory/client.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { fetchTopology } from "../../src/peap/directory.ts";
import { CHALLENGE_PATH, PROOF_HEADER } from "../../src/protocol/node_proof.ts";
import { SIGNATURE_HEADER, TopologyTrust } from "../../src/protocol/signed_topology.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";
import { DirectoryRig } from "../support/directory_rig.ts";
import { Silence } from "../support/silence.ts";
import { gateway, keyOf, mixnode, post } from "./nodes.ts";

const ALWAYS = new AbortController().signal;
const ANY_AGE = () => 0;
const closed = ({ directory }: { directory: { open: boolean } }) => void (directory.open = false);

/** A node of ours at a directory. */
class Node {
  readonly keys = generateKeyPair();
  readonly key = encodeBase58(this.keys.publicKey);
  readonly announcer: Announcer;

  constructor(client: DirectoryClient) {
    this.announcer = new Announcer(client, "mixnodes", this.keys);
  }

  async announce(changes: Partial<ReturnType<typeof mixnode>> = {}): Promise<void> {
    await this.announcer.announce(JSON.stringify({ ...mixnode(1), pubKey: this.key, ...changes }), ALWAYS);
  }
}

/** Passes requests on to a directory, as somebody on the way could, and changes answers. */
class Middle implements AsyncDisposable {
  readonly seen: { path: string; body: string; proof: string | null }[] = [];
  change: (path: string, response: Response) => Response | Promise<Response> = (_, response) => response;
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(target: string) {
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
      const { pathname, search } = new URL(request.url);
      const body = await request.text();
      const proof = request.headers.get(PROOF_HEADER);
      this.seen.push({ path: pathname, body, proof });
      const answer = await fetch(`${target}${pathname}${search}`, {
        method: request.method,
        headers: proof === null ? {} : { [PROOF_HEADER]: proof },
        body: request.method === "POST" ? body : null,
      });
      const { status, headers } = answer;
      return await this.change(pathname, new Response(await answer.text(), { status, headers }));
    });
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

Deno.test("our node is listed by a closed directory, also after the directory's restart", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start(closed);
  await using middle = new Middle(rig.url);
  const node = new Node(new DirectoryClient(middle.url));
  await node.announce();
  await node.announce();
  assertEquals(middle.seen.filter(({ path }) => path === CHALLENGE_PATH).length, 1);
  assertEquals(rig.directory.topology().mixNodes.map(({ pubKey }) => pubKey), [node.key]);
  rig.config.directory.listeningAddress = new URL(rig.url).host;
  await rig.stop();
  await rig.restart();
  await node.announce({ host: "9.9.9.9:9" });
  assertEquals(rig.directory.topology().mixNodes.map(({ host }) => host), ["9.9.9.9:9"]);
  assertEquals(rig.directory.counters.get("announcements_proven"), 1);
});

Deno.test("a stranger can't move a node: not by a plain post, nor by repeating or changing a proven one", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start(); // open
  await using middle = new Middle(rig.url);
  const node = new Node(new DirectoryClient(middle.url));
  await node.announce();
  await node.announce({ host: "5.5.5.5:5" });
  const url = `${rig.url}/api/presence/mixnodes`;
  const own = { ...mixnode(1), pubKey: node.key };
  assertEquals((await post(url, { ...own, host: "6.6.6.6:6" }))[0], 401);
  const [first, second] = middle.seen.filter(({ proof }) => proof !== null);
  assertEquals((await post(url, first!.body, { [PROOF_HEADER]: first!.proof! }))[0], 401, "repeated");
  assertEquals((await post(url, first!.body, { [PROOF_HEADER]: second!.proof! }))[0], 401, "mixed");
  const next = second!.proof!.replace(/\.2\./, ".3.");
  assertEquals((await post(url, second!.body, { [PROOF_HEADER]: next }))[0], 401, "counted on");
  for (const header of ["", "x", "1.2.3", `${next}.4`, "..", `${"1".repeat(5000)}.1.1`]) {
    assert([400, 401].includes((await post(url, own, { [PROOF_HEADER]: header }))[0]), header);
  }
  assertEquals(rig.directory.topology().mixNodes.map(({ host }) => host), ["5.5.5.5:5"]);
});

Deno.test("our node announces itself to a directory without challenges, and says why one refuses it", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  await using middle = new Middle(rig.url);
  middle.change = (path, response) =>
    path === CHALLENGE_PATH ? new Response("404 page not found", { status: 404 }) : response;
  const node = new Node(new DirectoryClient(middle.url));
  await node.announce();
  assertEquals(rig.directory.topology().mixNodes.map(({ pubKey }) => pubKey), [node.key]);
  assertEquals(rig.directory.counters.get("announcements_plain"), 1);
  await rig.directory.decide(node.key, { standing: "disallowed" });
  const error = await assertRejects(() => node.announce(), DirectoryError);
  assertEquals(error.message, "it answered with status 403: the directory's operator has disallowed this key");
  await assertRejects(
    () => new DirectoryClient(middle.url, undefined, undefined, new TopologyTrust(() => [keyOf(1)])).challenge(ALWAYS),
    DirectoryError,
    "it offers no proofs",
  );
});

Deno.test("our node proves its key to an open directory, whatever it and a proxy answered at first", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start(); // open: a plain announcement would do
  await using middle = new Middle(rig.url);
  const node = new Node(new DirectoryClient(middle.url));
  for (const status of [302, 429, 502, 503]) {
    middle.change = (path, response) => path === CHALLENGE_PATH ? new Response(null, { status }) : response;
    assertEquals((await assertRejects(() => node.announce(), DirectoryError)).status, status);
  }
  middle.change = (path) => path === CHALLENGE_PATH ? new Response("welcome") : new Response(null, { status: 502 });
  await assertRejects(() => node.announce(), DirectoryError);
  middle.change = (_, response) => response;
  await node.announce();
  assertEquals(rig.directory.counters.get("announcements_proven"), 1);
});

Deno.test("a signed topology is verified, and every change to it refused", async () => {
  using _silence = new Silence();
  const now = 1_795_406_847_619;
  await using rig = await DirectoryRig.start(undefined, () => now);
  await using middle = new Middle(rig.url);
  const key = encodeBase58(ed25519.getPublicKey(rig.signingKey));
  let trusted = [keyOf(1), key];
  const client = new DirectoryClient(middle.url, undefined, undefined, new TopologyTrust(() => trusted, ANY_AGE));
  await post(`${rig.url}/api/presence/mixnodes`, mixnode(1));
  const { topology, signedAt } = await client.topology(ALWAYS);
  assertEquals([topology.mixNodes.map(({ pubKey }) => pubKey), signedAt], [[keyOf(1)], now]);

  const refused = async (reason: string) => {
    await assertRejects(() => client.topology(ALWAYS), DirectoryError, reason);
  };
  const whole = (change: (text: string) => string) => async (_: string, response: Response) =>
    new Response(change(await response.text()), { headers: response.headers });
  const signature = (change: (text: string) => string | undefined) => (_: string, response: Response) => {
    const changed = change(response.headers.get(SIGNATURE_HEADER)!);
    response.headers.delete(SIGNATURE_HEADER);
    if (changed !== undefined) response.headers.set(SIGNATURE_HEADER, changed);
    return response;
  };
  middle.change = whole((text) => text.replace("1.0.0.1", "6.6.6.6"));
  await refused("the signature of its topology is wrong");
  middle.change = signature((text) => text.replace(/^\d+/, `${now + 1}`));
  await refused("the signature of its topology is wrong");
  middle.change = signature((text) => text.replace(/.$/, (digit) => digit === "0" ? "1" : "0"));
  await refused("the signature of its topology is wrong");
  middle.change = signature(() => "nonsense");
  await refused("the signature of its topology is unreadable");
  middle.change = signature(() => undefined);
  await refused("its topology is not signed");
  middle.change = (_, response) => response;
  trusted = [keyOf(1)];
  await refused(`its topology is signed with the key ${key}`);
  await assertRejects(() => client.challenge(ALWAYS), DirectoryError, `its key is ${key}`);
});

Deno.test("an older topology than one seen before is refused", async () => {
  using _silence = new Silence();
  let now = 1_795_406_847_619;
  await using rig = await DirectoryRig.start(undefined, () => now);
  await using middle = new Middle(rig.url);
  const trusted = () => [encodeBase58(ed25519.getPublicKey(rig.signingKey))];
  const client = new DirectoryClient(middle.url, undefined, undefined, new TopologyTrust(trusted, ANY_AGE));
  let old: { text: string; headers: Headers } | undefined;
  middle.change = async (_, response) => {
    old = { text: await response.text(), headers: response.headers };
    return new Response(old.text, { headers: old.headers });
  };
  await client.topology(ALWAYS);
  now += 5000;
  middle.change = (_, response) => response;
  assertEquals((await client.topology(ALWAYS)).signedAt, now);
  middle.change = () => new Response(old!.text, { headers: old!.headers });
  await assertRejects(() => client.topology(ALWAYS), DirectoryError, "somebody sends old topologies");
  const restarted = new DirectoryClient(middle.url, undefined, undefined, new TopologyTrust(trusted, ANY_AGE));
  assertEquals((await restarted.topology(ALWAYS)).signedAt, now - 5000);
  restarted.refuseBefore(now);
  await assertRejects(() => restarted.topology(ALWAYS), DirectoryError, "somebody sends old topologies");
});

Deno.test("a topology that was signed long ago is refused without a newer one, and so is one from the future", async () => {
  using _silence = new Silence();
  const now = 1_795_406_847_619;
  await using rig = await DirectoryRig.start(undefined, () => now);
  const hour = 3_600_000;
  let clock = now + hour;
  let maximumAge = hour;
  const key = encodeBase58(ed25519.getPublicKey(rig.signingKey));
  const asked = (earliest = 0) => {
    const trust = new TopologyTrust(() => [key], () => maximumAge, () => clock);
    const client = new DirectoryClient(rig.url, undefined, undefined, trust);
    client.refuseBefore(earliest);
    return client.topology(ALWAYS);
  };
  assertEquals((await asked()).signedAt, now);
  clock = now - hour;
  assertEquals((await asked()).signedAt, now);
  clock = now + hour + 1;
  const at = (ms: number) => new Date(ms).toISOString();
  const old = `its topology was signed at ${at(now)}, but here it is ${at(clock)}: somebody sends old topologies`;
  await assertRejects(() => asked(), DirectoryError, old);
  clock = now - hour - 1;
  await assertRejects(() => asked(), DirectoryError, `here it is ${at(clock)}: a clock is wrong`);
  clock = now;
  await assertRejects(() => asked(now + hour), DirectoryError, "somebody sends old topologies");
  assertEquals((await asked(now + hour + 1)).signedAt, now, "a time that only a wrong clock can have seen");
  maximumAge = 0;
  assertEquals((await asked()).signedAt, now);
  await assertRejects(() => asked(now + 1), DirectoryError, "somebody sends old topologies");
});

Deno.test("neither our nodes nor our clients download the clients of gateways, also without the directory's key", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  await using middle = new Middle(rig.url);
  await post(`${rig.url}/api/presence/gateways`, gateway(1));
  const answers: string[] = [];
  middle.change = async (_, { body, headers }) => {
    answers.push(await new Response(body).text());
    return new Response(answers.at(-1)!, { headers });
  };
  const { topology } = await new DirectoryClient(middle.url).topology(ALWAYS);
  assertEquals([topology, await fetchTopology(middle.url)].map(({ gatewayNodes }) => gatewayNodes.length), [1, 1]);
  assertEquals(answers.map((text) => JSON.parse(text).gatewayNodes[0].registeredClients), [[], []]);
});

Deno.test("the signed topology has no clients; without the query there is no signature", async () => {
  using _silence = new Silence();
  await using rig = await DirectoryRig.start();
  await post(`${rig.url}/api/presence/gateways`, gateway(1));
  const plain = await fetch(`${rig.url}/api/presence/topology`);
  const signed = await fetch(`${rig.url}/api/presence/topology?signed`);
  assertEquals((await plain.json()).gatewayNodes[0].registeredClients, [{ pubKey: "c" }]);
  assertEquals((await signed.json()).gatewayNodes[0].registeredClients, []);
  assertEquals(plain.headers.get(SIGNATURE_HEADER), null);
  assertEquals(signed.headers.get("access-control-expose-headers"), SIGNATURE_HEADER);
});
