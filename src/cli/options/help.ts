import { type GroupName, GROUPS, isGroup } from "./command_groups.ts";
import { type CommandName, COMMANDS, commandsOf, optionOf, usageOf, verbOf } from "./commands.ts";
import type { OptionName } from "./options.ts";

/** What the program is for. */
export const PURPOSE =
  "nym-gateway keeps a mailbox at the edge of a mixnet for each of its clients. It can also be a mixnode, or a directory.";

/** The environment variables that the program reads. */
export const ENVIRONMENT: readonly { name: string; meaning: string }[] = [
  {
    name: "NYM_HOME",
    meaning:
      "the folder that holds the gateways, mixnodes and directories [default: ~/.nym, then the service's, /var/lib/nym-gateway]",
  },
  {
    name: "NYM_GATEWAY_STORAGE_KEY_FILE",
    meaning: "the file with the key that seals stored mail [default: as configured]",
  },
  {
    name: "RUST_LOG",
    meaning:
      "what is logged, such as debug or info,nym_gateway::mailbox=debug [default: as configured, otherwise info]",
  },
  { name: "NO_COLOR", meaning: "if set, nothing is coloured" },
  {
    name: "HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
    meaning: "the proxy for requests to the directory, and the hosts to reach without it [default: no proxy]",
  },
  {
    name: "CREDENTIALS_DIRECTORY",
    meaning: "set by systemd: storage_key.pem in it is the key that seals stored mail, and postgresql_password in it " +
      "the password for the database",
  },
  { name: "PGAPPNAME", meaning: "what PostgreSQL lists the gateway's connections as [default: nym-gateway]" },
  {
    name: "NOTIFY_SOCKET, WATCHDOG_USEC",
    meaning: "set by systemd: where to report that the gateway is ready, and how often that it is alive",
  },
  {
    name: "JOURNAL_STREAM",
    meaning: "set by systemd: if it names standard error, log lines begin with a priority and have no time",
  },
];

/** What `--help` prints. */
export const GENERAL_HELP = `${PURPOSE}

usage:
    nym-gateway <command> [options]

commands:
${listOf(commandsOf(undefined).map((name) => [name, COMMANDS[name].purpose]))}
${listOf(Object.entries(GROUPS).map(([name, { purpose }]) => [name, purpose]))}
    help          Explains a command, as in: help run

options:
    -h, --help       prints this, or after a command what the command takes
    -V, --version    prints the version

environment:
${ENVIRONMENT.map(({ name, meaning }) => `    ${name}\n            ${meaning}`).join("\n")}`;

/** What `<command> --help` prints: each option with its meaning and default; for a group, its commands. */
export function commandHelp(name: CommandName | GroupName): string {
  if (isGroup(name)) return groupHelp(name);
  const { purpose, required, optional, argument } = COMMANDS[name];
  const given = required.map((option) => option === argument ? `<${option}> ` : `${usageOf(option, name)} `).join("");
  const needed = required.map((option) => explain(name, option, "", option === argument));
  return `nym-gateway ${name}
${purpose}

usage:
    nym-gateway ${name} ${given}[options]
${needed.length === 0 ? "" : `\nrequired:\n${needed.join("\n")}\n`}
options:
${
    optional.map((option) => `${explain(name, option, ` [default: ${defaultOf(name, option)}]`)}\n`).join("")
  }    -h, --help
            prints this`;
}

function groupHelp(group: GroupName): string {
  return `nym-gateway ${group}
${GROUPS[group].purpose}

usage:
    nym-gateway ${group} <command> [options]

commands:
${listOf(commandsOf(group).map((name) => [verbOf(name), COMMANDS[name].purpose]))}

options:
    -h, --help
            prints this, or after a command what the command takes`;
}

function listOf(entries: readonly (readonly [string, string])[]): string {
  return entries.map(([name, purpose]) => `    ${name.padEnd(12)}  ${purpose}`).join("\n");
}

function explain(command: CommandName, option: OptionName, defaultValue: string, isArgument = false): string {
  const { meaning } = optionOf(option, command);
  return `    ${isArgument ? `<${option}>` : usageOf(option, command)}\n            ${meaning}${defaultValue}`;
}

/** What a command does if this option is not given, in words. */
export function defaultOf(command: CommandName, option: OptionName): string {
  if (verbOf(command) === "run" && option !== "config" && option !== "id") return "as configured";
  return COMMANDS[command].defaults?.[option] ?? optionOf(option, command).default ?? "none";
}
