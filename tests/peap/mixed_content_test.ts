import { assertEquals } from "@std/assert";
import { isMixedContent } from "../../src/peap/mixed_content.ts";

Deno.test("an https page may use only wss and https, except to its own machine", () => {
  const blocked = (url: string, origin: string | undefined = "https://example.org") => isMixedContent(url, origin);
  for (
    const url of ["ws://10.0.0.1:9000", "WS://gateway.example:9000/", "http://directory.example", "ws://[2001:db8::1]"]
  ) {
    assertEquals(blocked(url), true, url);
  }
  const trusted = ["ws://127.0.0.1:9000", "ws://localhost:1", "ws://a.localhost", "ws://[::1]:9000"];
  for (const url of ["wss://10.0.0.1:9000", "https://directory.example", ...trusted, "not a URL"]) {
    assertEquals(blocked(url), false, url);
  }
  assertEquals(blocked("ws://127.0.0.1.example.org"), true);
});

Deno.test("other pages, and programs, may use any", () => {
  for (const origin of ["http://example.org", "null", undefined]) {
    assertEquals(isMixedContent("ws://10.0.0.1:9000", origin), false);
  }
});
