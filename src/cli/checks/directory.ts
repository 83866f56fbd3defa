import { parseTopology, type Topology } from "../../directory/topology.ts";
import { ExitCode } from "../../operator_error.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** ms that it has for its answer */
const TIMEOUT = 5000;
/** s; the directory gives the time in whole seconds, and takes some on its way */
const CLOCK_TOLERANCE = 30;
/** A client's packet goes through so many layers of mixnodes. */
const LAYERS = 3;

/** Whether the directory answers, whether its network is whole, and what its clock says of ours. */
export async function* checkDirectory(server: string): AsyncGenerator<Finding> {
  const answer = await ask(server);
  if (typeof answer === "string") {
    yield fail(
      "directory",
      `${server} ${answer}`,
      "without it no client finds the gateway; check presence_directory_server in [gateway], and the network",
      ExitCode.UNAVAILABLE,
    );
    return;
  }
  const { topology: { mixNodes, gatewayNodes }, took, date } = answer;
  const layers = new Set(mixNodes.map(({ layer }) => layer));
  const found = `${server} answers in ${took} ms: ${mixNodes.length} mixnodes, ${gatewayNodes.length} gateways`;
  yield layers.size >= LAYERS ? ok("directory", found) : warn(
    "directory",
    `${found}, in ${layers.size} of ${LAYERS} layers`,
    "clients can't send until there are mixnodes",
  );
  if (date === undefined) return;
  const ahead = Math.round((Date.now() - date) / 1000);
  yield Math.abs(ahead) <= CLOCK_TOLERANCE ? ok("clock", "agrees with the directory's") : warn(
    "clock",
    `${Math.abs(ahead)} s ${ahead > 0 ? "ahead of" : "behind"} the directory's`,
    "have it set, as by systemd-timesyncd",
  );
}

type Answer = { topology: Topology; took: number; date: number | undefined };

/** What it answers, or how it fails to. */
async function ask(server: string): Promise<Answer | string> {
  const begin = performance.now();
  try {
    const url = `${server.replace(/\/+$/, "")}/api/presence/topology`;
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT) });
    const text = await response.text();
    const took = Math.round(performance.now() - begin);
    if (!response.ok) return `answers with status ${response.status}`;
    const topology = parseTopology(parseJson(text));
    const date = Date.parse(response.headers.get("date") ?? "");
    if (topology === undefined) return "answers with something that is no topology";
    return { topology, took, date: Number.isNaN(date) ? undefined : date };
  } catch (error) {
    if (error instanceof DOMException) return `does not answer within ${TIMEOUT / 1000} s`;
    return "can't be connected to";
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
