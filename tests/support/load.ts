import { join } from "node:path";
import type { GatewayProcess } from "./gateway_process.ts";

/** Runs the load generator of the 0.7.0 programs; resolves with what it prints. For use in a `referenceTest`. */
export async function load(...args: (string | number)[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(join(Deno.env.get("NYM_REFERENCE")!, "sphinx-load"), {
    args: args.map(String),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const text = new TextDecoder().decode(stdout);
  // It also fails when messages are missing, and then says so in its report: that is for the caller to judge.
  if (!success && text === "") throw new Error(`sphinx-load ${args[0]} failed: ${new TextDecoder().decode(stderr)}`);
  return text;
}

/** The number that `pattern` captures in a report, such as `received 5000 of 5000 distinct, 0 duplicates, …`. */
export function reported(report: string, pattern: RegExp): number {
  const match = pattern.exec(report);
  if (match === null) throw new Error(`no ${pattern} in the report: ${report}`);
  return Number(match[1]);
}

/** Files for the load generator. */
export interface Load {
  /** `address token`, a line for each client */
  tokens: string;
  /** framed packets for these clients in turn; each message starts with its number */
  frames: string;
}

/** Registers new clients at a running gateway, and makes packets with messages of `size` bytes for them. */
export async function prepareLoad(
  gateway: Pick<GatewayProcess, "clients" | "home" | "publicKey">,
  clients: number,
  packets: number,
  size: number,
): Promise<Load> {
  const folder = await Deno.makeTempDir({ dir: gateway.home });
  const addresses = join(folder, "addresses");
  const tokens = join(folder, "tokens");
  const frames = join(folder, "frames");
  await Deno.writeTextFile(addresses, await load("addresses", clients));
  await Deno.writeTextFile(tokens, await load("register", gateway.clients, addresses));
  await load("generate", gateway.publicKey, addresses, packets, size, frames);
  return { tokens, frames };
}
