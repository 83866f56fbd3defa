import type { Check, Verdict } from "../operator/health.ts";
import { MAX_MESSAGE_SIZE } from "../sphinx/constants.ts";
import { formatSocketAddress } from "../addresses/socket_address.ts";
import { plural } from "../text/plural.ts";
import { durationText, roundSizeText } from "../text/units.ts";
import { RENEWAL_DAYS } from "../tls/certificate.ts";
import type { Parts } from "./parts.ts";

/** A write may take so many ms; a disk that is slower delays all mail. */
const SLOW_WRITE = 500;

/** So many times what has to be free is enough for some time; the share of what may wait that is nearly all of it. */
const MUCH = 2;
const NEARLY_ALL = 0.9;

/** Whether the gateway does what it is there for. A directory that is down is no reason not to serve, so it only warns. */
export function checksOf(
  { mailbox, disk, limits, presence, mixnetListener, clientsListener, unwrapping }: Parts,
): Record<string, Check> {
  return {
    mailbox: async () => {
      if (mailbox.failure !== undefined) {
        return fail(`cannot write messages (${mailbox.failure}): ${mailbox.waiting} wait, and it is tried on`);
      }
      const begin = performance.now();
      await mailbox.probe();
      const took = Math.max(1, Math.round(performance.now() - begin));
      if (took > SLOW_WRITE) return warn(`a write to the disk took ${took} ms: mail is delayed`);
      return ok(`a write to the disk took ${took} ms`);
    },
    space: () => {
      const { free } = disk;
      const { minimumFreeDisk, mailboxBytes } = limits;
      if (disk.isBelow(minimumFreeDisk)) {
        return fail(`${roundSizeText(free)} of disk are free, less than minimum_free_disk: new messages are dropped`);
      }
      const { bytes } = mailbox.totals;
      if (bytes + MAX_MESSAGE_SIZE > mailboxBytes) return fail("mailbox_bytes is reached: new messages are dropped");
      if (free < minimumFreeDisk) {
        const inside = roundSizeText(disk.freeInside);
        return warn(`only ${roundSizeText(free)} of disk are free, and ${inside} in the mailbox's file: make room`);
      }
      if (free < MUCH * minimumFreeDisk) return warn(`only ${roundSizeText(free)} of disk are free: make room`);
      if (bytes > NEARLY_ALL * mailboxBytes) return warn(`${roundSizeText(bytes)} of mail wait, nearly mailbox_bytes`);
      return ok(free === Infinity ? "how much disk is free can't be told" : `${roundSizeText(free)} of disk are free`);
    },
    mixnet: () => {
      const where = formatSocketAddress(mixnetListener.address);
      return mixnetListener.isAccepting
        ? ok(`listens on ${where}`)
        : fail(`cannot accept connections on ${where}; the log says why`);
    },
    clients: () => {
      const where = formatSocketAddress(clientsListener.server.address);
      if (!clientsListener.server.isServing) return fail(`cannot accept connections on ${where}; the log says why`);
      const days = clientsListener.certificateDaysLeft;
      if (days === undefined) return ok(`listens on ${where}`);
      if (days < 0) return fail(`listens on ${where}, with a certificate that has expired: clients are refused`);
      const text = `listens on ${where}, the certificate is valid for ${days} days`;
      return days < RENEWAL_DAYS ? warn(`${text}: renew it`) : ok(text);
    },
    workers: () => {
      const { alive, wanted } = unwrapping;
      if (wanted === 0) return ok("packets are so few that they are unwrapped without workers");
      if (alive === 0) return fail("no worker unwraps packets; the log says why");
      if (alive < wanted) return warn(`only ${alive} of ${wanted} workers unwrap packets; the log says why`);
      return ok(alive === 1 ? "1 worker unwraps packets" : `${alive} workers unwrap packets`);
    },
    directory: () => {
      if (!presence.isReachable) {
        const { topologyAge } = presence;
        const use = topologyAge === undefined
          ? "there is no topology"
          : `the topology of ${durationText(topologyAge)} ago is used`;
        return warn(`cannot be reached: clients may not find the gateway; ${use}, and the gateway retries`);
      }
      const { fault, mixnodes } = presence;
      if (fault !== undefined) return warn(fault);
      if (mixnodes === 0) return warn("lists no mixnode: clients' packets can't be forwarded");
      return ok(`lists ${plural(mixnodes, "mixnode")}`);
    },
  };
}

const ok = (reason: string): Verdict => ({ status: "ok", reason });
const warn = (reason: string): Verdict => ({ status: "warn", reason });
const fail = (reason: string): Verdict => ({ status: "fail", reason });
