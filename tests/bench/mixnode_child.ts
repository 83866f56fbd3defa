// deno-lint-ignore-file no-console -- it answers on standard output
/** A mixnode in its own process, for mixnode.ts. For each line on standard input, it prints its usage and counters. */
import process from "node:process";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { defaultsOf, MIXNODE } from "../../src/config/config.ts";
import { setLogLevel } from "../../src/logging/log.ts";
import { Mixnode } from "../../src/mixnode/mixnode.ts";
import { generateKeyPair } from "../../src/sphinx/curve.ts";

setLogLevel("error");
const [folder, address] = Deno.args as [string, string];
const config = defaultsOf(MIXNODE, "bench", folder);
Object.assign(config.mixnode, { listeningAddress: address, announceAddress: address, forwardTo: "any" });
config.mixnode.presenceDirectoryServer = "http://127.0.0.1:1"; // nothing listens there
config.operator.listeningAddress = "127.0.0.1:0";
const keys = generateKeyPair();
{
  await using mixnode = await Mixnode.start(config, keys);
  console.log(keys.publicKey.toHex());
  const metrics = `http://${formatSocketAddress(mixnode.operatorAddress!)}/metrics`;
  for await (const _line of Deno.stdin.readable) {
    const { user, system } = process.cpuUsage();
    const { rss } = Deno.memoryUsage();
    const text = await (await fetch(metrics)).text();
    const value = (name: string) => Number(new RegExp(`^nym_mixnode_${name} (\\S+)$`, "m").exec(text)![1]);
    const unwrapping = 1e6 * value("unwrap_duration_seconds_sum");
    const workers = value("unwrapping_workers");
    console.log(
      JSON.stringify({ cpu: user + system, unwrapping, workers, rss, counters: mixnode.counters.snapshot() }),
    );
  }
}
