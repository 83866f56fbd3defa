import {
  type AnyConfig,
  type Config,
  DIRECTORY,
  type DirectoryConfig,
  GATEWAY,
  MIXNODE,
  type MixnodeConfig,
  type Table,
} from "../config/config.ts";
import { GATEWAY_HOMES, GROUPS } from "./options/command_groups.ts";
import type { OptionName, Options } from "./options/options.ts";
import { overrideConfig, overrideDirectoryConfig, overrideMixnodeConfig } from "./options/overrides.ts";

/** A kind of node, to the commands that all kinds have. */
export interface Role<C extends AnyConfig> {
  /** the definition of its config.toml; `program` is what one is called in messages */
  readonly table: Table<C>;
  /** the name of the folder that holds all homes, which is also the plural in messages */
  readonly homes: string;
  /** how its commands begin */
  readonly program: string;
  /** the values that `init` needs besides --id, for messages */
  readonly creation: string;
  /** why to back up its secret files, above their list */
  readonly backup: string;
  /** the option that gives it another port, for messages */
  readonly portOption: OptionName;
  /** the default port of its status page, for messages */
  readonly operatorPort: number;
  /** `config` with the values of the options in place of its own; throws an OperatorError for a value that is not valid */
  readonly override: (config: C, options: Options) => C;
}

/** A gateway. */
export const GATEWAY_ROLE: Role<Config> = {
  table: GATEWAY,
  homes: GATEWAY_HOMES,
  program: "nym-gateway",
  creation: "--mix-host <ip> --clients-host <ip>",
  backup:
    `Back up these two files. Without the first, nothing that is sent to the gateway's clients arrives; without the second,
mail that is waiting for them can't be read:`,
  portOption: "mix-port",
  operatorPort: 9001,
  override: overrideConfig,
};

/** A mixnode. */
export const MIXNODE_ROLE: Role<MixnodeConfig> = {
  table: MIXNODE,
  homes: GROUPS.mixnode.homes,
  program: "nym-gateway mixnode",
  creation: "--host <ip> --layer <number>",
  backup: "Back up this file, which makes it the mixnode that others know:",
  portOption: "port",
  operatorPort: 9002,
  override: overrideMixnodeConfig,
};

/** A directory. */
export const DIRECTORY_ROLE: Role<DirectoryConfig> = {
  table: DIRECTORY,
  homes: GROUPS.directory.homes,
  program: "nym-gateway directory",
  creation: "--host <ip>",
  backup: "Back up this file, with which it signs topologies, and which must not get into other hands:",
  portOption: "port",
  operatorPort: 9003,
  override: overrideDirectoryConfig,
};
