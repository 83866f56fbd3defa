import { assertEquals, assertMatch } from "@std/assert";
import { databaseFinding } from "../../src/cli/checks/database.ts";
import type { Inspection } from "../../src/postgresql/inspection.ts";

const GOOD: Inspection = {
  version: "15.18 (Debian 15.18-0+deb12u1)",
  schema: 1,
  current: 1,
  isOurs: true,
  mayWrite: true,
  isDurable: true,
  synchronous: "ANY 1 (node2, node3)",
  now: 1_000_000,
};

Deno.test("what check says of a database", () => {
  const cases: [Partial<Inspection>, "ok" | "warn" | "fail", RegExp][] = [
    [{}, "ok", /^PostgreSQL 15\.18, replicated to ANY 1 \(node2, node3\)$/],
    [{ schema: 0 }, "ok", /first start creates the schema/],
    [{ synchronous: "" }, "warn", /without a synchronous standby/],
    [{ now: 1_090_000 }, "warn", /clock.* differ by 90 s/],
    [{ now: 910_000 }, "warn", /clock.* differ by 90 s/],
    [{ isDurable: false }, "warn", /a power failure loses mail/],
    [{ mayWrite: false }, "fail", /may not write/],
    [{ schema: 2 }, "fail", /newer version/],
    [{ isOurs: false, schema: 2 }, "fail", /another storage key/],
  ];
  for (const [change, status, text] of cases) {
    const finding = databaseFinding({ ...GOOD, ...change }, 1_000_000);
    assertEquals(finding.status, status, text.source);
    assertMatch(finding.found, text);
    assertEquals(finding.remedy === undefined, status === "ok");
  }
});
