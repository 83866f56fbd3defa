import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../src/peap/address.ts";
import { PeapError } from "../../src/peap/errors.ts";
import { generateIdentity, identityOf } from "../../src/peap/identity.ts";

const key = fc.uint8Array({ minLength: 32, maxLength: 32 });

Deno.test("a formatted address parses to the same keys", () => {
  fc.assert(fc.property(key, key, (client, gateway) => {
    assertEquals(parseAddress(formatAddress({ client, gateway })), { client, gateway });
  }));
});

Deno.test("an invalid address is refused; the error names the wrong part without quoting it", () => {
  const good = "3r5zh7gGB6QP4hifBuaKLcrkkPk7pDPFSunDsDGeyghc";
  const bad: [string, string][] = [
    ["", "<client>@<gateway>"],
    [good, "<client>@<gateway>"],
    [`${good}@${good}@${good}`, "<client>@<gateway>"],
    [`@${good}`, "its client part"],
    [`${good}0@${good}`, "its client part"],
    [`${good}@${good.slice(2)}`, "its gateway part"],
  ];
  for (const [text, message] of bad) {
    const error = assertThrows(() => parseAddress(text), PeapError, message);
    assertEquals([error.kind, error.message.includes(good)], ["address", false]);
  }
});

Deno.test("an identity can be restored from its private key", () => {
  const identity = generateIdentity();
  assertEquals(identityOf(identity.privateKey), identity);
  assertThrows(() => identityOf(new Uint8Array(32).fill(255)), RangeError);
});
