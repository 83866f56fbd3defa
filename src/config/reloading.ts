import type { Config } from "./config.ts";
import { differences } from "./differences.ts";

/** Other files are taken over; to begin or to end to speak TLS takes a new start. */
const TLS: readonly string[] = ["[clients_endpoint] tls_certificate", "[clients_endpoint] tls_key"];

/** What a running gateway takes over from a changed file; all else needs a new start. */
const RELOADABLE: ReadonlySet<string> = new Set([
  "[mixnet_endpoint] forward_to",
  "[clients_endpoint] announce_clients",
  ...TLS,
  "[limits] client_connections",
  "[limits] client_connections_per_network",
  "[limits] connections_before_login",
  "[limits] connections_before_login_per_network",
  "[limits] login_deadline",
  "[limits] frames_per_second",
  "[limits] mixnet_connections",
  "[limits] mixnet_connections_per_network",
  "[limits] mixnet_frame_deadline",
  "[limits] mixnet_idle_timeout",
  "[limits] limit_loopback",
  "[limits] inbox_messages",
  "[limits] inbox_bytes",
  "[limits] mailbox_bytes",
  "[limits] time_to_live",
  "[limits] minimum_free_disk",
  "[limits] slow_client_bytes",
  "[logging] format",
  "[logging] level",
  "[logging] file",
]);

/** Keys that differ, as they stand in the file: `[mixnet_endpoint] forward_to`. */
export interface Changes {
  /** in force from now on */
  readonly taken: readonly string[];
  /** that need a new start */
  readonly left: readonly string[];
}

/** Whether a running gateway takes over the key, given as `[section] key`. */
export function isReloadable(name: string): boolean {
  return RELOADABLE.has(name);
}

/** Changes `running`, in place, to what `file` says wherever that can be done without a new start. */
export function takeOver(running: Config, file: Config): Changes {
  const taken: string[] = [];
  const left: string[] = [];
  const tlsStays = (running.clientsEndpoint.tlsCertificate === "") === (file.clientsEndpoint.tlsCertificate === "");
  for (const { section, key, sectionInFile, keyInFile, value } of differences(running, file)) {
    const name = `[${sectionInFile}] ${keyInFile}`;
    const reloadable = isReloadable(name) && (tlsStays || !TLS.includes(name));
    (reloadable ? taken : left).push(name);
    if (reloadable) Object.assign(running[section], { [key]: value });
  }
  return { taken, left };
}
