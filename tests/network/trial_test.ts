import { assert, assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { LongRun } from "../support/long_run.ts";
import { figuresOf, since } from "./figures.ts";
import { isLong } from "./long.ts";
import { Namespaces, obstacleToNamespaces } from "./namespaces.ts";
import { PlannedHost } from "./planned_host.ts";
import { readPlan } from "./printed_plan.ts";

const MESSAGES = 1000;
/** ms in which all packets must have left the mixnodes */
const SETTLING_TIME = 60_000;
const [MIXNODE_PAGE, GATEWAY_PAGE] = [9002, 9001];

const obstacle = isLong ? obstacleToNamespaces() : "run it with `deno task test:network`";

Deno.test({
  name: `a planned network on five hosts, with a directory that restarts and a mixnode that is killed${
    obstacle === undefined ? "" : ` (skipped: ${obstacle})`
  }`,
  ignore: obstacle !== undefined,
  fn: async () => {
    const run = new LongRun("planned network", MESSAGES);
    using namespaces = new Namespaces();
    await using ending = new AsyncDisposableStack();
    const added = Array.from({ length: 6 }, () => namespaces.addHost());
    const hosts = added.map(({ prefix }) => ending.use(new PlannedHost(prefix)));
    const [directoryHost, first, second, third, gateway, users] = hosts as [
      PlannedHost,
      PlannedHost,
      PlannedHost,
      PlannedHost,
      PlannedHost,
      PlannedHost,
    ];
    const [d, m1, m2, m3, g] = added.map(({ address }) => address);
    const line = `nym-gateway network plan --directory ${d} --mixnodes ${m1},${m2},${m3} --gateway ${g}`;
    const plan = readPlan(await users.carryOut(line));
    assertEquals(plan.hosts.map(({ host }) => host), [d, m1, m2, m3, g]);
    for (const [i, { steps: [commands] }] of plan.hosts.entries()) await hosts[i]!.paste(commands!);
    const start = (i: number) => plan.hosts[i]!.steps[0]!.at(-1)!;

    const script = new URL("clients.ts", import.meta.url).pathname;
    const clients = ending.use(
      new Conversation(
        users.command(`exec '${Deno.execPath()}' run --no-check -A ${script} ${plan.directory} ${MESSAGES}`, "piped"),
      ),
    );
    const figures = async () => ({
      first: await figuresOf(first, MIXNODE_PAGE),
      second: await figuresOf(second, MIXNODE_PAGE),
      third: await figuresOf(third, MIXNODE_PAGE),
      gateway: await figuresOf(gateway, GATEWAY_PAGE),
    });
    /** The figures once no packet is on its way. */
    const settled = async () => {
      for (const end = Date.now() + SETTLING_TIME; Date.now() < end;) {
        const [earlier, now] = [await figures(), await figures()];
        const isSettled = Object.values(now).every(({ held }) => held === 0) &&
          now.first.received === now.gateway.forwarded && now.gateway.received === now.third.forwarded &&
          JSON.stringify(earlier) === JSON.stringify(now);
        if (isSettled) return now;
      }
      throw new Error(`packets are on their way after ${SETTLING_TIME} ms: ${JSON.stringify(await figures())}`);
    };
    await clients.said("ready");
    const before = await settled();
    await clients.begin();

    await clients.said("sent 250");
    assertEquals(await directoryHost.end(start(0), "SIGTERM"), 0);
    await clients.said("sent 400");
    await directoryHost.run(start(0));

    await clients.said("sent 500");
    const atKill = await figuresOf(second, MIXNODE_PAGE);
    await second.end(start(2), "SIGKILL");
    await clients.said("sent 550");
    await second.run(start(2));

    await clients.said("all sent");
    const after = await settled();
    const { missing, twice } = await clients.end();

    const [one, three, last] = [
      since(before.first, after.first),
      since(before.third, after.third),
      since(before.gateway, after.gateway),
    ];
    const inMixnode = one.forwarded - three.received;
    run.end(
      `${MESSAGES} messages sent, ${
        MESSAGES - missing.length
      } arrived, ${twice} twice; packets: the gateway forwarded ` +
        `${last.forwarded}, mixnode 1 received ${one.received} and forwarded ${one.forwarded}, mixnode 2 had received ` +
        `${since(before.second, atKill).received} and held ${atKill.held} just before it was killed, and received ` +
        `${after.second.received} after that, mixnode 3 received ${three.received} and forwarded ${three.forwarded}, ` +
        `the gateway received ${last.received}; so ${inMixnode} were lost with mixnode 2`,
    );
    assertEquals(last.forwarded, MESSAGES);
    assertEquals([one, three].map(({ dropped, unforwarded }) => dropped + unforwarded), [0, 0]);
    assertEquals(after.second.dropped + after.second.unforwarded + last.dropped + last.unforwarded, 0);
    assertEquals([one.received, three.forwarded, last.received], [MESSAGES, three.received, three.received]);
    assertEquals([missing.length, twice], [inMixnode, 0]);
    assert(missing.length < MESSAGES / 5, "a mixnode holds packets for a moment only");

    const topology = await users.carryOut(`curl --silent --fail ${plan.directory}/api/presence/topology`);
    const { mixNodes, gatewayNodes } = JSON.parse(topology);
    assertEquals([mixNodes.length, gatewayNodes.length], [3, 1]);
  },
});

/** The program of the clients. */
class Conversation implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reading: Promise<unknown>;
  #text = "";
  #errors = "";
  #hasEnded = false;

  constructor(command: Deno.Command) {
    this.#child = command.spawn();
    this.#input = this.#child.stdin.getWriter();
    const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, take: (text: string) => void) => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) take(text);
    };
    this.#reading = Promise.all([
      read(this.#child.stdout, (text) => this.#text += text),
      read(this.#child.stderr, (text) => this.#errors += text),
      this.#child.status.then(() => this.#hasEnded = true),
    ]);
  }

  /** Resolves once it has printed this line. */
  async said(line: string): Promise<void> {
    await eventually(line, () => this.#text.includes(`${line}\n`) || this.#hasEnded, 120_000);
    if (!this.#text.includes(`${line}\n`)) throw new Error(`the clients have ended: ${this.#text}${this.#errors}`);
  }

  /** Lets the clients begin. */
  async begin(): Promise<void> {
    await this.#input.write(new Uint8Array(1));
  }

  /** Lets the clients end, and resolves with what they know. */
  async end(): Promise<{ missing: number[]; twice: number }> {
    await this.#input.close();
    await this.#reading;
    return JSON.parse(/^result (.*)$/m.exec(this.#text)![1]!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill("SIGKILL");
    await this.#input.abort().catch(() => {});
    await this.#reading;
  }
}
