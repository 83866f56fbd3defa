import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc"); // V8 applies it to contexts created afterwards
const collect = runInNewContext("gc") as () => void;

/** Bytes in use on and off V8's heap after a garbage collection. */
export function bytesInUse(): number {
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
