import { assertEquals, assertLessOrEqual } from "@std/assert";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { MESSAGE_SIZE } from "../bench/load/plan.ts";
import { makePackets } from "../bench/load/packets.ts";
import { numberOf, range } from "../mailbox/messages.ts";
import type { GatewayProcess } from "../support/gateway_process.ts";
import type { Operator } from "../support/operator.ts";
import { assertServed, Besieged, many, report } from "./besieged.ts";
import { logIn, type Member, post, register } from "./members.ts";

const MEMORY = 150; // allowed growth in MB
const CLIENTS = many(50, 1000);
const MAIL = many(5, 100); // MB stored for all of them
/** Measurements of memory, a second apart; the gateway disconnects the clients after 30 s. */
const LOOKS = many(3, 40);

/** Registers clients and sends them mail in turn; resolves when all of it is stored. */
async function fillInboxes(gateway: GatewayProcess, operator: Operator, messages: number): Promise<Member[]> {
  const address = parseSocketAddress(gateway.clients)!;
  const members: Member[] = [];
  while (members.length < CLIENTS) members.push(await register(address));
  const plan = { first: 0, count: messages, clients: CLIENTS, connections: 1, realEvery: 1 };
  const addresses = members.map(({ address }) => address);
  const { streams } = await makePackets(decodeBase58(gateway.publicKey)!, addresses, plan);
  await post(parseSocketAddress(gateway.mixnet)!, streams[0]!);
  await operator.reaches("messages_stored_total", messages, 120_000);
  return members;
}

/** Runs a program that logs in as these clients and reads nothing. */
async function startStalled(gateway: string, members: readonly Member[]): Promise<Deno.ChildProcess> {
  const program = new URL("./stalled_program.ts", import.meta.url).pathname;
  const args = ["run", "--allow-net", program, gateway];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
  const logins = ReadableStream.from([members.map(({ login }) => JSON.stringify(login)).join("\n")]);
  await logins.pipeThrough(new TextEncoderStream()).pipeTo(child.stdin);
  const output = child.stdout.getReader();
  const { done } = await output.read();
  await output.cancel();
  if (done) throw new Error("not all of the clients that never read could log in");
  return child;
}

Deno.test("clients that never read use bounded memory, and lose no stored mail", async () => {
  const messages = MAIL * 1_000_000 / MESSAGE_SIZE;
  let members: Member[] = [];
  await using besieged = await Besieged.start(
    () => {},
    async (gateway, operator) => void (members = await fillInboxes(gateway, operator, messages)),
  );
  const clients = besieged.clientsAddress;
  await using stalled = await startStalled(besieged.gateway.clients, members);
  const growths: number[] = [];
  while (growths.length < LOOKS) {
    growths.push(await besieged.memoryGrowth());
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
  const growth = Math.max(...growths);
  const honest = await besieged.endProbing();
  const online = await besieged.operator.metric("clients_online");
  stalled.kill("SIGKILL");
  await stalled.status;

  for (const [n, member] of members.entries()) {
    await using client = await logIn(clients, member);
    const received = (await client.messages(messages / CLIENTS)).map(numberOf);
    assertEquals(received, range(messages / CLIENTS).map((round) => round * CLIENTS + n));
  }
  report("clients that never read", {
    clients: CLIENTS,
    "MB waiting": MAIL,
    "MB grown": growth,
    "still online": online,
    ...honest,
  });
  assertLessOrEqual(growth, MEMORY);
  assertServed(honest);
});
