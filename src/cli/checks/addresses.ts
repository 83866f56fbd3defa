import { hostOf, portOf } from "../../config/addresses.ts";
import type { Config } from "../../config/config.ts";
import { ExitCode, reasonOf } from "../../errors/operator_error.ts";
import { isLoopback } from "../../addresses/peer.ts";
import { parseSocketAddress } from "../../addresses/socket_address.ts";
import { tooWide } from "../../proxies/trusted_proxies.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { kindOfAddress } from "../../addresses/kind_of_address.ts";
import { addressesOf } from "../../addresses/resolve.ts";

/** The gateway runs without it. */
const OPERATORS_PORT = "operator's port";

/** Checks the addresses that the gateway listens on, and those that it announces. */
export async function* checkAddresses(config: Config, isRunning: boolean): AsyncGenerator<Finding> {
  const { mixnetEndpoint: mixnet, clientsEndpoint: clients } = config;
  yield* checkPorts(config, isRunning);
  yield* checkOpenness(config.operator.listeningAddress);
  yield* checkTrust(config.limits.trustedProxies);
  yield await checkAnnounced("mixnet announced", mixnet.announceAddress, "[mixnet_endpoint]");
  yield await checkAnnounced("clients announced", clients.announceAddress, "[clients_endpoint]");
}

/** Listens on all ports together, as the gateway does: if two overlap, like 0.0.0.0:1 and 127.0.0.1:1, one fails. */
function* checkPorts({ mixnetEndpoint, clientsEndpoint, operator }: Config, isRunning: boolean): Generator<Finding> {
  using held = new DisposableStack();
  const own: string[] = [];
  const ports = [
    ["mixnet port", mixnetEndpoint.listeningAddress],
    ["clients port", clientsEndpoint.listeningAddress],
    [OPERATORS_PORT, operator.listeningAddress],
  ] as const;
  for (const [subject, listening] of ports) {
    if (listening === "") continue;
    const found = checkPort(
      subject,
      listening,
      isRunning,
      held,
      own.find((other) => portOf(other) === portOf(listening)),
    );
    yield subject === OPERATORS_PORT && found.status === "fail"
      ? warn(subject, `${found.found}: the gateway runs without a status page and metrics`, found.remedy!)
      : found;
    own.push(listening);
  }
}

/** The operator's endpoint asks for no password. */
function* checkOpenness(listening: string): Generator<Finding> {
  if (listening === "" || isLoopback(parseSocketAddress(listening)!.host)) return;
  yield warn(
    "operator's address",
    `${listening} is open to other machines: anyone who can connect sees the status page, without a password`,
    "set listening_address in [operator] to 127.0.0.1:9001, or let only the right machines through a firewall",
  );
}

/** Whoever is trusted can name any address, so limits per network do not limit them. */
function* checkTrust(proxies: readonly string[]): Generator<Finding> {
  const wide = tooWide(proxies);
  if (wide === undefined) return;
  yield warn(
    "trusted proxies",
    `${wide} is so large that anyone in it can evade the limits per network`,
    "list only your proxies' own addresses in trusted_proxies in [limits]",
  );
}

/** `other`: an address of this gateway with the same port. */
function checkPort(
  subject: string,
  listening: string,
  isRunning: boolean,
  held: DisposableStack,
  other: string | undefined,
): Finding {
  const { host, port } = parseSocketAddress(listening)!;
  try {
    held.use(Deno.listen({ hostname: host, port }));
    return isRunning
      ? warn(
        subject,
        `${listening} is free, although the gateway is running`,
        "did it start with other options or another file?",
      )
      : ok(subject, `${listening} is free`);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      if (isRunning) return ok(subject, `${listening} is in use; this gateway is running`);
      return other === undefined
        ? fail(
          subject,
          `${listening} is in use`,
          `find out by whom: ss -ltnp 'sport = :${port}'`,
          ExitCode.UNAVAILABLE,
        )
        : fail(subject, `${listening} is in use, by another program or by ${other}`, "give one of them another port");
    }
    const remedy = error instanceof Deno.errors.AddrNotAvailable
      ? "use an address of this machine, or 0.0.0.0 or [::] for all of them"
      : "use a port from 1024 up, or give the program the right to use lower ones";
    return fail(subject, `cannot listen on ${listening}: ${reasonOf(error)}`, remedy, ExitCode.UNAVAILABLE);
  }
}

async function checkAnnounced(subject: string, announced: string, section: string): Promise<Finding> {
  const url = /^wss?:/.test(announced) ? new URL(announced) : undefined;
  const host = hostOf(url?.hostname ?? announced);
  const literal = kindOfAddress(host);
  const remedy = `set announce_address in ${section} to the address at which others reach this machine`;
  if (literal === "public") return ok(subject, `${announced}, a public address`);
  if (literal !== undefined) return warn(subject, `${announced} is ${literal}: not reachable from elsewhere`, remedy);
  const port = url === undefined ? portOf(announced) : url.port;
  const addresses = await addressesOf(host);
  if (addresses.length === 0) {
    return fail(
      subject,
      `${host} has no address in the DNS`,
      "correct the name, or its DNS records",
      ExitCode.UNAVAILABLE,
    );
  }
  const found = `${host}${port ? `:${port}` : ""} is ${addresses.join(", ")}`;
  const unreachable = addresses.find((address) => kindOfAddress(address) !== "public");
  if (unreachable === undefined) return ok(subject, found);
  return warn(subject, `${found}; ${unreachable} is ${kindOfAddress(unreachable)}`, remedy);
}
