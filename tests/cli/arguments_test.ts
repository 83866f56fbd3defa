import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { parseArguments } from "../../src/cli/options/arguments.ts";
import { OperatorError } from "../../src/errors/operator_error.ts";

const parse = (line: string) => parseArguments(line.split(" ").filter((word) => word !== ""));

function refusal(line: string): string {
  const error = assertThrows(() => parse(line), OperatorError);
  assertEquals(error.exitCode, 64);
  return error.message;
}

Deno.test("no command, help and version are recognised in their usual forms", () => {
  assertEquals(parse(""), { kind: "usage" });
  for (const line of ["--help", "-h", "help"]) assertEquals(parse(line), { kind: "help" });
  for (const line of ["--version", "-V", "run --version", "init -V"]) assertEquals(parse(line), { kind: "version" });
  for (const line of ["init --help", "init -h", "help init", "init --id x -h"]) {
    assertEquals(parse(line), { kind: "help", command: "init" });
  }
  assertEquals(parse("run --help"), { kind: "help", command: "run" });
  for (const line of ["mixnode", "mixnode --help", "mixnode -h", "help mixnode"]) {
    assertEquals(parse(line), { kind: "help", command: "mixnode" });
  }
  for (const line of ["mixnode init --help", "help mixnode init"]) {
    assertEquals(parse(line), { kind: "help", command: "mixnode init" });
  }
  assertEquals(parse("build-info"), { kind: "command", command: "build-info", options: {} });
});

Deno.test("options are read with a space or an equals sign", () => {
  assertEquals(parse("init --id gw --mix-host=::1 --clients-host 1.2.3.4 --mix-port 007"), {
    kind: "command",
    command: "init",
    options: { "id": "gw", "mix-host": "::1", "clients-host": "1.2.3.4", "mix-port": "007" },
  });
  assertEquals(parse("mixnode init --id m --host=::1 --layer 2"), {
    kind: "command",
    command: "mixnode init",
    options: { "id": "m", "host": "::1", "layer": "2" },
  });
  assertEquals(parseArguments(["run", "--id", "1", "--location", "New York", "--directory=http://a/?b=c"]), {
    kind: "command",
    command: "run",
    options: { "id": "1", "location": "New York", "directory": "http://a/?b=c" },
  });
});

Deno.test("a value may begin with a minus sign, and a flag has none", () => {
  assertEquals(parseArguments(["run", "--id", "gw", "--location", "-33.87, 151.21"]), {
    kind: "command",
    command: "run",
    options: { "id": "gw", "location": "-33.87, 151.21" },
  });
  assertEquals(parseArguments(["run", "--id", "gw", "--location=-Sydney"]), {
    kind: "command",
    command: "run",
    options: { "id": "gw", "location": "-Sydney" },
  });
  assertEquals(parse("export --id gw --file x --passphrase-file -"), {
    kind: "command",
    command: "export",
    options: { "id": "gw", "file": "x", "passphrase-file": "-" },
  });
  assertEquals(parse("import --keep-outside-paths --file x"), {
    kind: "command",
    command: "import",
    options: { "keep-outside-paths": "given", "file": "x" },
  });
});

Deno.test("arguments that can't be understood are refused, with a suggestion", () => {
  const cases: Record<string, string> = {
    "rum --id x": 'unknown command "rum"; did you mean "run"?',
    "--id x": "a command must come before --id; nym-gateway --help lists them",
    "help elsewhere": 'there is no help on "elsewhere"',
    "help run init": 'unexpected argument "init"',
    "help mixnode int": 'there is no help on "mixnode int"; did you mean "init"?',
    "help mixnode init run": 'unexpected argument "run"',
    "mixnod init": 'unknown command "mixnod"; did you mean "mixnode"?',
    "mixnode inti --id x": 'mixnode has no command "inti"; did you mean "init"?',
    "mixnode export": 'mixnode has no command "export"',
    "mixnode init --id x --host ::1": "mixnode init needs --layer <number>; see nym-gateway mixnode init --help",
    "mixnode init --mix-host x": "mixnode init has no option --mix-host",
    "init --id x --mix-host 1.2.3.4": "init needs --clients-host <ip[:port]>; see nym-gateway init --help",
    "init --id x --mix-host ::1": "init needs --clients-host <ip[:port]>; see nym-gateway init --help",
    "run --id": "--id needs a value: --id <word>",
    "run --id --mix-port 1": "--id needs a value: --id <word>",
    "run --id -h": "--id needs a value: --id <word>",
    "run --id x --location -- y": "--location needs a value: --location <text>",
    "run -xh --id y": "run has no option -xh",
    "import --file x --keep-outside-paths=yes": "--keep-outside-paths takes no value",
    "import --keep-outside-paths --keep-outside-paths": "--keep-outside-paths is given twice",
    "run --id=": "--id needs a value: --id <word>",
    "run --id x --id x": "--id is given twice",
    "run --id x --mix-prot 1": 'run has no option --mix-prot; did you mean "--mix-port"?',
    "init --id x --config y": "init has no option --config",
    "run --id x --no-location": 'run has no option --no-location; did you mean "--location"?',
    "run --id x --__proto__=y": "run has no option --__proto__",
    "run --id x -v": "run has no option -v",
    "run -id x": 'run has no option -id; did you mean "--id"?',
    "run --id x y": 'unexpected argument "y"',
    "check --id x --output xml": '--output is "xml" and must be one of text, json',
    "completions": "completions needs <shell>; see nym-gateway completions --help",
    "completions bash zsh": 'unexpected argument "zsh"',
    "run --id x -- y": 'unexpected argument "y"',
  };
  for (const [line, message] of Object.entries(cases)) assertEquals(refusal(line), message, line);
});

Deno.test("an option given as a plain word is named without dashes", () => {
  assertMatch(refusal("completions tcsh"), /^<shell> is "tcsh" and must be one of bash, zsh, fish/);
});
