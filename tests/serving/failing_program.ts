// deno-lint-ignore-file no-console -- its output is its purpose
/** Serves requests that can't be answered, prints its port, and ends when its standard input does. */
import { LastingServer } from "../../src/serving/lasting_server.ts";

await using server = new LastingServer({ host: "127.0.0.1", port: 0 }, {
  answer: () => {
    throw new Error("this can't be answered");
  },
  failed: (error) => new Response(`${error}`, { status: 500 }),
  ended: () => {},
});
console.log(server.address.port);
await new Response(Deno.stdin.readable).text();
