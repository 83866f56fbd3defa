import { kindOfAddress } from "./kind_of_address.ts";

/** The IP addresses, of both families, that the DNS has for a host; a host that is an address has itself. */
export async function addressesOf(host: string): Promise<string[]> {
  if (kindOfAddress(host) !== undefined) return [host];
  const answers = await Promise.allSettled((["A", "AAAA"] as const).map((type) => Deno.resolveDns(host, type)));
  return answers.flatMap((answer) => answer.status === "fulfilled" ? answer.value : []);
}
