import { type Clock, systemClock } from "../timing/clock.ts";

/** What a client takes from where it runs. */
export interface Surroundings {
  /** its time */
  readonly clock: Clock;
  /** the origin of its page, such as `https://example.org`; undefined outside of browsers */
  readonly origin: string | undefined;
  /** dispatches `online` and `offline`; undefined where nothing does */
  readonly networkEvents: NetworkEvents | undefined;
  /** Looks up the IP addresses of a DNS name; undefined in browsers, which can't. */
  readonly lookUp: ((name: string) => Promise<string[]>) | undefined;
  /** Whether the machine may have a network. */
  isOnline(): boolean;
}

/** The part of an `EventTarget` that a client needs. */
export interface NetworkEvents {
  /** as that of `EventTarget` */
  addEventListener(type: "online" | "offline", listener: () => void): void;
  /** as that of `EventTarget` */
  removeEventListener(type: "online" | "offline", listener: () => void): void;
}

/** The browser or runtime that this runs in. */
export function realSurroundings(): Surroundings {
  const world = globalThis as {
    origin?: unknown;
    navigator?: { onLine?: unknown };
    addEventListener?: unknown;
  };
  return {
    clock: systemClock,
    origin: typeof world.origin === "string" ? world.origin : undefined,
    networkEvents: typeof world.addEventListener === "function" ? globalThis as NetworkEvents : undefined,
    lookUp: systemLookUp(),
    isOnline: () => world.navigator?.onLine !== false,
  };
}

/** That of Node and Deno, without an import that browsers could not load. */
function systemLookUp(): Surroundings["lookUp"] {
  type Dns = { lookup(name: string, options: { all: true }): Promise<{ address: string; family: number }[]> };
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  const dns = process?.getBuiltinModule?.("node:dns/promises") as Dns | undefined;
  if (dns === undefined) return undefined;
  return async (name) => {
    const found = await dns.lookup(name, { all: true });
    return found.sort((a, b) => a.family - b.family).map(({ address }) => address); // not every node has IPv6
  };
}
