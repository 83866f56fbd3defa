import { type Action, interpret } from "../../src/clients/session.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { ADDRESS_SIZE, PACKET_SIZE } from "../../src/sphinx/constants.ts";
import { encodeNodeAddress } from "../../src/sphinx/node_address.ts";
import { Random } from "../support/random.ts";
import { mutatedBytes, mutatedText } from "./mutate.ts";
import type { Target } from "./target.ts";

/** The longest answer to any request. */
const MAX_ANSWER = 200;

const random = new Random(0);
const address = encodeBase58(random.bytes(ADDRESS_SIZE));
const token = encodeBase58(random.bytes(ADDRESS_SIZE));
const CONTROL = [
  { type: "register", address },
  { type: "authenticate", address, token },
  { type: "received", frames: 70 },
].map((request) => JSON.stringify(request));

/** Text frames before and after the login. */
export const control: Target = {
  name: "control-json",
  attempt(random) {
    check(interpret(random.oneIn(2), mutatedText(random, random.pick(CONTROL))));
  },
};

const PACKETS = ["203.0.113.7", "2001:db8::7"].map((host) => {
  const address = encodeNodeAddress({ host, port: 1789 });
  const frame = new Uint8Array(address.length + PACKET_SIZE);
  frame.set(address);
  return frame;
});

/** Binary frames before and after the login. */
export const binary: Target = {
  name: "websocket-binary",
  attempt(random) {
    const valid = random.pick(PACKETS);
    const frame = mutatedBytes(random, valid, true);
    if (random.oneIn(2) && frame.length > 0) frame.set(mutatedBytes(random, frame.subarray(0, 20)));
    check(interpret(!random.oneIn(8), frame));
  },
};

function check(action: Action): void {
  if ("message" in action && action.message.length > MAX_ANSWER) throw new Error(`a long answer: ${action.message}`);
  if ("address" in action && action.address.length !== ADDRESS_SIZE) throw new Error("an address of the wrong size");
  if (action.kind === "forward") {
    if (action.packet.length !== PACKET_SIZE) throw new Error(`a packet of ${action.packet.length} bytes`);
    if (encodeNodeAddress(action.to).length === 0) throw new Error("an invalid address");
  }
}
