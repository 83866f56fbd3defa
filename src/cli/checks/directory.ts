import { type DirectoryAnswer, DirectoryClient, DirectoryError } from "../../directory/client.ts";
import { type Addresses, announcesSame, type Identity, type Listing, listingOf } from "../../directory/listing.ts";
import { ExitCode, reasonOf } from "../../errors/operator_error.ts";
import { plural } from "../../text/plural.ts";
import { durationText } from "../../text/units.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** s; the directory gives the time in whole seconds, and takes some on its way */
const CLOCK_TOLERANCE = 30;
/** A client's packet goes through so many layers of mixnodes. */
const LAYERS = 3;

/** What the directory should say of a gateway. */
export interface Expected {
  /** by its configuration */
  readonly self: Identity;
  readonly isRunning: boolean;
  /** what it announced when it last heard of the directory */
  readonly announcedLast: Addresses | undefined;
}

/**
 * Whether the directory answers, whether its network is whole, what its clock says of ours, and what it tells others of
 * this gateway; `expected` is undefined when its keys can't be read.
 */
export async function* checkDirectory(server: string, expected: Expected | undefined): AsyncGenerator<Finding> {
  const answer = await ask(server);
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
    "clients can't send until there are mixnodes",
  );
  if (expected !== undefined) yield* checkListing(await listingOf(expected.self, gatewayNodes), expected);
  if (time === undefined) return;
  const ahead = Math.round((Date.now() - time) / 1000);
  yield Math.abs(ahead) <= CLOCK_TOLERANCE ? ok("clock", "agrees with the directory's") : warn(
    "clock",
    `${durationText(1000 * Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} the directory's`,
    "have it set, as by systemd-timesyncd",
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
      ? warn(subject, found, "restart it, as the configuration was changed")
      : fail(
        subject,
        `${found}: another gateway has the same key`,
        "stop one of them, or make a gateway with a key of its own; a gateway that has just stopped is listed for 10 s",
      );
  } else if (isRunning) {
    yield own === undefined
      ? warn(subject, "this gateway is not listed, though it runs", "its log says how the directory answers it")
      : ok(subject, "this gateway is listed, with the addresses it announces");
  }
  if (clash === undefined) return;
  yield warn(
    subject,
    `the gateway with public key ${clash.pubKey} announces ${clash.address} too`,
    "if you know it, give one of them another address; else somebody posted it to the directory, and nothing is to be done",
  );
}

/** What it answers and the ms that it took, or how it fails to. */
async function ask(
  server: string,
): Promise<DirectoryAnswer & { took: number } | string> {
  const begin = performance.now();
  try {
    const answer = await new DirectoryClient(server).topology(new AbortController().signal);
    return { ...answer, took: Math.round(performance.now() - begin) };
  } catch (error) {
    if (!(error instanceof DirectoryError)) throw error;
    if (!(error.cause instanceof Error)) return error.message;
    // Deno 2.9 has what fetch found beneath its own error, Deno 2.7 in it.
    return `${error.message}: ${withoutAddress(reasonOf(error.cause.cause ?? error.cause))}`;
  }
}

/** As in "Connection refused", of what the runtime says with the URL and the layer before it. */
function withoutAddress(message: string): string {
  return message.replace(/^error sending request for url \(.*?\): (client error \(\w+\): )?(tcp connect error: )?/, "");
}
