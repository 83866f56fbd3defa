import { type DirectoryAnswer, type DirectoryClient, DirectoryError } from "../../directory/client.ts";
import { FIRST_TOPOLOGY } from "../../directory/presence.ts";
import { ExitCode, reasonOf } from "../../errors/operator_error.ts";
import { LAYERS } from "../../protocol/layers.ts";
import { plural } from "../../text/plural.ts";
import { durationText } from "../../text/units.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** in s; the directory gives the time in whole seconds, and its answer takes a while to arrive */
const CLOCK_TOLERANCE = 30;

/** A directory's answer, with the time in ms that it took. */
export type TimedAnswer = DirectoryAnswer & { readonly took: number };

/** Checks that the directory answers, and that its network has all layers. Returns the answer if there is one. */
export async function* checkDirectory(
  client: DirectoryClient,
  kind: "gateway" | "mixnode",
): AsyncGenerator<Finding, TimedAnswer | undefined> {
  const { url: server } = client;
  const answer = await ask(client);
  if (typeof answer === "string") {
    yield fail(
      "directory",
      `${server}: ${answer}`,
      `without it no client finds the ${kind}; check presence_directory_server in [${kind}], and the network`,
      ExitCode.UNAVAILABLE,
    );
    return undefined;
  }
  const { topology: { mixNodes, gatewayNodes }, took } = answer;
  const layers = new Set(mixNodes.map(({ layer }) => layer));
  const nodes = [plural(mixNodes.length, "mixnode"), plural(gatewayNodes.length, "gateway")];
  const found = `${server} answers in ${took} ms: ${nodes.join(", ")}`;
  yield layers.size >= LAYERS ? ok("directory", found) : warn(
    "directory",
    `${found}, in ${layers.size} of ${LAYERS} layers`,
    "clients can't send until every layer has a mixnode",
  );
  return answer;
}

/** Checks that our clock agrees with the directory's, if its answer has the time. */
export function* checkClock({ time }: TimedAnswer): Generator<Finding> {
  if (time === undefined) return;
  const ahead = Math.round((Date.now() - time) / 1000);
  yield Math.abs(ahead) <= CLOCK_TOLERANCE ? ok("clock", "agrees with the directory's") : warn(
    "clock",
    `${durationText(1000 * Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} the directory's`,
    "synchronise it, for example with systemd-timesyncd",
  );
}

/** The answer; or what went wrong, in words. */
async function ask(client: DirectoryClient): Promise<TimedAnswer | string> {
  const begin = performance.now();
  try {
    const answer = await client.topology(new AbortController().signal, FIRST_TOPOLOGY);
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
