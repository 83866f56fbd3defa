import { inboxes070 } from "../../mailbox/import_070.ts";
import { closedToOwner } from "./closed_to_owner.ts";
import { type Finding, warn } from "./finding.ts";

/**
 * Checks that the owner of `ours` can remove what is in the inboxes of a 0.7.0 gateway, if there are any. The findings name
 * no client.
 */
export function* checkInboxes070(folder: string, ours: string): Generator<Finding> {
  let closed = 0;
  try {
    for (const [, inbox] of inboxes070(folder)) if (closedToOwner(ours, inbox, "write") !== undefined) closed++;
  } catch {
    return; // the folder is not there yet, or cannot be looked into, which is a finding already
  }
  if (closed === 0) return;
  const found =
    `${closed} in ${folder} cannot be emptied by the gateway's user, so their messages will not be imported`;
  yield warn("0.7.0 inboxes", found, `give them to that user, with all that is in them: chown -R <user>: ${folder}`);
}
