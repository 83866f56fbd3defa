import type { MixnodeConfig } from "../../config/config.ts";
import { readKeyPair } from "../../config/key_files.ts";
import { directoryClient } from "../../directory/client.ts";
import { mixnodeListingOf } from "../../directory/listing.ts";
import { encodeBase58 } from "../../encoding/base58.ts";
import { OperatorError } from "../../errors/operator_error.ts";
import type { Topology } from "../../protocol/topology.ts";
import type { Checkable } from "./check.ts";
import { MIXNODE_ROLE } from "../role.ts";
import { checkAddresses, checkTrust } from "./addresses.ts";
import { checkClock, checkDirectory } from "./directory.ts";
import { placeOfUser } from "./closed_to_owner.ts";
import { fail, type Finding, ok, warn } from "./finding.ts";
import { checkKeys, checkOwnFiles } from "./keys.ts";
import { checkMachine, checkProcessor } from "./machine.ts";
import { checkReachability } from "./reachability.ts";
import { descriptorLimitOf } from "./running_node.ts";
import { checkFolder, checkLogFile, checkWritable } from "./storage.ts";

/** bytes of disk: twice what the tags of packets seen take by default */
const STATE_DISK = 64 * 1024 * 1024;

/** A mixnode, with everything that it needs. */
export const MIXNODE_CHECKS: Checkable<MixnodeConfig> = { ...MIXNODE_ROLE, check };

async function* check(config: MixnodeConfig, path: string): AsyncGenerator<Finding> {
  const { mixnode } = config;
  const ours = placeOfUser(path, mixnode.privateSphinxKeyFile);
  yield* checkKeys(mixnode);
  yield* checkOwnFiles(ours, [path, mixnode.privateSphinxKeyFile]);
  const key = "state_directory in [mixnode]";
  const { isRunning, finding } = await checkFolder("state", mixnode.stateDirectory, key, "mixnode");
  yield finding;
  if (finding.status !== "fail") {
    yield* checkWritable([{ key, folder: mixnode.stateDirectory }], ours);
  }
  yield* checkLogFile(config.logging, ours);
  const listening = [{
    name: "mixnet",
    section: "[mixnode]",
    listening: mixnode.listeningAddress,
    announced: mixnode.announceAddress,
    tls: false,
  }];
  yield* checkAddresses(listening, config.operator.listeningAddress, isRunning, ours);
  yield* checkTrust(config.limits.trustedProxies);
  yield* checkReachability(listening, isRunning);
  const answer = yield* checkDirectory(directoryClient(mixnode), "mixnode");
  if (answer !== undefined) {
    yield* checkListing(config, answer.topology, isRunning);
    yield* checkClock(answer);
  }
  yield* checkMachine("state", mixnode.stateDirectory, STATE_DISK, isRunning, await descriptorLimitOf(config, path));
  yield checkProcessor();
}

/** Checks what the directory says about this mixnode. */
function* checkListing({ mixnode }: MixnodeConfig, { mixNodes }: Topology, isRunning: boolean): Generator<Finding> {
  const subject = "directory's entry";
  const pubKey = keyOf(mixnode);
  if (pubKey === undefined) return;
  const { own, isOwnAsAnnounced, clash } = mixnodeListingOf({ pubKey, host: mixnode.announceAddress }, mixNodes);
  if (own !== undefined && !isOwnAsAnnounced) {
    yield fail(
      subject,
      `this mixnode is listed at ${own.host}, not as configured`,
      "restart it if its configuration was changed; otherwise another mixnode has the same key: stop one of them",
    );
  } else if (own !== undefined && own.layer !== mixnode.layer) {
    yield warn(
      subject,
      `this mixnode is listed in layer ${own.layer}, and configured for layer ${mixnode.layer}`,
      "restart it if its configuration was changed; otherwise the directory's operator has decided that",
    );
  } else if (isRunning) {
    yield own === undefined
      ? warn(subject, "this mixnode is not listed, although it is running", "its log says how the directory answers it")
      : ok(subject, "this mixnode is listed, with the address and layer it announces");
  }
  if (clash === undefined) return;
  yield warn(
    subject,
    `the mixnode with public key ${clash.pubKey} announces ${mixnode.announceAddress} too`,
    "if you know it, give one of them another address; otherwise ignore it: anyone may post to the directory",
  );
}

/** Undefined if the keys can't be read, which is a finding already. */
function keyOf(mixnode: MixnodeConfig["mixnode"]): string | undefined {
  try {
    return encodeBase58(readKeyPair(mixnode).publicKey);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return undefined;
  }
}
