import { dirname, join } from "node:path";
import type { Config } from "../../config/config.ts";
import { readKeyPair } from "../../config/key_files.ts";
import { directoryClient } from "../../directory/client.ts";
import { KEPT_TOPOLOGY, readKeptTopology } from "../../directory/kept_topology.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import { OperatorError } from "../../errors/operator_error.ts";
import type { Checkable } from "./check.ts";
import { GATEWAY_ROLE } from "../role.ts";
import { checkDatabase } from "./database.ts";
import { checkAddresses, checkTrust, type Listening } from "./addresses.ts";
import { checkClock, checkDirectory } from "./directory.ts";
import { placeOfUser } from "./closed_to_owner.ts";
import type { Finding } from "./finding.ts";
import { checkGatewayListing, type Expected } from "./gateway_listing.ts";
import { checkInboxes070 } from "./inboxes_070.ts";
import { checkCertificate, checkKeys, checkOwnFiles, checkPasswordFile } from "./keys.ts";
import { checkMachine, checkProcessor } from "./machine.ts";
import { checkReachability } from "./reachability.ts";
import { descriptorLimitOf } from "./running_node.ts";
import { checkFolder, checkLogFile, checkMove, checkStorageKey, checkWritable } from "./storage.ts";
import { checkChain } from "./tls_chain.ts";

/** A gateway, with everything that it needs. */
export const GATEWAY_CHECKS: Checkable<Config> = { ...GATEWAY_ROLE, check };

async function* check(config: Config, path: string): AsyncGenerator<Finding> {
  const { gateway, clientsEndpoint, limits } = config;
  const { inboxesDirectory, ledgerPath } = clientsEndpoint;
  const ours = placeOfUser(path, gateway.privateSphinxKeyFile);
  yield* checkKeys(gateway, gateway.storageKeyFile);
  yield* checkOwnFiles(ours, [path, gateway.privateSphinxKeyFile]);
  yield await checkStorageKey(config);
  if (config.storage.kind === "postgresql") {
    yield* checkPasswordFile(config.storage.passwordFile, ours);
    yield* checkDatabase(config);
  }
  yield* checkMove(inboxesDirectory);
  yield* checkCertificate(config, ours);
  yield* checkChain(config);
  const key = "inboxes_directory in [clients_endpoint]";
  const { isRunning, finding } = await checkFolder("inboxes", inboxesDirectory, key, "gateway");
  yield finding;
  if (finding.status !== "fail") {
    yield* checkWritable([
      { key, folder: inboxesDirectory },
      { key: "ledger_path in [clients_endpoint]", folder: dirname(ledgerPath) },
    ], ours);
    yield* checkInboxes070(inboxesDirectory, ours);
  }
  yield* checkLogFile(config.logging, ours);
  const listening = listeningOf(config);
  yield* checkAddresses(listening, config.operator.listeningAddress, isRunning, ours);
  yield* checkTrust(config.limits.trustedProxies);
  yield* checkReachability(listening, isRunning);
  const answer = yield* checkDirectory(directoryClient(gateway), "gateway");
  const expected = await expectedOf(config, isRunning);
  if (answer !== undefined && expected !== undefined) yield* checkGatewayListing(answer.topology, expected);
  if (answer !== undefined) yield* checkClock(answer);
  const limit = await descriptorLimitOf(config, path);
  yield* checkMachine("inboxes", inboxesDirectory, limits.minimumFreeDisk, isRunning, limit);
  yield checkProcessor();
}

/** Where others connect to a gateway. */
export function listeningOf({ mixnetEndpoint: mixnet, clientsEndpoint: clients }: Config): Listening[] {
  return [
    {
      name: "mixnet",
      section: "[mixnet_endpoint]",
      listening: mixnet.listeningAddress,
      announced: mixnet.announceAddress,
      tls: false,
    },
    {
      name: "clients",
      section: "[clients_endpoint]",
      listening: clients.listeningAddress,
      announced: clients.announceAddress,
      tls: clients.tlsCertificate !== "",
    },
  ];
}

/** Undefined if the gateway's keys can't be read, which is a finding already. */
async function expectedOf(config: Config, isRunning: boolean): Promise<Expected | undefined> {
  const { gateway, mixnetEndpoint, clientsEndpoint } = config;
  try {
    const self = {
      pubKey: encodeBase58(readKeyPair(gateway).publicKey),
      mixnetListener: mixnetEndpoint.announceAddress,
      clientListener: clientsEndpoint.announceAddress,
    };
    const kept = await readKeptTopology(join(clientsEndpoint.inboxesDirectory, KEPT_TOPOLOGY));
    return { self, isRunning, announcedLast: kept?.announced };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return undefined;
  }
}
