import { buildInfo } from "../build/build_info.ts";
import { check } from "./checks/check.ts";
import { DIRECTORY_CHECKS } from "./checks/of_directory.ts";
import { GATEWAY_CHECKS } from "./checks/of_gateway.ts";
import { MIXNODE_CHECKS } from "./checks/of_mixnode.ts";
import { init } from "./homes/init.ts";
import { nodeDetails } from "./homes/node_details.ts";
import { relocate } from "./homes/relocate.ts";
import { inboxes } from "./inboxes.ts";
import { completions, type Shell } from "./options/completions.ts";
import { manualPage } from "./options/man.ts";
import type { CommandName } from "./options/commands.ts";
import type { Options } from "./options/options.ts";
import { printBuildInfo } from "./output/build_info.ts";
import { printText } from "./output/output.ts";
import { plan } from "./plan.ts";
import { DIRECTORY_ROLE, GATEWAY_ROLE, MIXNODE_ROLE } from "./role.ts";
import { decide, type DecideOffline, layerIn } from "./running/decide.ts";
import { reload } from "./running/reload.ts";
import { status } from "./running/status.ts";
import { initStorage } from "./storage_init.ts";

/** The name of a command that ends by itself: all do, except those that run a node. */
export type BriefCommandName = Exclude<CommandName, "run" | `${string} run`>;

/**
 * Does what such a command says. Export, import and moves are loaded on demand: the others need not wait for them.
 * Resolves with the exit code if it is not 0.
 * @throws {OperatorError} if it fails
 */
export async function carryOutBrief(
  command: BriefCommandName,
  options: Options,
  decideOffline: DecideOffline,
): Promise<number | void> {
  switch (command) {
    case "init":
      return init(GATEWAY_ROLE, options);
    case "check":
      return await check(GATEWAY_CHECKS, options);
    case "status":
      return await status(GATEWAY_ROLE, options);
    case "reload":
      return await reload(GATEWAY_ROLE, options);
    case "inboxes":
      return await inboxes(options);
    case "export":
      return await (await import("./transfer/export.ts")).exportGateway(options);
    case "import":
      return await (await import("./transfer/import.ts")).importGateway(options);
    case "relocate":
      return relocate(GATEWAY_ROLE, options);
    case "node-details":
      return nodeDetails(GATEWAY_ROLE, options);
    case "completions":
      return printText(completions(options.shell as Shell));
    case "man":
      return printText(manualPage());
    case "build-info":
      return printBuildInfo(buildInfo(), options.output);
    case "mixnode init":
      return init(MIXNODE_ROLE, options);
    case "mixnode check":
      return await check(MIXNODE_CHECKS, options);
    case "mixnode status":
      return await status(MIXNODE_ROLE, options);
    case "mixnode reload":
      return await reload(MIXNODE_ROLE, options);
    case "mixnode relocate":
      return relocate(MIXNODE_ROLE, options);
    case "mixnode node-details":
      return nodeDetails(MIXNODE_ROLE, options);
    case "directory init":
      return init(DIRECTORY_ROLE, options);
    case "directory check":
      return await check(DIRECTORY_CHECKS, options);
    case "directory status":
      return await status(DIRECTORY_ROLE, options);
    case "directory reload":
      return await reload(DIRECTORY_ROLE, options);
    case "directory relocate":
      return relocate(DIRECTORY_ROLE, options);
    case "directory allow":
      return await decide(options, { standing: "allowed" }, decideOffline);
    case "directory disallow":
      return await decide(options, { standing: "disallowed" }, decideOffline);
    case "directory layer":
      return await decide(options, { layer: layerIn(options) }, decideOffline);
    case "directory forget":
      return await decide(options, undefined, decideOffline);
    case "network plan":
      return await plan(options);
    case "storage init":
      return await initStorage(options);
    case "storage move":
      return await (await import("./transfer/storage_move.ts")).moveStorage(options);
  }
}
