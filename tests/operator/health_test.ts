import { assertEquals } from "@std/assert";
import { eventually } from "../support/eventually.ts";
import { LogLines } from "../support/log_lines.ts";
import { type CheckResult, Health, type Verdict, worst } from "../../src/operator/health.ts";

const ok: Verdict = { status: "ok", reason: "fine" };

Deno.test("results are in the order of the checks, and a check that throws has failed", async () => {
  const health = new Health({
    first: () => ok,
    second: () => Promise.reject(new Error("disk full")),
    third: () => {
      throw new Error("gone");
    },
    fourth: () => ({ status: "warn", reason: "slow" }),
  });
  assertEquals(await health.check(), [
    { name: "first", status: "ok", reason: "fine" },
    { name: "second", status: "fail", reason: "disk full" },
    { name: "third", status: "fail", reason: "gone" },
    { name: "fourth", status: "warn", reason: "slow" },
  ]);
});

Deno.test("a check that hangs fails, does not hold up others, and is not started twice", async () => {
  let starts = 0;
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const hanging = () => {
    starts++;
    return promise;
  };
  const health = new Health({ hanging, fine: () => ok }, { timeout: 5, lifetime: -1, interval: 3_600_000 });
  const expected: CheckResult[] = [
    { name: "hanging", status: "fail", reason: "no result within 5 ms" },
    { name: "fine", ...ok },
  ];
  assertEquals(await health.check(), expected);
  assertEquals(await health.check(), expected);
  assertEquals(starts, 1);
  resolve(ok);
  await promise;
  assertEquals((await health.check())[0], { name: "hanging", ...ok });
});

Deno.test("requests at the same time, or soon after, share their results", async () => {
  let checks = 0;
  const health = new Health({
    counted: () => {
      checks++;
      return ok;
    },
  });
  await Promise.all([health.check(), health.check()]);
  await health.check();
  assertEquals(checks, 1);
});

Deno.test("the overall status is the worst of all", () => {
  const results = (...statuses: CheckResult["status"][]) =>
    statuses.map((status) => ({ name: "", reason: "", status }));
  assertEquals(worst([]), "ok");
  assertEquals(worst(results("ok", "warn", "ok")), "warn");
  assertEquals(worst(results("fail", "warn")), "fail");
});

Deno.test("each change of a check's status is logged once", async () => {
  using log = new LogLines();
  let verdict = ok;
  using health = new Health({ space: () => verdict }, { timeout: 3_000, lifetime: -1, interval: 3_600_000 });
  const look = async (next: Verdict) => {
    verdict = next;
    await health.check();
    await health.check();
  };
  await look(ok);
  await look({ status: "warn", reason: "little is free" });
  await look({ status: "fail", reason: "nothing is free" });
  await look({ status: "fail", reason: "nothing is free, still" });
  await look(ok);
  assertEquals(log.texts, ["space: little is free", "space fails: nothing is free", "space is ok again: fine"]);
});

Deno.test("health is watched even if nobody asks", async () => {
  using log = new LogLines();
  using health = new Health({ space: () => ({ status: "fail", reason: "nothing is free" }) }, {
    timeout: 3_000,
    lifetime: -1,
    interval: 5,
  });
  health.watch();
  await eventually("it is logged", () => log.texts.length > 0);
  assertEquals(log.texts, ["space fails: nothing is free"]);
});
