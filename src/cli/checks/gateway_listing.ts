import { type Addresses, announcesSame, type Identity, listingOf } from "../../directory/listing.ts";
import type { Topology } from "../../protocol/topology.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";

/** What the directory should list for a gateway. */
export interface Expected {
  /** from its keys and configuration */
  readonly self: Identity;
  /** whether it is running now, so that the directory should list it */
  readonly isRunning: boolean;
  /** what it announced when the directory last answered it; undefined if it never did */
  readonly announcedLast: Addresses | undefined;
}

/** Checks what the directory says about this gateway. */
export async function* checkGatewayListing(
  { gatewayNodes }: Topology,
  { self, isRunning, announcedLast }: Expected,
): AsyncGenerator<Finding> {
  const { own, isOwnAsAnnounced, clash } = await listingOf(self, gatewayNodes);
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
