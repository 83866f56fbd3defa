/** Ports already returned: two programs of a test must not get the same. */
const given = new Set<number>();

/** A free port of 127.0.0.1 that no outgoing connection can take before it is used. */
export function quietPort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000); // below the range for outgoing connections
    if (given.has(port)) continue;
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      given.add(port);
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
