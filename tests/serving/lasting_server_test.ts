import { assertEquals, assertThrows } from "@std/assert";
import { LastingServer, type ServerEvents } from "../../src/serving/lasting_server.ts";

const LOCAL = { host: "127.0.0.1", port: 0 };
const GREETING: ServerEvents = {
  answer: (_, { hostname }) => new Response(`hello ${hostname}`),
  failed: () => new Response(null, { status: 500 }),
  ended: () => {},
};

Deno.test("it answers where it listens until it is closed, and a port in use is an error at once", async () => {
  const ends: unknown[] = [];
  const server = new LastingServer(LOCAL, { ...GREETING, ended: (reason) => ends.push(reason) });
  const { host, port } = server.address;
  assertEquals(await (await fetch(`http://${host}:${port}/`)).text(), "hello 127.0.0.1");
  assertThrows(() => new LastingServer(server.address, GREETING), Deno.errors.AddrInUse);
  await server[Symbol.asyncDispose]();
  Deno.listen({ hostname: host, port }).close();
  assertEquals(ends, []);
});

Deno.test("what an answer throws is the owner's to answer, and nothing is printed", async () => {
  const program = new URL("./failing_program.ts", import.meta.url).pathname;
  const args = ["run", "--no-check", "--allow-net", program];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
  const printed = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = (await printed.read()).value!.trim();
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  assertEquals([answer.status, await answer.text()], [500, "Error: this can't be answered"]);
  await child.stdin.close();
  assertEquals(await new Response(child.stderr).text(), "");
  await printed.cancel();
  assertEquals((await child.status).code, 0);
});
