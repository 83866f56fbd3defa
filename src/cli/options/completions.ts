import { GATEWAY_HOMES, type GroupName, GROUPS } from "./command_groups.ts";
import { type CommandName, COMMANDS, commandsOf, groupOf, optionOf, verbOf } from "./commands.ts";
import { type OptionName, OPTIONS } from "./options.ts";

/** A shell that there is a completion script for. */
export type Shell = "bash" | "zsh" | "fish";

const commands = Object.entries(COMMANDS) as [CommandName, typeof COMMANDS[CommandName]][];
const groups = Object.keys(GROUPS) as GroupName[];
/** What may come first. */
const FIRST_WORDS = [...commandsOf(undefined), ...groups, "help", "--help", "--version"].join(" ");

/** The script that lets a shell complete commands, options and their values. */
export function completions(shell: Shell): string {
  return { bash, zsh, fish }[shell]();
}

function bash(): string {
  const cases = commands.map(([name, command]) => `"${name}") words="${words(name, command).join(" ")}" ;;`);
  return `# Completions of nym-gateway for bash:
#   folder=~/.local/share/bash-completion/completions
#   mkdir -p "$folder" && nym-gateway completions bash > "$folder/nym-gateway"
_nym_gateway_ids() {
  local home config
  for home in "\${NYM_HOME:-$HOME/.nym}" \${NYM_HOME:+""} /var/lib/nym-gateway; do
    [ -n "$home" ] || break # NYM_HOME is the only place
    for config in "$home/$1"/*/config/config.toml; do
      [ ! -e "$config" ] || { config="\${config%/config/config.toml}" && printf '%s\\n' "\${config##*/}"; }
    done
  done
}
_nym_gateway() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  local command="\${COMP_WORDS[1]}" verb="\${COMP_WORDS[1]}" homes=${GATEWAY_HOMES}
  case "$command" in
${
    groups.map((group) =>
      `    ${group}) verb="\${COMP_WORDS[2]}" command="${group} \${COMP_WORDS[2]}" homes=${GROUPS[group].homes} ;;`
    ).join("\n")
  }
  esac
  case "$before" in
${choiceOptions().map(([option, values]) => `    --${option}) words="${values.join(" ")}" ;;`).join("\n")}
    --id)
      COMPREPLY=()
      [ "$verb" != init ] || return
      local id # not by compgen -W, which runs what is in a name such as $(command)
      while IFS= read -r id; do
        case "$id" in "$word"*) COMPREPLY+=("$(printf '%q' "$id")") ;; esac
      done < <(_nym_gateway_ids "$homes")
      return ;;
    ${pathOptions().map((option) => `--${option}`).join("|")})
      local IFS=$'\n' # names may have spaces
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$word"))
      return ;;
  esac
  if [ -z "$words" ]; then
    case "$command" in
${cases.map((line) => `      ${line}`).join("\n")}
${groups.map((group) => `      "${group} "*) words="${verbsOf(group)}" ;;`).join("\n")}
      *) words="${FIRST_WORDS}" ;;
    esac
    [ "$COMP_CWORD" -eq 1 ] && words="${FIRST_WORDS}"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -F _nym_gateway nym-gateway`;
}

function zsh(): string {
  const quote = (text: string) => text.replaceAll("'", "'\\''").replace(/[[\]:]/g, "\\$&");
  const argumentsOf = (name: CommandName) =>
    optionsOf(COMMANDS[name]).map((option) => {
      const { value, meaning, choices } = optionOf(option, name);
      const free = isPath(option) ? "_files" : namesHome(name, option) ? `{_nym_gateway_ids ${homesOf(name)}}` : " ";
      const action = choices === undefined ? free : `(${choices.join(" ")})`;
      return `'--${option}[${quote(meaning)}]${value === undefined ? "" : `:${quote(value)}:${action}`}'`;
    });
  const described = (group: GroupName | undefined) =>
    commandsOf(group).map((name) => `    '${verbOf(name)}:${quote(COMMANDS[name].purpose)}'`).join("\n");
  return `#compdef nym-gateway
# Completions of nym-gateway for zsh: nym-gateway completions zsh > "\${fpath[1]}/_nym-gateway"
_nym_gateway_ids() {
  local -a homes=("\${NYM_HOME:-$HOME/.nym}") configs
  [[ -n "$NYM_HOME" ]] || homes+=(/var/lib/nym-gateway)
  configs=(\${^homes}/$1/*/config/config.toml(N:h:h:t))
  compadd -a configs
}
_nym_gateway() {
  local -a commands=(
${described(undefined)}
${groups.map((group) => `    '${group}:${quote(GROUPS[group].purpose)}'`).join("\n")}
    'help:Explains a command'
  )
${groups.map((group) => `  local -a ${group}_commands=(\n${described(group)}\n  )`).join("\n")}
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command="$words[2]"
  shift words
  (( CURRENT-- ))
  if [[ "$command" == (${groups.join("|")}) ]]; then
    if (( CURRENT == 2 )); then
      _describe command "\${command}_commands"
      return
    fi
    command="$command $words[2]"
    shift words
    (( CURRENT-- ))
  fi
  case "$command" in
${
    commands.map(([name, { argument }]) =>
      `    "${name}") _arguments ${
        [...(argument ? [`'1:${argument}:(${OPTIONS[argument].choices?.join(" ")})'`] : []), ...argumentsOf(name)].join(
          " ",
        )
      } '(-h --help)'{-h,--help}'[explains the command]' ;;`
    ).join("\n")
  }
    help) _describe command commands ;;
  esac
}
_nym_gateway "$@"`;
}

function fish(): string {
  const quote = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const lines = commands.flatMap(([name, command]) => {
    const group = groupOf(name);
    const isFirst = group === undefined ? "__fish_use_subcommand" : quote(`__nym_gateway_is_only ${group}`);
    return [
      `complete -c nym-gateway -n ${isFirst} -a ${verbOf(name)} -d ${quote(command.purpose)}`,
      ...(command.argument === undefined ? [] : [
        `complete -c nym-gateway -n '__nym_gateway_is ${name}' -a ${
          quote(OPTIONS[command.argument].choices?.join(" ") ?? "")
        }`,
      ]),
      ...optionsOf(command).map((option) => {
        const { value, meaning, choices } = optionOf(option, name);
        const ids = ` -x -a '(__nym_gateway_ids ${homesOf(name)})'`;
        const free = isPath(option) ? " -r -F" : namesHome(name, option) ? ids : " -x";
        const values = choices === undefined ? free : ` -x -a ${quote(choices.join(" "))}`;
        return `complete -c nym-gateway -n '__nym_gateway_is ${name}' -l ${option}${
          value === undefined ? "" : values
        } -d ${quote(meaning)}`;
      }),
    ];
  });
  return `# Completions of nym-gateway for fish: nym-gateway completions fish > ~/.config/fish/completions/nym-gateway.fish
function __nym_gateway_ids
  set -l homes $HOME/.nym /var/lib/nym-gateway
  set -q NYM_HOME; and test -n "$NYM_HOME"; and set homes $NYM_HOME
  for config in $homes/$argv[1]/*/config/config.toml
    basename (dirname (dirname $config))
  end
end
function __nym_gateway_is # whether the command is that of these words
  set -l given (commandline -opc)
  test (count $given) -gt (count $argv); and test "$given[2..(math 1 + (count $argv))]" = "$argv"
end
function __nym_gateway_is_only # the same, with nothing after it
  __nym_gateway_is $argv; and test (count (commandline -opc)) -eq (math 1 + (count $argv))
end
complete -c nym-gateway -f
complete -c nym-gateway -s h -l help -d 'prints help'
complete -c nym-gateway -s V -l version -d 'prints the version'
complete -c nym-gateway -n __fish_use_subcommand -a help -d 'Explains a command'
${
    groups.map((group) =>
      `complete -c nym-gateway -n __fish_use_subcommand -a ${group} -d ${quote(GROUPS[group].purpose)}`
    )
      .join("\n")
  }
complete -c nym-gateway -n '__nym_gateway_is help' -a ${quote([...commandsOf(undefined), ...groups].join(" "))}
${lines.join("\n")}`;
}

function verbsOf(group: GroupName): string {
  return [...commandsOf(group).map(verbOf), "--help"].join(" ");
}

function optionsOf({ required, optional, argument }: typeof COMMANDS[CommandName]): OptionName[] {
  return [...required, ...optional].filter((option) => option !== argument);
}

function words(name: CommandName, command: typeof COMMANDS[CommandName]): string[] {
  const values = command.argument === undefined ? [] : OPTIONS[command.argument].choices ?? [];
  return [...values, ...optionsOf(COMMANDS[name]).map((option) => `--${option}`), "--help"];
}

function choiceOptions(): [OptionName, readonly string[]][] {
  return (Object.keys(OPTIONS) as OptionName[]).flatMap((option) => {
    const { choices } = OPTIONS[option];
    return choices === undefined ? [] : [[option, choices] as [OptionName, readonly string[]]];
  });
}

function pathOptions(): OptionName[] {
  return (Object.keys(OPTIONS) as OptionName[]).filter(isPath);
}

/** Whether the option names an existing home. */
function namesHome(command: CommandName, option: OptionName): boolean {
  return option === "id" && verbOf(command) !== "init" && command !== "import";
}

/** The name of the folder that holds the homes that a command is for. */
function homesOf(command: CommandName): string {
  const group = groupOf(command);
  return group === undefined ? GATEWAY_HOMES : GROUPS[group].homes;
}

function isPath(option: OptionName): boolean {
  return ["file", "folder"].includes(OPTIONS[option].value ?? "");
}
