import { hostOf, portOf } from "../../config/addresses.ts";
import { parseSocketAddress } from "../../addresses/socket_address.ts";
import type { Listening } from "./addresses.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { type KindOfAddress, kindOfAddress } from "../../addresses/kind_of_address.ts";
import { addressesOf } from "../../addresses/resolve.ts";
import { StandIn } from "./stand_in.ts";
import { type Attempt, type Destination, tryClients, tryMixnet, tryStandIn } from "./ways_in.ts";

/** Kinds of addresses that lead nowhere, from any machine. */
const NOWHERE: readonly (KindOfAddress | undefined)[] = [
  "unspecified",
  "reserved for documentation",
  "multicast",
  "reserved",
];

/**
 * Checks whether the announced addresses lead here, as far as this machine can see, by connecting to each of them. If
 * the node is running, it must answer; otherwise a stand-in listens in its place for that moment, and must be reached.
 */
export async function* checkReachability(places: readonly Listening[], isRunning: boolean): AsyncGenerator<Finding> {
  for (const findings of await Promise.all(places.map((place) => checkWay(place, isRunning)))) yield* findings;
}

async function checkWay({ name: place, listening, announced, tls }: Listening, isRunning: boolean): Promise<Finding[]> {
  const subject = `${place} reachable`;
  const url = /^wss?:/.test(announced) ? new URL(announced) : undefined;
  const speaksTls = url?.protocol === "wss:";
  const port = portOf(announced) ?? (speaksTls ? 443 : 80);
  const name = hostOf(url?.hostname ?? announced);
  const addresses = (await addressesOf(name)).filter((address) => !NOWHERE.includes(kindOfAddress(address)));
  if (addresses.length === 0) return [];
  await using standIn = isRunning ? undefined : StandIn.at(parseSocketAddress(listening)!);
  if (!isRunning && standIn === undefined) return []; // why it can't listen there is a finding already
  return await Promise.all(addresses.map(async (address) => {
    // The stand-in speaks no TLS in place of the node; but where a proxy speaks it, the connection must pass that.
    const to = { address, port, name, isSecure: speaksTls && !(tls && standIn !== undefined) };
    const attempt = standIn !== undefined
      ? await tryStandIn(to, standIn)
      : url !== undefined
      ? await tryClients(to, url.pathname)
      : await tryMixnet(to);
    return finding(subject, to, attempt, url);
  }));
}

function finding(subject: string, { address, port, name }: Destination, attempt: Attempt, url?: URL): Finding {
  const where = `${name === address ? "" : `${name} at `}${address.includes(":") ? `[${address}]` : address}:${port}`;
  const elsewhere = `try from another network: ${url === undefined ? probePackets(name, port) : probeClients(url)}`;
  switch (attempt.kind) {
    case "arrived":
      return ok(
        subject,
        isOwnAddress(address)
          ? `${where} leads here; it is this machine's own address, so firewalls further out were not tested`
          : `${where} leads here`,
      );
    case "accepted":
      return ok(
        subject,
        isOwnAddress(address)
          ? `${where} accepts; it is this machine's own address, so firewalls further out were not tested`
          : `${where} accepts; whether it leads here can only be checked while the node is not running`,
      );
    case "no answer":
      return warn(
        subject,
        `${where} ${attempt.how}`,
        "forward the port to this machine, and open it in all firewalls; " +
          `from here, a router without loopback looks like a closed port: ${elsewhere}`,
      );
    case "something else":
      return warn(
        subject,
        `${where} ${attempt.how}`,
        `check where the name and the forwarded port lead, and what listens there; ${elsewhere}`,
      );
    case "bad certificate":
      return fail(
        subject,
        `${where} is refused by clients: ${attempt.how}`,
        `tls_certificate in [clients_endpoint] must be valid for ${name}, with its whole chain`,
      );
  }
}

function probeClients(url: URL): string {
  return `curl -i ${url.href.replace(/^ws/i, "http")} (426 is right)`;
}

function probePackets(host: string, port: number): string {
  return `nc -vz ${host} ${port}`;
}

/** A machine can only listen on its own addresses. */
function isOwnAddress(address: string): boolean {
  try {
    Deno.listen({ hostname: address, port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
