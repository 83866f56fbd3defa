import { FakeNode } from "./fake_node.ts";
import { numberOf } from "./numbered_packets.ts";

/** A mixnode that receives numbered packets. */
export class FakeMixnode extends FakeNode {
  readonly received: number[] = [];

  protected override take(packet: Uint8Array): void {
    this.received.push(numberOf(packet));
  }
}
