import { parseAddress, Peap, type PeapOptions } from "../../peap/mod.ts";
import { loadKernel } from "../../peap/kernel.ts";
import { pause } from "../../timing/pause.ts";
import { act, done, title } from "../narration.ts";
import type { Terminal } from "../terminal.ts";
import { until } from "../until.ts";
import { Cluster } from "./cluster.ts";
import { Load } from "./load.ts";
import { Recipient } from "./recipient.ts";
import { Watch } from "./watch.ts";

/** ms of load before, between and after the kills */
const LOAD_TIME = 5000;
/** The longest that an act may take, in ms. */
const TIMEOUT = 60_000;
/** Mail is on its way no longer than this without any arriving, in ms. */
const QUIET = 3000;
/** ms at each mixnode */
const HOP_DELAY = 20;

/**
 * What a cluster is for, in six acts: Bob is away, Carol and Dave are online; mail comes in for all three while the primary
 * is lost with its Patroni, and then a gateway. Bob comes back and gets everything that was committed.
 *
 * Throws an error that says what went wrong, or the signal's reason once that is aborted. Everything is closed and removed
 * in either case.
 */
export async function tellClusterStory(terminal: Terminal, signal: AbortSignal): Promise<void> {
  title(
    terminal,
    "Several gateways, one mailbox",
    "three PostgreSQL nodes, two gateways with one key, and a load balancer, on this machine",
  );
  act(terminal, 1, "The cluster starts");
  await using cluster = await Cluster.start(signal, (part, what) => done(terminal, part, what));

  act(terminal, 2, "Bob registers and goes offline; Carol and Dave stay");
  const options: PeapOptions = {
    directory: cluster.directory.url,
    traffic: "none",
    meanHopDelay: HOP_DELAY,
    kernel: await loadKernel(),
  };
  const bob = await register(options);
  await using carol = await Recipient.connect(options);
  await using dave = await Recipient.connect(options);
  const online = [carol, dave];
  await using watch = new Watch(cluster.mail, cluster.storageKey, parseAddress(bob.address).client);
  await using load = await Load.start(options, [bob.address, carol.peap.address, dave.peap.address]);
  const arrivals = () => online.reduce((sum, { arrivals }) => sum + arrivals, 0);
  const figures = () => `${watch.messages} committed for Bob, ${arrivals()} have reached Carol and Dave`;
  const show = (what: () => string) => terminal.animate(() => [`    ${what().padEnd(30)} ${figures()}`]);
  {
    using _line = show(() => "Alice writes to all three");
    await wait(signal);
    await until(() => watch.messages > 0 && arrivals() > 0, TIMEOUT, () => `No mail comes: ${figures()}`, signal);
  }

  act(terminal, 3, "The primary is killed, and its Patroni");
  const began = performance.now();
  const primary = await cluster.database.killPrimary();
  const killedAt = performance.now();
  const before = arrivals();
  done(terminal, primary, `killed, with ${watch.messages} messages committed for Bob`);
  let onlineMeanwhile = 0;
  {
    const seconds = () => `${((performance.now() - killedAt) / 1000).toFixed(0)} s without a primary`;
    using _line = show(seconds);
    const goesOn = () => {
      if (watch.changedAt > killedAt) return true;
      onlineMeanwhile = arrivals() - before;
      return false;
    };
    await until(goesOn, TIMEOUT, () => "No new primary accepts commits", signal);
  }
  const silence = (watch.changedAt - began) / 1000;
  done(terminal, "commits go on", `after ${silence.toFixed(1)} s`);
  done(terminal, "meanwhile", `${onlineMeanwhile} messages have reached Carol and Dave`);
  await wait(signal);

  act(terminal, 4, "A gateway is killed");
  const [gateway] = cluster.gateways as [typeof cluster.gateways[0]];
  await gateway.kill();
  done(terminal, gateway.name, `killed, with ${watch.messages} messages committed for Bob`);
  {
    using _line = show(() => "at the other gateway");
    await wait(signal);
    await until(() => online.every(({ isOnline }) => isOnline), TIMEOUT, () => "A client does not come back", signal);
  }
  const moved = online.filter(({ longestAbsence }) => longestAbsence > 0);
  const back = Math.max(...online.map(({ longestAbsence }) => longestAbsence)) / 1000;
  const whoMoved = moved.length === 0
    ? "nobody was connected to it"
    : `online again after ${back.toFixed(1)} s at most`;
  done(terminal, `${moved.length} of 2`, moved.length === 0 ? whoMoved : `had to move: ${whoMoved}`);

  act(terminal, 5, "Alice stops; Bob comes back");
  await Promise.race([load.stop(), until(() => false, TIMEOUT, () => "Alice cannot send all", signal)]);
  const sent = load.sent.reduce((sum, each) => sum + each, 0);
  await quiet(() => watch.messages + arrivals(), signal);
  const committed = watch.messages;
  const lost = await watch.lost();
  await using bobAgain = await Recipient.connect({ ...options, credentials: bob.credentials });
  await until(() => bobAgain.arrivals > 0, TIMEOUT, () => "Bob gets nothing", signal);
  await quiet(() => bobAgain.arrivals, signal);
  const recipients = [bobAgain, ...online];
  const distinct = recipients.reduce((sum, { numbers }) => sum + numbers.size, 0);
  const all = recipients.reduce((sum, { arrivals }) => sum + arrivals, 0);
  const missing = Math.max(0, committed - bobAgain.arrivals);
  done(terminal, "Bob", `has ${bobAgain.numbers.size} messages; ${committed} were committed for him`);

  act(terminal, 6, "What was lost");
  if (lost > 0 || missing > 0) throw new Error(`${Math.max(lost, missing)} messages that were committed are lost`);
  done(terminal, "committed", `${committed} for Bob while he was away: none is lost`);
  done(
    terminal,
    "on the way",
    `${sent - distinct} of ${sent} were on their way through the gateway when it was killed`,
  );
  done(terminal, "twice", `${all - distinct} arrived again`);
  terminal.line();
  terminal.line(
    `  ${terminal.paint("Nothing that was committed is lost.", "green", "bold")} ` +
      `No commits for ${silence.toFixed(1)} s; ${onlineMeanwhile} messages delivered meanwhile.`,
  );
  terminal.line();
}

/** Lets the load go on for a while. */
async function wait(signal: AbortSignal): Promise<void> {
  await pause(LOAD_TIME, signal);
  signal.throwIfAborted();
}

/** Registers a client and takes it offline again. */
async function register(options: PeapOptions): Promise<{ address: string; credentials: Peap["credentials"] }> {
  await using peap = await Peap.connect(options);
  return { address: peap.address, credentials: peap.credentials };
}

/** Resolves when a number has not changed for a while. */
async function quiet(read: () => number, signal: AbortSignal): Promise<void> {
  let last = read();
  let since = performance.now();
  const isQuiet = () => {
    if (read() !== last) {
      last = read();
      since = performance.now();
    }
    return performance.now() - since > QUIET;
  };
  await until(isQuiet, TIMEOUT, () => "Mail does not cease to come", signal);
}
