import { kindOfAddress } from "./kind_of_address.ts";

/** The IP addresses, of both families, that the DNS has for a host; a host that is an address has itself. */
export async function addressesOf(host: string, signal?: AbortSignal): Promise<string[]> {
  if (kindOfAddress(host) !== undefined) return [host];
  const options = signal === undefined ? {} : { signal };
  const types = ["A", "AAAA"] as const;
  const answers = await Promise.allSettled(types.map((type) => Deno.resolveDns(host, type, options)));
  return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
}
