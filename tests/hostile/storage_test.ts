import { assert, assertEquals } from "@std/assert";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { PacketFactory } from "../bench/load/packet_factory.ts";
import { numbered, numberOf, range } from "../mailbox/messages.ts";
import { GatewayProcess } from "../support/gateway_process.ts";
import { NO_DIRECTORY } from "../support/gateway_rig.ts";
import { Operator } from "../support/operator.ts";
import { quietPort } from "../support/quiet_port.ts";
import { many, report } from "./besieged.ts";
import { logIn, post, register } from "./members.ts";

/** Inboxes that are filled, and bytes of one and of all. */
const INBOXES = many(20, 300);
const INBOX_BYTES = 100_000;
const MAILBOX_BYTES = many(1_000_000, 8_000_000);
/** Packets for each of them, more than fit into one; bytes of a message; messages that another client gets. */
const FLOOD = 130;
const SIZE = 975;
const LETTERS = 3;

Deno.test("a sender that fills inboxes of its own, as many as it has, keeps nobody's mail out", async () => {
  await using gateway = await GatewayProcess.init("ours", quietPort(), quietPort(), NO_DIRECTORY);
  const operator = new Operator(`127.0.0.1:${quietPort()}`);
  gateway.configure((config) => {
    config.operator.listeningAddress = operator.address;
    config.limits.inboxBytes = INBOX_BYTES;
    config.limits.mailboxBytes = MAILBOX_BYTES;
    config.limits.registeredClients = INBOXES + 2;
    config.limits.registrationsPerHour = INBOXES + 2;
  });
  await gateway.start();
  const [clients, mixnet] = [gateway.clients, gateway.mixnet].map((address) => parseSocketAddress(address)!);
  const factory = new PacketFactory(decodeBase58(gateway.publicKey)!);
  const bob = await register(clients!);
  for (const _ of range(INBOXES)) {
    const { address } = await register(clients!);
    await post(mixnet!, frame(...range(FLOOD).map((n) => factory.build(address, numbered(n, SIZE)))));
  }
  await operator.reaches("packets_received_total", INBOXES * FLOOD);
  const stored = await operator.metric("messages_stored_total");
  assert(stored < INBOXES * FLOOD, "the mailbox is full");
  await post(mixnet!, frame(...range(LETTERS).map((n) => factory.build(bob.address, numbered(n, SIZE)))));
  await operator.reaches("packets_received_total", INBOXES * FLOOD + LETTERS);
  await using client = await logIn(clients!, bob);
  assertEquals((await client.messages(LETTERS)).map(numberOf), range(LETTERS));
  report("inboxes filled", { inboxes: INBOXES, sent: INBOXES * FLOOD, stored, "letters of another": LETTERS });
});
