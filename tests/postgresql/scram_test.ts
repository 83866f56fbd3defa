import { assertEquals } from "@std/assert";
import { scramVerifier } from "../../src/postgresql/scram.ts";

Deno.test("a verifier is that of RFC 7677's example, which psql makes too", async () => {
  assertEquals(
    await scramVerifier("pencil", Uint8Array.fromBase64("W22ZaJ0SNY7soEsUEjb6gQ==")),
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:" +
      "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
  );
});
