import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { pause } from "../timing/pause.ts";
import { fragments } from "../peap/fragmentation.ts";
import { type Credentials, Peap, type PeapOptions } from "../peap/mod.ts";
import { plural } from "../text/plural.ts";
import { act, done, kilobytes, progress, route, shorten, title } from "./narration.ts";
import { Network } from "./network.ts";
import { drawPicture, renderPicture } from "./picture.ts";
import { portsFrom } from "./ports.ts";
import type { Terminal } from "./terminal.ts";
import { unlessAborted, until } from "./until.ts";

/** ms between two acts, for people watching */
const PAUSE = 800;
/** The longest that an act may take, in ms. */
const TIMEOUT = 30_000;
const PICTURE_WIDTH = 40;

/** Something that Alice sends. */
interface Sending {
  name: string;
  data: Uint8Array;
  packets: number;
}

/**
 * The gateway's main job in six acts: Bob registers and goes offline; Alice sends him three messages through the
 * mixnet; they wait on the gateway's disk; Bob comes back and gets all of them, intact.
 *
 * Throws an error that says what went wrong, or the signal's reason once that is aborted. Everything is closed and
 * removed in either case.
 */
export async function tellStory(terminal: Terminal, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  title(
    terminal,
    "Mail for someone who is offline",
    "a whole mixnet on this machine: real sockets, real Sphinx packets, a real disk",
  );

  act(terminal, 1, "The network starts");
  await using network = await Network.start(portsFrom(0), signal);
  showNetwork(terminal, network);

  await intermission(terminal, signal);
  act(terminal, 2, "Bob registers and goes offline");
  const { url: directory } = network.directory;
  const options: PeapOptions = { directory, traffic: "none" }; // cover would be most of what is counted here
  const { address, credentials } = await register(options);
  const { counters, mailbox } = network.gateway;
  const stored = () => counters.get("messages_stored");
  await until(() => counters.get("client_connections_closed") === 1, TIMEOUT, () => "Bob has not disconnected", signal);
  done(terminal, "Bob’s address", shorten(address));
  done(terminal, "Bob is offline", "no client is connected");

  await intermission(terminal, signal);
  act(terminal, 3, "Alice writes to Bob: three mixnodes, then his gateway");
  const sendings = prepare();
  for (const { name, data, packets } of sendings) {
    const size = `${data.length.toLocaleString("en")} bytes`;
    terminal.line(`    ${name.padEnd(10)}${size.padStart(14)}   ${plural(packets, "packet").padStart(11)}`);
  }
  terminal.line();
  const packets = sendings.reduce((sum, sending) => sum + sending.packets, 0);
  {
    await using alice = await Peap.connect(options);
    using _picture = terminal.animate((frame) => [
      `    ${route(terminal, frame, stored() < packets)}`,
      "",
      progress(terminal, "Alice sends", counters.get("packets_forwarded"), packets, "packets"),
      progress(terminal, "Bob’s inbox", stored(), packets, `${kilobytes(mailbox.totals.bytes)} on disk`),
    ]);
    await unlessAborted(Promise.all(sendings.map(({ data }) => alice.send(address, data))), signal);
    const failure = () => `Only ${stored()} of ${packets} messages have reached Bob's inbox`;
    await until(() => stored() >= packets, TIMEOUT, failure, signal);
  }

  await intermission(terminal, signal);
  act(terminal, 4, "The inbox waits on disk");
  const contents = `${plural(mailbox.totals.messages, "message")}, ${kilobytes(mailbox.totals.bytes)}`;
  done(terminal, "stored", `${contents}, in ${kilobytes(network.diskUsage())} of database files`);
  done(terminal, "Alice is gone", "and so is Bob: the messages exist only on the disk");

  await intermission(terminal, signal);
  act(terminal, 5, "Bob comes back");
  const received: Uint8Array[] = [];
  {
    await using peap = await Peap.connect({ ...options, credentials });
    {
      using _picture = terminal.animate(() => [
        progress(
          terminal,
          "Bob receives",
          counters.get("messages_pushed"),
          packets,
          `${received.length} of ${sendings.length} messages complete`,
        ),
      ]);
      const failure = () => `Bob has received only ${received.length} of ${sendings.length} messages`;
      await Promise.all([
        receive(peap, received, sendings.length),
        until(() => received.length >= sendings.length, TIMEOUT, failure, signal),
      ]);
    }
    const confirmed = () => mailbox.totals.messages === 0;
    await until(confirmed, TIMEOUT, () => `${mailbox.totals.messages} messages are still in Bob's inbox`, signal);
    await mailbox.flush();
  }
  compare(terminal, sendings, received);

  await intermission(terminal, signal);
  act(terminal, 6, "The inbox is empty");
  done(terminal, "left on disk", `${plural(mailbox.totals.messages, "message")}, ${mailbox.totals.bytes} bytes`);
  terminal.line();
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  terminal.line(
    `  ${terminal.paint(`All messages arrived intact, in ${seconds} s.`, "green", "bold")} The network is shut down.`,
  );
  terminal.line();
}

/** Time to read, on a live terminal. */
async function intermission(terminal: Terminal, signal: AbortSignal): Promise<void> {
  if (terminal.live) await pause(PAUSE, signal);
  signal.throwIfAborted();
}

/** Registers a client and takes it offline again. */
async function register(options: PeapOptions): Promise<{ address: string; credentials: Credentials }> {
  await using peap = await Peap.connect(options);
  return { address: peap.address, credentials: peap.credentials };
}

/** Takes `n` messages. The last one is acknowledged too, because the loop ends after it. */
async function receive(peap: Peap, received: Uint8Array[], n: number): Promise<void> {
  for await (const { data } of peap) if (received.push(data) === n) break;
}

function prepare(): Sending[] {
  const text = new TextEncoder();
  const paragraph = "Dear Bob, nobody on the way can see that this is from me, or that it is for you. ";
  const contents = [
    { name: "a line", data: text.encode("Bob! Are you there? Look into your inbox. Alice") },
    { name: "a letter", data: text.encode(paragraph.repeat(100)).subarray(0, 5_000) },
    { name: "a picture", data: drawPicture() },
  ];
  return contents.map(({ name, data }) => ({ name, data, packets: [...fragments(data)].length }));
}

/** Compares messages by hash, because small ones overtake big ones. Throws if one is missing. */
function compare(terminal: Terminal, sendings: Sending[], received: Uint8Array[]): void {
  const hashes = new Set(received.map(hashOf));
  terminal.line();
  for (const { name, data } of sendings) {
    if (!hashes.has(hashOf(data))) throw new Error(`${name} did not arrive as it was sent`);
    done(terminal, name, `SHA-256 ${hashOf(data).slice(0, 16)}… as sent`);
  }
  const picture = received.find((data) => hashOf(data) === hashOf(sendings.at(-1)!.data))!;
  const lines = renderPicture(picture, PICTURE_WIDTH, terminal);
  if (lines.length > 0) terminal.line();
  for (const line of lines) terminal.line(`      ${line}`);
}

function hashOf(data: Uint8Array): string {
  return bytesToHex(sha256(data));
}

function showNetwork(terminal: Terminal, { directory, mixnodes, gateway, gatewayKey }: Network): void {
  done(terminal, "directory", directory.url);
  done(terminal, "mixnodes", mixnodes.map(({ address }, i) => `layer ${i + 1} on :${address.port}`).join(", "));
  done(terminal, "gateway", `mixnet on :${gateway.mixnetAddress.port}, clients on :${gateway.clientsAddress.port}`);
  done(terminal, "its key", gatewayKey);
}
