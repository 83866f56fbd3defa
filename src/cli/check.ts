import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { readConfig } from "../config/files.ts";
import { readKeyPair } from "../config/key_files.ts";
import { KEPT_TOPOLOGY, readKeptTopology } from "../directory/kept_topology.ts";
import { directoryClient } from "../directory/client.ts";
import { encodeBase58 } from "../encoding/base58.ts";
import { setLogLevel } from "../logging/log.ts";
import { ExitCode, OperatorError } from "../errors/operator_error.ts";
import { plural } from "../text/plural.ts";
import { checkAddresses } from "./checks/addresses.ts";
import { checkDirectory, type Expected } from "./checks/directory.ts";
import { fail, type Finding, ok } from "./checks/finding.ts";
import { checkCertificate, checkKeys } from "./checks/keys.ts";
import { checkMachine } from "./checks/machine.ts";
import { checkReachability } from "./checks/reachability.ts";
import { checkInboxes, checkLogFile, checkPaths, checkStorageKey, checkWritable } from "./checks/storage.ts";
import { checkChain } from "./checks/tls_chain.ts";
import { findHome, type FoundHome } from "./home.ts";
import type { Options } from "./options.ts";
import { GATEWAY_ROLE } from "./role.ts";
import { print, printText } from "./output.ts";
import { readRunning } from "./running.ts";
import { parseStatus, statusTextAt } from "./status_answer.ts";
import { remedyForStray, strayText } from "./relocate.ts";
import { paint } from "./paint.ts";

const MARKS = { ok: paint("green", "✓"), warn: paint("yellow", "!"), fail: paint("red", "✗") } as const;

/**
 * Checks everything that a gateway needs, and prints each finding as soon as it is known, or all of them as JSON.
 * Returns the exit code: 0, or that of the first check that failed.
 * @throws {OperatorError} if there is no such gateway
 */
export async function check(options: Options): Promise<number> {
  const found = findHome(GATEWAY_ROLE, options);
  const findings: Finding[] = [];
  setLogLevel("off"); // the findings say what would be logged
  for await (const finding of findOut(found, options)) {
    findings.push(finding);
    if (options.output !== "json") printFinding(finding);
  }
  const failed = findings.filter(({ status }) => status === "fail");
  if (options.output === "json") printText(JSON.stringify({ ready: failed.length === 0, findings }, undefined, 2));
  else printText(`\n${verdict(findings)}`);
  return failed[0]?.exitCode ?? 0;
}

async function* findOut(found: FoundHome, options: Options): AsyncGenerator<Finding> {
  const path = found.configPath;
  let config: Config;
  try {
    config = readConfig(path);
    yield ok("configuration", path);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    yield fail("configuration", error.message, "fix the file, and check again", error.exitCode);
    return;
  }
  const stray = strayText(found, config, options);
  if (stray !== undefined) yield fail("home", stray, remedyForStray(GATEWAY_ROLE, found), ExitCode.CONFIGURATION);
  yield* checkPaths(config);
  yield* checkKeys(config);
  yield await checkStorageKey(config);
  yield* checkCertificate(config);
  yield* checkChain(config);
  const { isRunning, finding } = await checkInboxes(config.clientsEndpoint.inboxesDirectory);
  yield finding;
  if (finding.status !== "fail") yield* checkWritable(config);
  yield* checkLogFile(config.logging);
  yield* checkAddresses(config, isRunning);
  yield* checkReachability(config, isRunning);
  yield* checkDirectory(directoryClient(config.gateway), await expectedOf(config, isRunning));
  const { clientsEndpoint: { inboxesDirectory }, limits } = config;
  yield* checkMachine(inboxesDirectory, limits.minimumFreeDisk, isRunning, await descriptorLimitOf(config, path));
}

/** The limit of the running gateway, from its status page; undefined if it does not answer. */
async function descriptorLimitOf({ gateway, operator }: Config, path: string): Promise<number | undefined> {
  const address = readRunning(path)?.operator ?? operator.listeningAddress;
  const answer = address === "" ? undefined : await statusTextAt(address);
  const status = answer === undefined ? undefined : parseStatus(answer);
  return status?.name === gateway.id ? status.gauges["descriptorsLimit"] : undefined;
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

function printFinding({ status, subject, found, remedy }: Finding): void {
  print(` ${MARKS[status]} ${subject.padEnd(18)} ${found}`);
  if (remedy !== undefined) print(`   ${"".padEnd(18)} ${paint("dim", `→ ${remedy}`)}`);
}

function verdict(findings: readonly Finding[]): string {
  const count = (status: Finding["status"]) => findings.filter((finding) => finding.status === status).length;
  const [failures, warnings] = [count("fail"), count("warn")];
  if (failures > 0) return paint("red", ` Not ready: ${failures} of ${findings.length} checks failed.`);
  if (warnings > 0) return paint("yellow", ` Ready, with ${plural(warnings, "warning")}.`);
  return paint("green", ` Ready: all ${findings.length} checks passed.`);
}
