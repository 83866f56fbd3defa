import { fileURLToPath } from "node:url";
import { denoDirectory } from "../support/deno_directory.ts";
import { type Outcome, outcomeIn } from "../support/outcome.ts";

const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

/**
 * The command that runs the program in `file`, a path relative to this folder, with only `env` as its environment; if a
 * shell's line is given, through that, which must end in `exec "$0" "$@"`.
 */
export function program(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
  line?: string,
): Deno.Command {
  const words = [Deno.execPath(), ...denoArguments(file, args)];
  return command(line === undefined ? words : ["sh", "-c", line, ...words], env);
}

/** The same on a pseudo-terminal, by script(1): its input is typed, its output is the screen. */
export function programOnTerminal(file: string, args: readonly string[], env: Record<string, string>): Deno.Command {
  const line = [Deno.execPath(), ...denoArguments(file, args)].map((word) => `'${word}'`).join(" ");
  return command(["script", "--quiet", "--return", "--command", line, "/dev/null"], env);
}

/** The same in a shell that has run `before`, as in `umask 077`. */
export function programAfter(
  before: string,
  file: string,
  args: readonly string[],
  env: Record<string, string>,
): Deno.Command {
  return command(["sh", "-c", `${before}; exec "$@"`, "sh", Deno.execPath(), ...denoArguments(file, args)], env);
}

function denoArguments(file: string, args: readonly string[]): string[] {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  return [
    "run",
    "--quiet",
    "--no-check",
    "--cached-only",
    "--config",
    config,
    ...PERMISSIONS,
    path,
    ...args,
  ];
}

function command([program, ...args]: readonly string[], env: Record<string, string>): Deno.Command {
  return new Deno.Command(program!, {
    args,
    env: { DENO_DIR: denoDirectory(), ...env },
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs the command line `line` with a gateway that ends as soon as it is started. */
export function nymGateway(line: string, env: Record<string, string>): Promise<Outcome> {
  return outcomeOf(program("gateway_program.ts", line.split(" ").filter((word) => word !== ""), env));
}

/** Runs a program that ends by itself. */
export async function outcomeOf(command: Deno.Command): Promise<Outcome> {
  const child = command.spawn();
  await child.stdin.close();
  return outcomeIn(await child.output());
}
