import { assertEquals } from "@std/assert";
import * as sizes from "../../src/sphinx/constants.ts";

Deno.test("the formulas give the sizes of 0.7.0", () => {
  assertEquals(sizes.FORWARD_META_SIZE, 44);
  assertEquals(sizes.FINAL_META_SIZE, 52);
  assertEquals(sizes.ROUTING_STEP_SIZE, 60);
  assertEquals(sizes.ROUTING_SIZE, 300);
  assertEquals(sizes.STREAM_SIZE, 360);
  assertEquals(sizes.HEADER_SIZE, 348);
  assertEquals(sizes.PACKET_SIZE, 1372);
  assertEquals(sizes.MAX_MESSAGE_SIZE, 975);
});
