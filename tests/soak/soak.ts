import { join } from "node:path";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { pause } from "../../src/timing/pause.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { range } from "../mailbox/messages.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Random } from "../support/random.ts";
import { freePort } from "../support/reference_network.ts";
import { ChurningClient } from "./churning_client.ts";
import { describe, median, type Sample, takeSample, trend } from "./samples.ts";
import type { SendOrder, Sent } from "./sender_worker.ts";

const CLIENTS = 50;
/** ms between two samples */
const SAMPLE_INTERVAL = 1000;
/** The replay window in ms: short, so that the removal of tags shows within minutes. */
const REPLAY_WINDOW = 60_000;
/** ms for clients at the end to receive what is stored for them */
const COLLECTING = 30_000;

export interface SoakOrder {
  seconds: number;
  /** packets per second */
  rate: number;
  /** seconds between two lines */
  lineEvery: number;
}

/** Runs a gateway under load and prints a line now and then; resolves with the verdict and whether it is good. */
export async function soak(order: SoakOrder, say: (line: string) => void): Promise<{ good: boolean; verdict: string }> {
  await using gateway = await GatewayProcess.init("ours", freePort(), freePort(), NO_DIRECTORY);
  await shortenReplayWindow(gateway.home);
  await gateway.start();
  const clients = range(CLIENTS).map((n) => new ChurningClient(gateway.clients, new Random(n), n % 2 === 0));
  for (const client of clients) await client.register();

  const ending = new AbortController();
  const living = Promise.all(clients.map((client) => client.live(ending.signal)));
  const sampling = sampleUntil(ending.signal, gateway, clients, order.lineEvery, say);
  await send(gateway, clients, order);
  ending.abort();
  const samples = await sampling;
  await living;
  await Promise.all(clients.map((client) => client.collect(COLLECTING)));
  const code = await gateway.stop();
  return judge(samples, clients, code);
}

async function shortenReplayWindow(home: string): Promise<void> {
  const path = join(home, ".nym/gateways/gw/config/config.toml");
  const text = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, text.replace(/^replay_window = .*$/m, `replay_window = ${REPLAY_WINDOW}`));
}

/** Resolves when everything has been sent. */
async function send(gateway: GatewayProcess, clients: ChurningClient[], { seconds, rate }: SoakOrder): Promise<void> {
  const worker = new Worker(new URL("./sender_worker.ts", import.meta.url), { type: "module" });
  const order: SendOrder = {
    mixnet: parseSocketAddress(gateway.mixnet)!,
    gatewayKey: decodeBase58(gateway.publicKey)!,
    clients: clients.map(({ address }) => address),
    rate,
    seconds,
  };
  await new Promise<void>((resolve, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
    worker.onmessage = ({ data: { counts, done } }: MessageEvent<Sent>) => {
      counts.forEach((count, i) => clients[i]!.sent = count);
      if (done) resolve();
    };
    worker.postMessage(order);
  });
  worker.terminate();
}

async function sampleUntil(
  signal: AbortSignal,
  gateway: GatewayProcess,
  clients: readonly ChurningClient[],
  lineEvery: number,
  say: (line: string) => void,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let line = 1; !signal.aborted;) {
    await pause(SAMPLE_INTERVAL, signal);
    samples.push(await takeSample(gateway.pid, gateway.home));
    if (samples.length < line * lineEvery) continue;
    const { sent, through, online } = sums(clients);
    const faults = clients.filter(({ fault }) => fault !== undefined).length;
    say(
      `${samples.length} s: ${
        describe(median(samples.slice(-lineEvery)))
      }; ${sent} sent, ${through} arrived, ${online} online, ${faults} faults`,
    );
    line++;
  }
  return samples;
}

function sums(
  clients: readonly ChurningClient[],
): Record<"sent" | "through" | "again" | "visits" | "online", number> {
  const sum = (figure: (client: ChurningClient) => number) => clients.reduce((total, each) => total + figure(each), 0);
  return {
    sent: sum(({ sent }) => sent),
    through: sum(({ through }) => through),
    again: sum(({ again }) => again),
    visits: sum(({ visits }) => visits),
    online: sum(({ online }) => Number(online)),
  };
}

function judge(
  samples: Sample[],
  clients: ChurningClient[],
  code: number,
): { good: boolean; verdict: string } {
  const { sent, through, again, visits } = sums(clients);
  const { flat, first, last } = trend(samples);
  const faults = clients.map(({ fault }) => fault).filter((fault) => fault !== undefined);
  if (through < sent) faults.push(`${sent - through} messages never arrived`);
  if (!flat) faults.push("it grows");
  if (code !== 0) faults.push(`it ended with ${code}`);
  const figures =
    `${sent} messages, ${through} arrived, ${again} of them more than once, in ${visits} visits; at first ` +
    `${describe(first)}; at the end ${describe(last)}`;
  return {
    good: faults.length === 0,
    verdict: `${faults.length === 0 ? "flat, nothing lost" : faults.join("; ")}: ${figures}`,
  };
}
