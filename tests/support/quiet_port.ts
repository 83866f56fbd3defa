import { join } from "node:path";
import { tmpdir } from "node:os";

/** Below the range of outgoing connections, and above the ports of local networks. */
const [FIRST, COUNT] = [20_000, 12_000];

/** Ports already returned, as files: tests that run side by side in one process must not get the same. */
const reservations = join(tmpdir(), `nym-gateway-test-ports-${Deno.pid}`);
const ours: string[] = [];

globalThis.addEventListener("unload", () => {
  for (const path of ours) Deno.removeSync(path);
  try {
    Deno.removeSync(reservations);
  } catch {
    // Others still have ports, or nobody ever had any.
  }
});

/** The first of `count` consecutive free ports of 127.0.0.1 that no outgoing connection can take before they are used. */
export function quietPort(count = 1): number {
  for (;;) {
    const first = FIRST + Math.floor(Math.random() * (COUNT - count));
    if (Array.from({ length: count }, (_, i) => first + i).every((port) => isFree(port) && reserve(port))) return first;
  }
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

function reserve(port: number): boolean {
  const path = join(reservations, `${port}`);
  Deno.mkdirSync(reservations, { recursive: true });
  try {
    Deno.openSync(path, { write: true, createNew: true }).close();
    ours.push(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}
