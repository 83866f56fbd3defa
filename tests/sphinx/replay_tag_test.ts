import { assertEquals } from "@std/assert";
import { replayTag } from "../../src/sphinx/replay_tag.ts";

Deno.test("a replay tag is what any HMAC-SHA256 makes of key and label", async () => {
  const sharedKey = crypto.getRandomValues(new Uint8Array(32));
  const key = await crypto.subtle.importKey("raw", sharedKey, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const label = new TextEncoder().encode("nym-gateway replay tag");
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, label));
  assertEquals(replayTag(sharedKey), mac.slice(0, 16));
});
