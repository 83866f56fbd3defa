import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { networkOf } from "../../src/limits/network.ts";
import { NetworkBuckets } from "../../src/limits/network_buckets.ts";
import { perHour, TokenBucket } from "../../src/limits/token_bucket.ts";

const taken = (bucket: TokenBucket, times: number, now: number) =>
  Array.from({ length: times }, () => bucket.take(now)).filter(Boolean).length;

Deno.test("a bucket allows its burst, then its rate", () => {
  const bucket = new TokenBucket({ burst: 3, perSecond: 2 }, 1000);
  assertEquals(taken(bucket, 10, 1000), 3);
  assertEquals(taken(bucket, 10, 1499), 0);
  assertEquals(taken(bucket, 10, 2500), 3);
  assertEquals(taken(bucket, 10, 1_000_000), 3);
});

Deno.test("a clock that goes back adds and removes no tokens", () => {
  const bucket = new TokenBucket({ burst: 2, perSecond: 1 }, 10_000);
  assertEquals(taken(bucket, 1, 5000), 1);
  assertEquals(taken(bucket, 10, 5000), 1);
  assertEquals(taken(bucket, 10, 6000), 1);
});

Deno.test("in any sequence of calls, a bucket allows no more than its rate", () => {
  fc.assert(fc.property(fc.array(fc.nat(500), { maxLength: 200 }), (gaps) => {
    const bucket = new TokenBucket({ burst: 5, perSecond: 10 }, 0);
    let now = 0;
    let given = 0;
    for (const gap of gaps) {
      now += gap;
      if (bucket.take(now)) given++;
    }
    assertEquals(given <= 5 + now / 1000 * 10 + 1e-6, true);
  }));
});

Deno.test("an hourly rate may be used at once or spread out", () => {
  const bucket = new TokenBucket(perHour(60), 0);
  assertEquals(taken(bucket, 100, 0), 60);
  assertEquals(taken(bucket, 100, 60_000), 1);
});

Deno.test("each network has a bucket, and the least recently used is forgotten first", () => {
  const buckets = new NetworkBuckets({ burst: 1, perSecond: 0.001 }, 3);
  for (const network of ["a", "b", "c"]) assertEquals(buckets.take(network, 0), true);
  assertEquals(buckets.take("a", 0), false);
  assertEquals(buckets.take("d", 0), true); // evicts b
  assertEquals(buckets.size, 3);
  assertEquals(["a", "c", "b"].map((network) => buckets.take(network, 0)), [false, false, true]);
});

Deno.test("an IPv6 site has the limit of a few networks", () => {
  const buckets = new NetworkBuckets({ burst: 3, perSecond: 0.001 });
  const take = (host: string) => buckets.take(networkOf(host), 0);
  const networks = Array.from({ length: 100 }, (_, i) => `2001:db8:1:${i.toString(16)}::1`);
  assertEquals(Array.from({ length: 5 }, () => take(networks[0]!)).filter(Boolean).length, 3);
  assertEquals(networks.slice(1).filter(take).length, 9);
  assertEquals(take("2001:db8:2::1"), true);
});

Deno.test("a million networks take no more memory than the bound", () => {
  const buckets = new NetworkBuckets({ burst: 1, perSecond: 1 }, 1000);
  for (let i = 0; i < 1_000_000; i++) buckets.take(`${i}`, i);
  assertEquals(buckets.size, 1000);
});
