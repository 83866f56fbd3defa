import { hexToBytes } from "@noble/curves/utils.js";
import { assertEquals } from "@std/assert";
import { formatSocketAddress } from "../../src/addresses/socket_address.ts";
import { decodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import type { Connect } from "../../src/mixnet/mixnode_link.ts";
import { eventually } from "../support/eventually.ts";
import { Silence } from "../support/silence.ts";
import { sphinxVectors } from "../support/vectors.ts";
import { MixnodeRig } from "./mixnode_rig.ts";

Deno.test("what a mixnode makes of a packet of 0.7.0 is what the 0.7.0 mixnode made of it, hop by hop", async () => {
  using _silence = new Silence();
  const { packet, hops } = sphinxVectors().packets.findLast(({ hops }) => hops.length === 5)!;
  let arriving = hexToBytes(packet);
  for (const [i, hop] of hops.slice(0, -1).entries()) {
    const sent: { to: string; bytes: Uint8Array }[] = [];
    const connect: Connect = (to) => {
      const closed = Promise.withResolvers<null>();
      return Promise.resolve({
        read: () => closed.promise,
        write: (bytes) =>
          Promise.resolve(sent.push({ to: formatSocketAddress(to), bytes: bytes.slice() }) && bytes.length),
        close: () => closed.resolve(null),
      });
    };
    const keys = { privateKey: hexToBytes(hop.private_key), publicKey: decodeBase58(hop.public_key)! };
    const anywhere = ({ mixnode }: MixnodeRig["config"]) => mixnode.forwardTo = "any";
    await using rig = await MixnodeRig.start("http://127.0.0.1:1", 1, anywhere, keys, connect);
    await rig.send(arriving);
    await eventually("it is forwarded", () => sent.length === 1);
    arriving = hexToBytes(hop.next_packet!);
    assertEquals(sent, [{ to: hops[i + 1]!.listens_on, bytes: frame(arriving) }]);
  }
});
