// deno-lint-ignore-file no-console -- an example
/** Sends a message to itself through the mixnet: `deno run --allow-net deno.ts http://127.0.0.1:8080` */
import { Peap } from "@nym-gateway/peap";

await using client = await Peap.connect({ directory: Deno.args[0]! });
await client.send(client.address, "hello from Deno");
for await (const message of client) {
  console.log(message.text());
  break;
}
