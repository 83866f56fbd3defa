import { assert, assertEquals } from "@std/assert";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { fetchTopology, generateIdentity, type PeapOptions, type TraceEvent } from "../../src/peap/mod.ts";
import { GatewayLink } from "../../src/peap/gateway_link.ts";
import { readMixnet } from "../../src/peap/mixnet.ts";
import { readOptions } from "../../src/peap/options.ts";
import { OutgoingMessage } from "../../src/peap/outbox.ts";
import { PacketBuilder } from "../../src/peap/packets.ts";
import { Peap } from "../../src/peap/peap.ts";
import { Receipts } from "../../src/peap/receipts.ts";
import { Sender } from "../../src/peap/sender.ts";
import { Latest, type Status } from "../../src/peap/status.ts";
import { eventually } from "../support/eventually.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { FakeNetwork } from "./fake_network.ts";

/** A clock that knows whether one of its timers is being served, with what follows before any other event. */
class TurnClock extends ManualClock {
  isTicking = false;

  override after(ms: number, callback: () => void): () => void {
    return super.after(ms, () => {
      this.isTicking = true;
      callback();
      this.#endTurn();
    });
  }

  /** After more steps than what awaits the timer takes, and before any other event. */
  async #endTurn(): Promise<void> {
    for (let step = 0; step < 30; step++) await undefined;
    this.isTicking = false;
  }
}

Deno.test("a tick only sends: what it sends, cover or message, was built before", async () => {
  await using network = new FakeNetwork(true);
  const clock = new TurnClock();
  const sent: { carries: string; inTick: boolean }[] = [];
  const trace = (event: TraceEvent) => {
    if (event.type === "packet-sent") sent.push({ carries: event.carries, inTick: clock.isTicking });
  };
  const options: PeapOptions = {
    directory: network.directory,
    surroundings: { clock },
    trace,
    meanSendGap: 10,
    meanCoverGap: 10,
  };
  const settings = readOptions(options);
  const mixnet = readMixnet(await fetchTopology(network.directory), 3);
  const identity = generateIdentity();
  const own = { client: identity.publicKey, gateway: decodeBase58(network.gatewayKey)! };
  const locate = () => mixnet.gateways.get(network.gatewayKey)!.clientListener;
  const login = { locate, identity, gatewayKey: own.gateway, token: undefined };
  const nothing = () => {};
  const events = { frame: nothing, connected: nothing, acknowledged: nothing, paused: nothing, failed: nothing };
  const link = new GatewayLink(
    { ...login, requireProof: false, isRegistered: false, isProven: false },
    new Receipts(),
    events,
    new Latest<Status>({ state: "connecting" }),
    { reconnects: true, acknowledgesSteadily: true, surroundings: settings.surroundings },
  );
  await link.open();
  let built = 0;
  let builtInTick = 0;
  const builder = new PacketBuilder(() => {
    built++;
    if (clock.isTicking) builtInTick++;
    return mixnet;
  }, 200);
  const closing = new AbortController();
  const sender = new Sender(own, builder, link, settings, closing.signal);
  sender.start();
  const message = new OutgoingMessage(own, new Uint8Array(5000));
  sender.add(message);
  await eventually("it has sent much of both", () => {
    clock.advance(5);
    return ["cover", "message"].every((kind) => sent.filter(({ carries }) => carries === kind).length >= 5);
  });
  closing.abort();
  await link.close();
  sender.dropAll(link.obstacle);
  await sender.idle();
  assert(built >= sent.length);
  assertEquals([builtInTick, sent.filter(({ inTick }) => !inTick)], [0, []]);
});

Deno.test("acknowledgements go every second, whether or not there is anything new", async () => {
  await using network = new FakeNetwork(true);
  const clock = new ManualClock();
  const options = { directory: network.directory, traffic: "loop", meanCoverGap: 3_600_000 } as const;
  let acknowledgements = 0;
  const trace = ({ type }: TraceEvent) => void (type === "acknowledged" && acknowledgements++);
  await using alice = await Peap.connect({ ...options, trace, surroundings: { clock } });
  for (let second = 1; second <= 5; second++) {
    await clock.until(1000);
    await clock.advance(999);
    assertEquals(acknowledgements, second - 1);
    await clock.advance(1);
    assertEquals(acknowledgements, second);
    if (second === 3) network.store(alice.address, Uint8Array.of(0));
  }
});
