import { DirectoryClient, DirectoryError } from "../../directory/client.ts";
import type { Topology } from "../../protocol/topology.ts";
import { ExitCode, reasonOf } from "../../errors/operator_error.ts";
import { plural } from "../../text/plural.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** s; the directory gives the time in whole seconds, and takes some on its way */
const CLOCK_TOLERANCE = 30;
/** A client's packet goes through so many layers of mixnodes. */
const LAYERS = 3;

/** What a gateway tells the directory of itself. */
export interface Announced {
  /** base58 */
  readonly pubKey: string;
  readonly mixnetListener: string;
  readonly clientListener: string;
}

/**
 * Whether the directory answers, whether its network is whole, what its clock says of ours, and what it tells others of
 * this gateway: `announced`, if that runs.
 */
export async function* checkDirectory(server: string, announced: Announced | undefined): AsyncGenerator<Finding> {
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
  if (announced !== undefined) yield checkListed(topology, announced);
  if (time === undefined) return;
  const ahead = Math.round((Date.now() - time) / 1000);
  yield Math.abs(ahead) <= CLOCK_TOLERANCE ? ok("clock", "agrees with the directory's") : warn(
    "clock",
    `${Math.abs(ahead)} s ${ahead > 0 ? "ahead of" : "behind"} the directory's`,
    "have it set, as by systemd-timesyncd",
  );
}

function checkListed({ gatewayNodes }: Topology, { pubKey, mixnetListener, clientListener }: Announced): Finding {
  const subject = "directory's entry";
  const listed = gatewayNodes.find((node) => node.pubKey === pubKey);
  if (listed === undefined) {
    return warn(subject, "this gateway is not listed, though it runs", "its log says how the directory answers it");
  }
  if (listed.mixnetListener === mixnetListener && listed.clientListener === clientListener) {
    return ok(subject, "this gateway is listed, with the addresses it announces");
  }
  return warn(
    subject,
    `this gateway is listed with ${listed.mixnetListener} and ${listed.clientListener}, not as configured`,
    "start it anew if the configuration was changed; if it was not, another gateway has the same key",
  );
}

/** What it answers and the ms that it took, or how it fails to. */
async function ask(
  server: string,
): Promise<{ topology: Topology; took: number; time: number | undefined } | string> {
  const begin = performance.now();
  try {
    const answer = await new DirectoryClient(server).topologyAndTime(new AbortController().signal);
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
