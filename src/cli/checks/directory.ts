import { type DirectoryAnswer, type DirectoryClient, DirectoryError } from "../../directory/client.ts";
import { type Addresses, announcesSame, type Identity, type Listing, listingOf } from "../../directory/listing.ts";
import { ExitCode, reasonOf } from "../../errors/operator_error.ts";
import { plural } from "../../text/plural.ts";
import { durationText } from "../../text/units.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** in s; the directory gives the time in whole seconds, and its answer takes a while to arrive */
const CLOCK_TOLERANCE = 30;
/** layers of mixnodes that a client's packet passes through */
const LAYERS = 3;

/** What the directory should list for a gateway. */
export interface Expected {
  /** from its keys and configuration */
  readonly self: Identity;
  /** whether it is running now, so that the directory should list it */
  readonly isRunning: boolean;
  /** what it announced when the directory last answered it; undefined if it never did */
  readonly announcedLast: Addresses | undefined;
}

/**
 * Checks that the directory answers, that its network has all layers, that our clock agrees with its own, and that it
 * lists this gateway correctly. `expected` is undefined if the gateway's keys can't be read.
 */
export async function* checkDirectory(
  client: DirectoryClient,
  expected: Expected | undefined,
): AsyncGenerator<Finding> {
  const { url: server } = client;
  const answer = await ask(client);
  if (typeof answer === "string") {
    yield fail(
      "directory",
      `${server}: ${answer}`,
      "without it no client finds the gateway; check presence_directory_server in [gateway], and the network",
      ExitCode.UNAVAILABLE,
    );
    return;
  }
  const { topology, took, time } = answer;
  const { mixNodes, gatewayNodes } = topology;
  const layers = new Set(mixNodes.map(({ layer }) => layer));
  const nodes = [plural(mixNodes.length, "mixnode"), plural(gatewayNodes.length, "gateway")];
  const found = `${server} answers in ${took} ms: ${nodes.join(", ")}`;
  yield layers.size >= LAYERS ? ok("directory", found) : warn(
    "directory",
    `${found}, in ${layers.size} of ${LAYERS} layers`,
    "clients can't send until every layer has a mixnode",
  );
  if (expected !== undefined) yield* checkListing(await listingOf(expected.self, gatewayNodes), expected);
  if (time === undefined) return;
  const ahead = Math.round((Date.now() - time) / 1000);
  yield Math.abs(ahead) <= CLOCK_TOLERANCE ? ok("clock", "agrees with the directory's") : warn(
    "clock",
    `${durationText(1000 * Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} the directory's`,
    "synchronise it, for example with systemd-timesyncd",
  );
}

function* checkListing(
  { own, isOwnAsAnnounced, clash }: Listing,
  { isRunning, announcedLast }: Expected,
): Generator<Finding> {
  const subject = "directory's entry";
  if (own !== undefined && !isOwnAsAnnounced) {
    const found = `this gateway is listed with ${own.mixnetListener} and ${own.clientListener}, not as configured`;
    yield isRunning && announcedLast !== undefined && announcesSame(own, announcedLast)
      ? warn(subject, found, "restart it: the configuration was changed")
      : fail(
        subject,
        `${found}: another gateway has the same key`,
        "stop one of them, or create a gateway with its own key; a gateway that has just stopped stays listed for 10 s",
      );
  } else if (isRunning) {
    yield own === undefined
      ? warn(subject, "this gateway is not listed, although it is running", "its log says how the directory answers it")
      : ok(subject, "this gateway is listed, with the addresses it announces");
  }
  if (clash === undefined) return;
  yield warn(
    subject,
    `the gateway with public key ${clash.pubKey} announces ${clash.address} too`,
    "if you know it, give one of them another address; otherwise ignore it: anyone may post to the directory",
  );
}

/** The answer, with the time that it took in ms; or what went wrong, in words. */
async function ask(
  client: DirectoryClient,
): Promise<DirectoryAnswer & { took: number } | string> {
  const begin = performance.now();
  try {
    const answer = await client.topology(new AbortController().signal);
    return { ...answer, took: Math.round(performance.now() - begin) };
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    if (!(error.cause instanceof Error)) return error.message;
    // Deno 2.9 gives the reason as the cause of fetch's error, Deno 2.7 as its message.
    return `${error.message}: ${withoutAddress(reasonOf(error.cause.cause ?? error.cause))}`;
  }
}

/** The runtime's message without the URL and the layer in front, as in "Connection refused". */
function withoutAddress(message: string): string {
  return message.replace(/^error sending request for url \(.*?\): (client error \(\w+\): )?(tcp connect error: )?/, "");
}
