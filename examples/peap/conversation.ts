// deno-lint-ignore-file no-console -- an example
/** Alice and Bob talk through the mixnet: `deno run --allow-net conversation.ts http://127.0.0.1:8080` */
import { MemoryStore, Peap } from "@nym-gateway/peap";
import { Conversations } from "@nym-gateway/peap/conversation";

async function open(): Promise<Conversations> {
  const store = new MemoryStore(); // it ends with this program: see FileStore and IndexedDbStore
  const client = await Peap.connect({ directory: Deno.args[0]!, store, traffic: "none" }); // for a quick answer
  return await Conversations.open(client, { store });
}

await using alice = await open();
await using bob = await open();
const friend = await bob.accept(await alice.invite());
await bob.send(friend, "hello from Bob");
for await (const event of alice) {
  if (event.type !== "message") continue;
  console.log(new TextDecoder().decode(event.data));
  break;
}
