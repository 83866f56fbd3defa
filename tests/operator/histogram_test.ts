import { assertEquals } from "@std/assert";
import { Histogram, quantile } from "../../src/operator/histogram.ts";

Deno.test("an observation counts in the first bucket whose bound it does not exceed", () => {
  const histogram = new Histogram([1, 2, 4]);
  for (const seconds of [0.5, 1, 1.5, 4, 4.5, 100]) histogram.observe(seconds);
  assertEquals([...histogram.counts], [2, 1, 1, 2]);
  assertEquals(histogram.sum, 111.5);
});

Deno.test("quantiles are interpolated within their bucket", () => {
  const bounds = [1, 2, 4];
  assertEquals(quantile(0.5, bounds, [0, 0, 0, 0]), undefined);
  assertEquals(quantile(0.5, bounds, [10, 0, 0, 0]), 0.5);
  assertEquals(quantile(0.5, bounds, [0, 0, 10, 0]), 3);
  assertEquals(quantile(1, bounds, [5, 5, 0, 0]), 2);
  assertEquals(quantile(0.75, bounds, [2, 2, 0, 0]), 1.5);
  assertEquals(quantile(0.99, bounds, [1, 0, 0, 9]), 4, "the lower bound of the last bucket");
});
