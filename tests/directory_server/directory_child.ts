import { ed25519 } from "@noble/curves/ed25519.js";
import { defaultsOf, DIRECTORY } from "../../src/config/config.ts";
import { Directory } from "../../src/directory_server/directory.ts";
import { setLogLevel } from "../../src/logging/log.ts";
import { gateway, keyOf, mixnode, post } from "./nodes.ts";

/** Runs a directory, gives it nodes and decisions without end, and prints a line for each that it has accepted. */
const [root = "", from = "0"] = Deno.args;
setLogLevel("off");
const config = defaultsOf(DIRECTORY, "crash", root);
config.directory.open = true;
config.directory.listeningAddress = "127.0.0.1:0";
const directory = await Directory.start(config, ed25519.utils.randomSecretKey(), () => 1); // so that nothing expires
const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
const node = async (kind: "mixnodes" | "gateways", n: number) => {
  const [status] = await post(`${directory.url}/api/presence/${kind}`, kind === "mixnodes" ? mixnode(n) : gateway(n));
  if (status === 201) say(`${kind} ${n}`);
};
for (let n = Number(from); n < 900; n += 2) {
  await Promise.all([
    node("mixnodes", n),
    node("gateways", n),
    node("mixnodes", n + 1),
    directory.decide(keyOf(n), { layer: 1 + n % 4 }).then(() => say(`layer ${n}`)),
  ]);
}
