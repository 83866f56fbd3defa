import { fileURLToPath } from "node:url";
import { type Account, note, type Progress } from "./account.ts";

const CHILD = fileURLToPath(new URL("./mailbox_child.ts", import.meta.url));

/** Whether strace is installed and may trace. */
export const hasStrace = await new Deno.Command("strace", { args: ["true"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

/** The command line of a child that continues from `progress`; see mailbox_child.ts. */
export function childCommand(
  place: string,
  seed: number,
  rounds: number,
  progress: readonly Progress[],
  ending: "close" | "exit" = "exit",
): string[] {
  const texts = progress.map(({ stored, confirmed }) => `${stored}/${confirmed}`);
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-net", "--allow-sys"];
  return [
    Deno.execPath(),
    "run",
    "--no-code-cache",
    ...permissions,
    CHILD,
    place,
    `${seed}`,
    `${rounds}`,
    ending,
    ...texts,
  ];
}

/**
 * Runs a child to its end and records its reports, including those written just before a kill. Calls `onFirstLine` when
 * it has opened its mailbox.
 *
 * @returns whether it ended by itself
 */
export async function runChild(
  command: readonly string[],
  account: Account,
  onStart: (child: Deno.ChildProcess) => void = () => {},
  onFirstLine: (child: Deno.ChildProcess) => void = () => {},
): Promise<boolean> {
  const [program, ...args] = command;
  const child = new Deno.Command(program!, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  onStart(child);
  const errors = new Response(child.stderr).text();
  let rest = "";
  let lines = 0;
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const whole = (rest + text).split("\n");
    rest = whole.pop()!;
    for (const each of whole) {
      note(account, each);
      if (lines++ === 0) onFirstLine(child);
    }
  }
  const { success, signal } = await child.status;
  if (!success && signal === null) throw new Error(`the child failed: ${await errors}`);
  await errors;
  return success;
}
