import { assertEquals } from "@std/assert";
import { PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { numbered, numberOf, range } from "../mailbox/messages.ts";
import { ClientsRig } from "./clients_rig.ts";

const to = { host: "127.0.0.1", port: 1789 };

function request(number: number): Uint8Array {
  const address = encodeNodeAddress(to);
  const frame = new Uint8Array(address.length + PACKET_SIZE);
  frame.set(address);
  frame.set(numbered(number, PACKET_SIZE), address.length);
  return frame;
}

Deno.test("a client's packet goes to the mixnode that it names", async () => {
  await using rig = await ClientsRig.start();
  await using someone = await rig.logIn(1);
  someone.send(request(7));
  assertEquals(await someone.answer(), { type: "send", status: true });
  assertEquals(rig.forwarded, [{ to, packet: numbered(7, PACKET_SIZE) }]);
});

Deno.test("a client is told when the queue has no room for its packet, or the mixnode is unknown", async () => {
  await using rig = await ClientsRig.start();
  await using someone = await rig.logIn(1);
  rig.forwarding = "full";
  someone.send(request(1));
  assertEquals(await someone.answer(), { type: "send", status: false });
  rig.forwarding = "refused";
  someone.send(request(2));
  assertEquals(await someone.answer(), {
    type: "error",
    message: "the packet's first mixnode is not in the current topology",
  });
});

Deno.test("a burst of packets is forwarded in order, and answered one by one", async () => {
  await using rig = await ClientsRig.start();
  await using someone = await rig.logIn(1);
  const count = 5000;
  for (const n of range(count)) someone.send(request(n));
  for (const _ of range(count)) assertEquals(await someone.answer(), { type: "send", status: true });
  assertEquals(rig.forwarded.map(({ packet }) => numberOf(packet)), range(count));
});

Deno.test("a malformed packet frame is answered with the error text of 0.7.0", async () => {
  await using rig = await ClientsRig.start();
  await using someone = await rig.logIn(1);
  const answers: [Uint8Array, string][] = [
    [new Uint8Array(0), "address field was incorrectly encoded"],
    [request(1).fill(9, 0, 1), "address field was incorrectly encoded"],
    [request(1).subarray(2), "address field was incorrectly encoded"],
    [request(1).subarray(0, -1), "received request had invalid size. (actual: 1371, expected: 1372)"],
  ];
  for (const [frame, message] of answers) {
    someone.send(frame);
    assertEquals(await someone.answer(), { type: "error", message });
  }
  assertEquals(rig.forwarded, []);
});
