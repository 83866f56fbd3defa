import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc"); // which V8 heeds for contexts that are made after it
const collect = runInNewContext("gc") as () => void;

/** Bytes in memory of V8's heap and outside of it, besides garbage: that is collected first. */
export function bytesInUse(): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
