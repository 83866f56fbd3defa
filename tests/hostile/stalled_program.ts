import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { RawClient } from "../support/raw_client.ts";

/**
 * Logs in to the gateway in its argument, once for each login request on a line of standard input, and never reads the
 * pushed messages. Reports when all are logged in, and then waits to be killed: only then are the connections reset.
 */
const gateway = parseSocketAddress(Deno.args[0]!)!;
const logins = (await new Response(Deno.stdin.readable).text()).trim().split("\n");
const clients: RawClient[] = [];
for (const login of logins) {
  const client = await RawClient.connect(gateway);
  await client.send(JSON.parse(login));
  await client.frameArrived(); // one byte of the answer to the login
  clients.push(client);
}
await Deno.stdout.write(new TextEncoder().encode("all are there\n"));
await new Promise((resolve) => setTimeout(resolve, 3_600_000, clients));
