import { SHARED, spaceOf } from "../mailbox/limits.ts";
import { failedRequests, listeningVerdict, nodeChecks } from "../node/health_checks.ts";
import { type Check, fail, ok, warn } from "../operator/health.ts";
import { MAX_MESSAGE_SIZE } from "../sphinx/constants.ts";
import { formatSocketAddress } from "../addresses/socket_address.ts";
import { plural } from "../text/plural.ts";
import { sizeText } from "../text/units.ts";
import type { Parts } from "./parts.ts";

/** A write that takes longer, in ms, is reported: a slow disk delays all mail. */
const SLOW_WRITE = 500;

/** Warns when less than this many times `minimum_free_disk` is free. */
const FREE_DISK_MARGIN = 2;
/** Warns when more than this share of `mailbox_bytes` is in use. */
const NEARLY_FULL = 0.75;

/** The health checks by name. An unreachable directory only warns, because the gateway still delivers mail. */
export function checksOf(parts: Parts): Record<string, Check> {
  const { mailbox, store, disk, limits, presence, clientsListener } = parts;
  const { mixnet, workers, config } = nodeChecks(parts);
  return {
    mailbox: async () => {
      if (mailbox.failure !== undefined) {
        const { failure, waiting } = mailbox;
        return fail(
          `cannot write messages to the ${store} (${failure}): ${waiting} are waiting, only connected clients get new ones, and the gateway is retrying`,
        );
      }
      const begin = performance.now();
      await mailbox.probe();
      const took = Math.max(1, Math.round(performance.now() - begin));
      if (mailbox.readFailure !== undefined) {
        return warn(
          `cannot read some of the mail that is stored (${mailbox.readFailure}): its clients do not get it; ` +
            "check the disk, and the log for what else is damaged",
        );
      }
      if (took > SLOW_WRITE) {
        return warn(`a write to the ${store} took ${took} ms: mail for offline clients is delayed`);
      }
      return ok(`a write to the ${store} took ${took} ms`);
    },
    space: () => {
      const { free } = disk;
      const { minimumFreeDisk, mailboxBytes } = limits;
      const least = `less than minimum_free_disk (${sizeText(minimumFreeDisk)})`;
      if (store === "disk" && disk.isBelow(minimumFreeDisk)) {
        return fail(
          `only ${
            sizeText(free)
          } of disk is free, ${least}: new messages are dropped, except for clients that are online`,
        );
      }
      const bytes = spaceOf(mailbox.totals);
      if (bytes + MAX_MESSAGE_SIZE > SHARED * mailboxBytes) {
        return fail(
          `${sizeText(bytes)} of mail is stored, and the rest of mailbox_bytes (${
            sizeText(mailboxBytes)
          }) is kept for small inboxes: new messages for others are dropped`,
        );
      }
      if (free < minimumFreeDisk) {
        const inside = store === "disk" ? `, and ${sizeText(disk.freeInside)} in the mailbox's file` : "";
        return warn(`only ${sizeText(free)} of disk is free, ${least}${inside}: free up space`);
      }
      if (free < FREE_DISK_MARGIN * minimumFreeDisk) {
        const minimum = sizeText(minimumFreeDisk);
        return warn(
          `only ${sizeText(free)} of disk is free, less than twice minimum_free_disk (${minimum}): free up space`,
        );
      }
      if (bytes > NEARLY_FULL * mailboxBytes) {
        return warn(
          `${sizeText(bytes)} of mail is stored, nearly mailbox_bytes (${
            sizeText(mailboxBytes)
          }): new messages for the largest inboxes are dropped`,
        );
      }
      return ok(free === Infinity ? "the free space on the disk is unknown" : `${sizeText(free)} of disk is free`);
    },
    mixnet,
    clients: () => {
      const { address, isServing, isCutOff } = clientsListener.server;
      const where = formatSocketAddress(address);
      if (!isServing) return fail(`cannot accept connections on ${where}; the log says why`);
      if (isCutOff) return fail(`accepts connections on ${where}, but cannot serve them; the log says why`);
      return listeningVerdict(where, clientsListener.certificateDaysLeft, "clients");
    },
    workers,
    directory: () => {
      const failed = failedRequests(presence, "gateway");
      if (failed !== undefined) return failed;
      const { fault, mixnodes } = presence;
      if (fault !== undefined) return warn(fault);
      if (mixnodes === 0) return warn("lists no mixnodes: clients' packets cannot be forwarded");
      return ok(`lists ${plural(mixnodes, "mixnode")}`);
    },
    config,
  };
}
