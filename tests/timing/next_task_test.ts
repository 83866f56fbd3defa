import { assertEquals } from "@std/assert";
import { nextTask } from "../../src/timing/next_task.ts";

Deno.test("timers that are due get their turn while a task follows another", async () => {
  let isTimerDue = false;
  setTimeout(() => isTimerDue = true);
  while (!isTimerDue) await nextTask();
});

Deno.test("microtasks come before the next task", async () => {
  const order: string[] = [];
  const next = nextTask().then(() => order.push("task"));
  await Promise.resolve().then(() => Promise.resolve()).then(() => order.push("microtask"));
  await next;
  assertEquals(order, ["microtask", "task"]);
});
