import { ExitCode } from "../../errors/operator_error.ts";
import { PRODUCT_VERSION } from "../../build/version.ts";
import { defaultOf, ENVIRONMENT, PURPOSE } from "./help.ts";
import { type CommandName, COMMANDS, optionOf, usageOf } from "./commands.ts";
import { type OptionName, OPTIONS } from "./options.ts";

/** What the exit codes mean; 0 is success. */
const EXIT_CODES: Readonly<Record<keyof typeof ExitCode, string>> = {
  USAGE: "the command line is not valid",
  BAD_DATA: "the file to import is damaged, or is not an export",
  MISSING_INPUT: "a required file is missing",
  UNAVAILABLE: "something outside does not work, such as a port in use",
  SOFTWARE: "an unexpected failure: please report it",
  CANNOT_CREATE: "a file can't be created, or exists already",
  INPUT_OUTPUT: "a file can't be read or written",
  NO_PERMISSION: "a permission is missing",
  CONFIGURATION: "the configuration, a key or a certificate is not valid",
};

/** The manual page in roff, from the texts of `--help`. */
export function manualPage(): string {
  const names = Object.keys(COMMANDS) as CommandName[];
  const options = (Object.keys(OPTIONS) as OptionName[]).filter((option) =>
    !names.some((name) => COMMANDS[name].argument === option)
  );
  return `.TH NYM-GATEWAY 1 "" "nym-gateway ${PRODUCT_VERSION}" "User Commands"
.SH NAME
nym-gateway \\- the mailbox at the edge of a mixnet
.SH SYNOPSIS
${names.map((name) => `.B nym-gateway ${roff(name)}\n${synopsis(name)}\n.br`).join("\n")}
.B nym-gateway
.RB [ \\-\\-help | \\-\\-version ]
.SH DESCRIPTION
${roff(PURPOSE)}
.SH COMMANDS
${names.map((name) => entry(`.B ${roff(name)}`, COMMANDS[name].purpose)).join("\n")}
.SH OPTIONS
${
    options.flatMap((name) =>
      [...new Set(usersOf(name).map((user) => optionOf(name, user)))].map((option) => {
        const users = usersOf(name).filter((user) => optionOf(name, user) === option);
        const text = `${option.meaning}${defaultsOf(name, users)}. For ${users.join(", ")}.`;
        const { value } = option;
        const head = value === undefined ? `.B \\-\\-${roff(name)}` : `.BI \\-\\-${roff(name)} " ${roff(value)}"`;
        return entry(head, text);
      })
    ).join("\n")
  }
${entry('.BR \\-h ", " \\-\\-help', "print all commands, or a command's options")}
${entry('.BR \\-V ", " \\-\\-version', "print the version")}
.SH ENVIRONMENT
${ENVIRONMENT.map(({ name, meaning }) => entry(`.B ${name}`, meaning)).join("\n")}
.SH SIGNALS
${entry('.BR SIGINT ", " SIGTERM', "stop properly; a second one ends the program at once")}
${
    entry(
      ".B SIGHUP",
      "read the configuration and the certificate again; a file with a mistake is refused, and the previous configuration stays in force",
    )
  }
.SH FILES
${entry(".I ~/.nym/gateways/<id>/config/config.toml", "the configuration, with a comment at each key")}
${entry(".I ~/.nym/gateways/<id>/data/", "keys, ledger and inboxes")}
${entry(".I ~/.nym/mixnodes/<id>/", "the same of a mixnode")}
${entry(".I ~/.nym/directories/<id>/", "the same of a directory")}
.SH EXIT STATUS
${entry(".B 0", "success")}
${
    (Object.keys(EXIT_CODES) as (keyof typeof ExitCode)[])
      .map((name) => entry(`.B ${ExitCode[name]}`, EXIT_CODES[name])).join("\n")
  }`;
}

function synopsis(name: CommandName): string {
  const { required, optional, argument } = COMMANDS[name];
  const words = required.map((option) => option === argument ? `<${option}>` : usageOf(option, name));
  return roff([...words, ...(optional.length > 0 ? ["[options]"] : [])].join(" ")) || "\\&";
}

/** As in ` [default: 1789]`; if commands differ, each default with the commands that have it. */
function defaultsOf(option: OptionName, all: readonly CommandName[]): string {
  const users = all.filter((name) => COMMANDS[name].optional.includes(option));
  const defaults = [...new Set(users.map((name) => defaultOf(name, option)))];
  if (defaults.length === 0) return "";
  const usersWith = (usual: string) => users.filter((name) => defaultOf(name, option) === usual).join(", ");
  const isOne = defaults.length === 1 && users.length === all.length;
  return ` [default: ${defaults.map((usual) => isOne ? usual : `${usual} (${usersWith(usual)})`).join("; ")}]`;
}

function usersOf(option: OptionName): CommandName[] {
  return (Object.keys(COMMANDS) as CommandName[]).filter((name) =>
    [...COMMANDS[name].required, ...COMMANDS[name].optional].includes(option)
  );
}

function entry(head: string, text: string): string {
  return `.TP\n${head}\n${roff(text)}`;
}

function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replace(/^([.'])/gm, "\\&$1");
}
