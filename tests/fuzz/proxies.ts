import { parseIp } from "../../src/addresses/ip_literal.ts";
import { forwardedBy } from "../../src/proxies/forwarded.ts";
import { MAX_SIZE, ProxyHeader } from "../../src/proxies/proxy_header.ts";
import { binaryHeader, textHeader } from "../proxies/headers.ts";
import type { Random } from "../support/random.ts";
import { mutatedBytes, mutatedText } from "./mutate.ts";
import type { Target } from "./target.ts";

const VALID = [undefined, "192.0.2.1", "2001:db8::1"].flatMap((ip) => [textHeader(ip), binaryHeader(ip, 20)]);
const FORWARDED = 'for=192.0.2.60;proto=http;by="[::1]:80", for="[2001:db8:cafe::17]:4711",for=10.0.0.1';
const X_FORWARDED_FOR = "192.0.2.60, 2001:db8::17, [::1]:80, unknown, 10.0.0.1:443";

/** Headers of proxies: of the PROXY protocol, cut anywhere, compared with the whole at once; and of HTTP. */
export const proxies: Target = {
  name: "proxies",
  attempt(random) {
    const stream = new Uint8Array(mutatedBytes(random, random.pick(VALID), true));
    const [atOnce, inPieces] = [outcome(random, stream, stream.length), outcome(random, stream, 5)];
    if (atOnce !== inPieces) throw new Error(`${inPieces} in pieces, ${atOnce} at once`);
    attemptForwarded(mutatedText(random, FORWARDED), mutatedText(random, X_FORWARDED_FOR), random);
  },
};

/** The outcome of the stream in pieces of at most `most` bytes, and the size of its header. */
function outcome(random: Random, stream: Uint8Array, most: number): string {
  const header = new ProxyHeader();
  for (let at = 0; at < stream.length;) {
    const size = most === stream.length ? most : 1 + random.below(most);
    const beginning = header.push(stream.subarray(at, at + size));
    at = Math.min(stream.length, at + size);
    if (beginning.kind === "malformed") return "malformed";
    if (beginning.kind === "incomplete") {
      if (at >= MAX_SIZE) throw new Error(`incomplete after ${at} bytes`);
      continue;
    }
    const { source, rest } = beginning;
    if (source !== undefined) checkIp(source);
    return `${source} after ${at - rest.length}`;
  }
  return "incomplete";
}

function attemptForwarded(forwarded: string, xForwardedFor: string, random: Random): void {
  const headers = new Headers();
  for (const [name, value] of [["forwarded", forwarded], ["x-forwarded-for", xForwardedFor]] as const) {
    const valid = value.replaceAll(/[^\t\x20-\xff]|\x7f/g, "?");
    if (!random.oneIn(3)) headers.set(name, valid);
  }
  const found = forwardedBy(headers, (ip) => ip.startsWith("10."));
  if (found.kind === "client") checkIp(found.address);
}

function checkIp(text: string): void {
  if (parseIp(text) !== text) throw new Error(`${text} is not a canonical address`);
}
