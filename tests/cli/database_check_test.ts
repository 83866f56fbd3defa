import { assertEquals, assertMatch } from "@std/assert";
import { databaseFindings } from "../../src/cli/checks/database.ts";
import type { Inspection } from "../../src/postgresql/inspection.ts";

const GOOD: Inspection = {
  version: "15.18 (Debian 15.18-0+deb12u1)",
  tls: "TLSv1.3",
  schema: 2,
  current: 2,
  isOurs: true,
  isMovedAway: false,
  hasRights: true,
  mayMigrate: false,
  excess: undefined,
  isDurable: true,
  synchronous: "ANY 1 (node2, node3)",
  now: 1_000_000,
  size: 1_000_000,
};

Deno.test("what check says of a database", () => {
  const cases: [Partial<Inspection>, string, "ok" | "warn" | "fail", RegExp][] = [
    [{}, "database", "ok", /^PostgreSQL 15\.18, over TLSv1\.3$/],
    [{ tls: "" }, "database", "ok", /without TLS/],
    [{ version: "14.3" }, "database", "warn", /14\.3/],
    [{}, "database schema", "ok", /version 2/],
    [{ schema: 0, mayMigrate: true }, "database schema", "ok", /start of a gateway changes that/],
    [{ schema: 0 }, "database schema", "fail", /none yet/],
    [{ schema: 1 }, "database schema", "fail", /version 1, older than this gateway's \(2\)/],
    [{ schema: 3 }, "database schema", "fail", /newer version/],
    [{ isOurs: false, schema: 3 }, "database schema", "fail", /another storage key/],
    [{ isMovedAway: true }, "database schema", "fail", /moved into a gateway's files/],
    [{}, "database rights", "ok", /no more/],
    [{ hasRights: false }, "database rights", "fail", /may not/],
    [{ excess: "it owns the schema" }, "database rights", "warn", /more than a gateway needs: it owns/],
    [{}, "replication", "ok", /on ANY 1 \(node2, node3\) too/],
    [{ synchronous: "" }, "replication", "warn", /no synchronous standby/],
    [{ isDurable: false }, "replication", "warn", /a power failure loses mail/],
    [{ now: 1_090_000 }, "database clock", "warn", /differ by 90 s/],
    [{ now: 910_000 }, "database clock", "warn", /differ by 90 s/],
    [{}, "database size", "ok", /1\.0 MB/],
  ];
  for (const [change, subject, status, text] of cases) {
    const finding = databaseFindings({ ...GOOD, ...change }, 1_000_000).find((each) => each.subject === subject)!;
    assertEquals(finding.status, status, text.source);
    assertMatch(finding.found, text);
    assertEquals(finding.remedy === undefined, status === "ok");
  }
});
