import { hostOf, portOf } from "../../config/addresses.ts";
import { ExitCode, reasonOf } from "../../errors/operator_error.ts";
import { isLoopback } from "../../addresses/peer.ts";
import { parseSocketAddress } from "../../addresses/socket_address.ts";
import { tooWide } from "../../proxies/trusted_proxies.ts";
import { isRoots } from "./closed_to_owner.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { kindOfAddress } from "../../addresses/kind_of_address.ts";
import { addressesOf } from "../../addresses/resolve.ts";

/** A node runs without it. */
const OPERATORS_PORT = "operator's port";

/** Lower ports are for root, and for programs with a right to them. */
const FIRST_FREE_PORT = 1024;
const NEEDS_RIGHT =
  "for a port below 1024 the program's user needs a right, which CAP_NET_BIND_SERVICE in the unit gives";

/** A place where others connect. */
export interface Listening {
  /** as in `mixnet` */
  readonly name: string;
  /** of the configuration, as in `[mixnode]` */
  readonly section: string;
  /** `ip:port` */
  readonly listening: string;
  /** `host:port`, or a WebSocket's URL */
  readonly announced: string;
  /** whether the node itself speaks TLS there */
  readonly tls: boolean;
}

/**
 * Checks the addresses that a node listens on, and those that it announces. `operator`: of its status page; "" for none.
 * `ours`: a file of the user that runs it.
 */
export async function* checkAddresses(
  places: readonly Listening[],
  operator: string,
  isRunning: boolean,
  ours: string,
): AsyncGenerator<Finding> {
  yield* checkPorts(places, operator, isRunning, ours);
  yield* checkOpenness(operator);
  for (const { name, announced, section } of places) {
    yield await checkAnnounced(`${name} announced`, announced, section);
  }
}

/** Listens on all ports together, as the node does: if two overlap, like 0.0.0.0:1 and 127.0.0.1:1, one fails. */
export function* checkPorts(
  places: readonly Pick<Listening, "name" | "listening">[],
  operator: string,
  isRunning: boolean,
  ours: string,
): Generator<Finding> {
  using held = new DisposableStack();
  const own: string[] = [];
  const ports = [
    ...places.map(({ name, listening }) => [`${name} port`, listening] as const),
    [OPERATORS_PORT, operator],
  ] as const;
  for (const [subject, listening] of ports) {
    if (listening === "") continue;
    const found = checkPort(
      subject,
      listening,
      isRunning,
      ours,
      held,
      own.find((other) => portOf(other) === portOf(listening)),
    );
    yield subject === OPERATORS_PORT && found.status === "fail"
      ? warn(
        subject,
        `${found.found}: there will be no status page and no metrics`,
        `${found.remedy}, or set another listening_address in [operator]`,
      )
      : found;
    own.push(listening);
  }
}

/** The operator's endpoint asks for no password. */
export function* checkOpenness(listening: string): Generator<Finding> {
  if (listening === "" || isLoopback(parseSocketAddress(listening)!.host)) return;
  yield warn(
    "operator's address",
    `${listening} is open to other machines: anyone who can connect sees the status page, without a password`,
    "set listening_address in [operator] to an address on 127.0.0.1, or let only the right machines through a firewall",
  );
}

/** Whoever is trusted can name any address, so limits per network do not limit them. */
export function* checkTrust(proxies: readonly string[]): Generator<Finding> {
  const wide = tooWide(proxies);
  if (wide === undefined) return;
  yield warn(
    "trusted proxies",
    `${wide} is so large that anyone in it can evade the limits per network`,
    "list only your proxies' own addresses in trusted_proxies in [limits]",
  );
}

/** `other`: an address of this node with the same port. */
function checkPort(
  subject: string,
  listening: string,
  isRunning: boolean,
  ours: string,
  held: DisposableStack,
  other: string | undefined,
): Finding {
  const { host, port } = parseSocketAddress(listening)!;
  try {
    held.use(Deno.listen({ hostname: host, port }));
    if (!isRunning && port < FIRST_FREE_PORT && !isRoots(ours)) {
      return warn(subject, `${listening} is free`, NEEDS_RIGHT);
    }
    return isRunning
      ? warn(
        subject,
        `${listening} is free, although it is running`,
        "did it start with other options or another file?",
      )
      : ok(subject, `${listening} is free`);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      if (isRunning) return ok(subject, `${listening} is in use, by the running one`);
      return other === undefined
        ? fail(
          subject,
          `${listening} is in use`,
          `see which program uses it: ss -ltnp 'sport = :${port}'`,
          ExitCode.UNAVAILABLE,
        )
        : fail(subject, `${listening} is in use, by another program or by ${other}`, "give one of them another port");
    }
    const remedy = error instanceof Deno.errors.PermissionDenied
      ? `use a port from 1024 up; ${NEEDS_RIGHT}`
      : "use another address of this machine, or 0.0.0.0 or [::] for all of them";
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
