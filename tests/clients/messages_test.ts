import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { answer, parseControlRequest } from "../../src/clients/messages.ts";
import { encodeBase58 } from "../../src/encoding/base58.ts";

const address = new Uint8Array(32).fill(7);
const token = new Uint8Array(32).fill(9);
const request = (value: unknown) => parseControlRequest(JSON.stringify(value));

Deno.test("all requests of the protocol are parsed", () => {
  const [a, t] = [encodeBase58(address), encodeBase58(token)];
  assertEquals(request({ type: "register", address: a }), { kind: "register", address });
  assertEquals(request({ type: "register", address: a, more: [1] }), { kind: "register", address });
  const login = { kind: "authenticate", address, credential: { token } } as const;
  assertEquals(request({ type: "authenticate", address: a, token: t }), login);
  assertEquals(request({ type: "authenticate", address: a, proof: t }), { ...login, credential: { proof: token } });
  const proof = address.with(0, 1);
  const proven = { type: "register", address: a, proof: encodeBase58(proof) };
  assertEquals(request(proven), { kind: "register", address, proof });
  const acknowledges = { acknowledgements: true };
  assertEquals(request({ ...proven, ...acknowledges }), { kind: "register", address, proof, acknowledges: true });
  assertEquals(request({ type: "register", address: a, acknowledgements: 1 }), { kind: "register", address });
  assertEquals(request({ type: "authenticate", address: a, token: t, ...acknowledges }), {
    ...login,
    acknowledges: true,
  });
  assertEquals(request({ type: "authenticate", address: a, token: t, numbers: true }), {
    ...login,
    wantsNumbers: true,
  });
  assertEquals(request({ type: "challenge" }), { kind: "challenge" });
  assertEquals(request({ type: "challenge", nonce: a, publicKey: t }), {
    kind: "challenge",
    asked: { nonce: address, publicKey: token },
  });
  assertEquals(request({ type: "ping" }), { kind: "ping" });
  assertEquals(request({ type: "received", frames: 12 }), { kind: "received", frames: 12 });
});

Deno.test("any other request is malformed, with the error text of 0.7.0", () => {
  const [a, t] = [encodeBase58(address), encodeBase58(token)];
  const wrong: [unknown, string][] = [
    [{ type: "register", address: "0OIl" }, "malformed destination address"],
    [{ type: "register", address: encodeBase58(address.subarray(1)) }, "malformed destination address"],
    [{ type: "register", address: "" }, "malformed destination address"],
    [{ type: "register", address: "2".repeat(4000) }, "malformed destination address"],
    [{ type: "authenticate", address: "?", token: t }, "malformed destination address"],
    [{ type: "authenticate", address: a, token: "?" }, "malformed authentication token"],
    [{ type: "authenticate", address: a, token: encodeBase58(new Uint8Array(33)) }, "malformed authentication token"],
    [{ type: "authenticate", address: a }, "malformed request"],
    [{ type: "authenticate", token: t }, "malformed request"],
    [{ type: "authenticate", address: a, proof: 5 }, "malformed request"],
    [{ type: "authenticate", address: a, proof: "?" }, "malformed proof"],
    [{ type: "challenge", nonce: a }, "malformed request"],
    [{ type: "challenge", nonce: a, publicKey: "?" }, "malformed request"],
    [{ type: "challenge", nonce: 5, publicKey: t }, "malformed request"],
    [{ type: "register" }, "malformed request"],
    [{ type: "register", address: 5 }, "malformed request"],
    [{ type: "register", address: a, proof: 5 }, "malformed proof"],
    [{ type: "register", address: a, proof: "?" }, "malformed proof"],
    [{ type: "send", address: a }, "malformed request"],
    [{ address: a }, "malformed request"],
    [{ type: "received" }, "malformed request"],
    [{ type: "received", frames: -1 }, "malformed request"],
    [{ type: "received", frames: 1.5 }, "malformed request"],
    [{ type: "received", frames: "1" }, "malformed request"],
    [[], "malformed request"],
    [null, "malformed request"],
    [1, "malformed request"],
  ];
  for (const [value, error] of wrong) assertEquals(request(value), { kind: "malformed", error });
  for (const text of ["", "{", "hello", "\0"]) {
    assertEquals(parseControlRequest(text), { kind: "malformed", error: "malformed request" });
  }
});

Deno.test("no text makes the parser throw", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
    assertEquals(typeof parseControlRequest(text).kind, "string");
  }));
});

Deno.test("the answers of the protocol, with the field that offers acknowledgements", () => {
  assertEquals(answer.registered("T"), '{"type":"register","token":"T","acknowledgements":true}');
  assertEquals(answer.authenticated(), '{"type":"authenticate","status":true,"acknowledgements":true}');
  assertEquals(answer.refused(), '{"type":"authenticate","status":false}');
  assertEquals(answer.sent(true), '{"type":"send","status":true}');
  assertEquals(answer.error("what"), '{"type":"error","message":"what"}');
});
