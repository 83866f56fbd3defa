import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { RawClient } from "../support/raw_client.ts";

/**
 * Logs in as the clients whose logins come on standard input, a line each, at the gateway that its argument names, and
 * never reads what is pushed to them. It says when all are there, and then waits for its end: only that of a process
 * resets its connections.
 */
const gateway = parseSocketAddress(Deno.args[0]!)!;
const logins = (await new Response(Deno.stdin.readable).text()).trim().split("\n");
const clients: RawClient[] = [];
for (const login of logins) {
  const client = await RawClient.connect(gateway);
  await client.send(JSON.parse(login));
  await client.frameArrived(); // the answer to its login, of which it has read a byte
  clients.push(client);
}
await Deno.stdout.write(new TextEncoder().encode("all are there\n"));
await new Promise((resolve) => setTimeout(resolve, 3_600_000, clients));
