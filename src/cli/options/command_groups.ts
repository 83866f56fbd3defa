/**
 * The first of the two words of a command that is not about a gateway alone: what this program can be besides; a network,
 * which it plans; or a gateway's storage.
 */
export type GroupName = "mixnode" | "directory" | "network" | "storage";

/** The name of the folder that holds the homes of gateways. */
export const GATEWAY_HOMES = "gateways";

/** The groups, each with a sentence for `--help`, and the name of the folder that holds its homes; "" if it has none. */
export const GROUPS: Readonly<Record<GroupName, { readonly purpose: string; readonly homes: string }>> = {
  mixnode: {
    purpose: "Commands of a mixnode, which holds packets for a moment and sends them on.",
    homes: "mixnodes",
  },
  directory: {
    purpose: "Commands of a directory, which lists the nodes of a mixnet for one another and for clients.",
    homes: "directories",
  },
  network: {
    purpose: "Plans a mixnet of your own: a directory, mixnodes and a gateway.",
    homes: "",
  },
  storage: {
    purpose: "Commands for a gateway's mail in a PostgreSQL database.",
    homes: GATEWAY_HOMES,
  },
};

/** Whether commands of two words begin with `word`. */
export function isGroup(word: string): word is GroupName {
  return Object.hasOwn(GROUPS, word);
}
