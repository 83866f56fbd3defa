import { hostOf, portOf } from "../../config/addresses.ts";
import { type AnyConfig, homeOf, tableOf, valueOf } from "../../config/config.ts";
import { readTable } from "../../config/files.ts";
import { OperatorError } from "../../errors/operator_error.ts";
import { logger } from "../../logging/log.ts";
import { homesIn, placesOf } from "./home.ts";
import { DIRECTORY_ROLE, GATEWAY_ROLE, MIXNODE_ROLE, type Role } from "../role.ts";

const log = logger("nym_gateway");

/**
 * Warns if other nodes of this user or of the service, of whatever kind, listen on the same addresses as a new one: by
 * default, gateways and mixnodes all take sphinx packets on port 1789.
 */
export function warnOfClash<C extends AnyConfig>(role: Role<C>, config: C): void {
  const own = listeningAddressesOf(config);
  for (const other of [...configsOf(GATEWAY_ROLE), ...configsOf(MIXNODE_ROLE), ...configsOf(DIRECTORY_ROLE)]) {
    const kind = tableOf(other).program;
    if (kind === role.table.program && homeOf(other).id === homeOf(config).id) continue;
    const shared = listeningAddressesOf(other).filter((its) => own.some((address) => overlaps(address, its)));
    if (shared.length === 0) continue;
    const addresses = shared.join(" and ");
    log.warn(
      `${kind} ${homeOf(other).id} of this machine listens on ${addresses}, so only one of the two can run: give ` +
        `one of them another port, as --${role.portOption} or in its configuration`,
    );
  }
}

/** The configurations of all nodes of a kind; one that can't be read is left out. */
function configsOf<C extends AnyConfig>(role: Role<C>): C[] {
  return homesIn(placesOf(role)).found.flatMap(({ configPath }) => {
    try {
      return [readTable(role.table, configPath)];
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      return [];
    }
  });
}

/** Without that of the status page, which a node can do without. */
function listeningAddressesOf(config: AnyConfig): string[] {
  return tableOf(config).keys.filter(({ section, name }) => name === "listening_address" && section !== "operator")
    .map((key) => String(valueOf(config, key))).filter((address) => address !== "");
}

/** Whether two programs can't both listen on these: 0.0.0.0 stands for all IPv4 addresses, [::] for all. */
function overlaps(one: string, other: string): boolean {
  const hosts = [hostOf(one), hostOf(other)];
  return portOf(one) === portOf(other) &&
    (hosts[0] === hosts[1] || hosts.includes("::") || hosts.includes("0.0.0.0") && !hosts.join().includes(":"));
}
