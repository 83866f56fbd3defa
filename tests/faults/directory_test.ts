import { assert, assertLessOrEqual } from "@std/assert";
import { type Answer, DirectoryServer } from "../directory/directory_server.ts";
import { report } from "../hostile/besieged.ts";
import { range } from "../mailbox/messages.ts";
import { eventually } from "../support/eventually.ts";
import { FaultyGateway } from "./faulty_gateway.ts";

/** the most memory of the gateway in MB, whatever its directory answers */
const MEMORY = 400;
const MB = 1_000_000;
/** gateways side by side, as much of it is waiting */
const LANES = 3;

const text = (body: string) => () => new Response(body);
/** At least `size` bytes of entries of a JSON list, between these two texts. */
const listOf = (begin: string, entry: string, end: string, size: number) => () =>
  new Response(begin + entry.repeat(size / entry.length) + end);

/** A byte now and then, for ever. */
const trickle: Answer = () => {
  let timer: ReturnType<typeof setInterval>;
  return new Response(
    new ReadableStream({
      start: (body) => void (timer = setInterval(() => body.enqueue(new Uint8Array(1).fill(32)), 50)),
      cancel: () => clearInterval(timer),
    }),
  );
};

/** An answer, and what the gateway logs about it. */
type Rubbish = readonly [what: string, answer: Answer | "never", said: string];
const RUBBISH: readonly Rubbish[] = [
  [
    "100 MB of JSON",
    listOf('{"gatewayNodes":[],"mixNodes":[', '{"host":"nobody"},', "{}]}", 100 * MB),
    "is not a directory's",
  ],
  [
    "thirty million bytes of empty entries",
    listOf('{"gatewayNodes":[],"mixNodes":[', "[],", "[]]}", 30 * MB),
    "is not a directory's",
  ],
  ["thirty million brackets", text("[".repeat(30 * MB)), "is not a topology"],
  [
    "140 MB of clients",
    listOf('{"mixNodes":[],"gatewayNodes":[{"registeredClients":[', '{"pubKey":"x"},', "{}]}]}", 140 * MB),
    "is not a directory's",
  ],
  ["invalid UTF-8", () => new Response(new Uint8Array(10_000).fill(0xff)), "is not a topology"],
  ["other types", text('{"mixNodes":{"host":1},"gatewayNodes":"none"}'), "is not a topology"],
  [
    "entries of other types",
    text('{"mixNodes":7,"gatewayNodes":[null,1,[],{"mixnetListener":{}}]}'),
    "is not a topology",
  ],
  ["status 500", () => new Response("out of order", { status: 500 }), "status 500"],
  [
    "a redirect loop",
    () => new Response(null, { status: 307, headers: { location: "/api/presence/topology" } }),
    "it redirects to /api/presence/topology (status 307)",
  ],
  [
    "a redirect to a file",
    () => new Response(null, { status: 307, headers: { location: "file:///etc/passwd" } }),
    "it redirects to file:///etc/passwd (status 307)",
  ],
  ["an endless answer", trickle, "no complete answer within"],
  ["no answer", "never", "no complete answer within"],
];

/** The peak memory of a process, in MB. */
async function peakMemory(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`] }).output();
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(new TextDecoder().decode(stdout))![1]) / 1024);
}

Deno.test("whatever the directory answers, the gateway starts, serves, logs it and recovers", async () => {
  const peaks: Record<string, number> = {};
  const left = [...RUBBISH];
  await Promise.all(range(LANES).map(() => endure(() => left.shift(), peaks)));
  report("directory, peak of memory in MB", peaks);
  assertLessOrEqual(Math.max(...Object.values(peaks)), MEMORY);
});

/** One gateway, which is restarted with one kind of answer after the other. */
async function endure(next: () => Rubbish | undefined, peaks: Record<string, number>): Promise<void> {
  await using directory = new DirectoryServer();
  const [topology, presence] = [directory.topology, directory.presence];
  await using gateway = await FaultyGateway.start({
    adjust: ({ gateway, debug }) => {
      gateway.presenceDirectoryServer = directory.url;
      debug.presenceSendingDelay = 100;
    },
  });
  const { operator, process } = gateway;
  peaks["valid answers"] = await peakMemory(process.pid);
  for (let rubbish = next(); rubbish !== undefined; rubbish = next()) {
    const [what, answer, said] = rubbish;
    await process.stop();
    directory.topology = directory.presence = answer === "never" ? directory.never : answer;
    await process.start();
    await eventually(what, () => process.log.includes("requests to directory ") && process.log.includes(said), 120_000);
    await gateway.store(20);
    await gateway.readAll();
    peaks[what] = await peakMemory(process.pid);
    directory.topology = topology;
    directory.presence = presence;
    await eventually("it has recovered", () => process.log.includes("answers again"), 120_000);
  }
  directory.presence = directory.topology = () => Response.redirect("https://elsewhere.example/", 302);
  await operator.says(
    /^warn +directory +requests fail: it redirects to https:\/\/elsewhere\.example\/ .*set presence_/m,
  );
  assert((await operator.readiness()).ready);
}
