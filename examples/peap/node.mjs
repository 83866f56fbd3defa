// deno-lint-ignore-file no-console -- an example
/** Sends a message to itself through the mixnet: `node node.mjs http://127.0.0.1:8080` */
import { Peap } from "@nym-gateway/peap";

const client = await Peap.connect({ directory: process.argv[2] });
await client.send(client.address, "hello from Node");
for await (const message of client) {
  console.log(message.text());
  break;
}
await client.close();
