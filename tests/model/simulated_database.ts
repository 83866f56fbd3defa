type Entries = Map<string, { key: Deno.KvKey; value: unknown }>;

/** What happens to commits. "late": they can be read long before their success is reported. */
export type Weather = "fine" | "slow" | "late" | "failing";

/**
 * The only database of a simulated disk. Commits can be slow or fail, and the caller decides whether a crash loses those
 * in progress.
 */
export class SimulatedDatabase {
  weather: Weather = "fine";
  /** the number of commits that will fail, whatever the weather */
  failures = 0;
  /** the number of operations */
  calls = 0;
  #entries: Entries = new Map();
  #sorted: string[] | undefined;
  #waiting: { apply: () => void; done: () => void }[] = [];
  #generation = 0;

  /** Completes slow commits. */
  release(): void {
    this.weather = "fine";
    for (const { apply, done } of this.#waiting.splice(0)) {
      apply();
      done();
    }
  }

  /** The program that has it open crashes. `arrived`: commits in progress reached the disk nevertheless. */
  crash(arrived: boolean): void {
    this.#generation++;
    this.weather = "fine";
    for (const { apply } of this.#waiting.splice(0)) if (arrived) apply();
  }

  /** Connects a program to it. */
  open(): Deno.Kv {
    const generation = this.#generation;
    const alive = () => {
      this.calls++;
      // A crashed program waits for its disk for ever.
      return generation === this.#generation ? Promise.resolve() : new Promise<void>(() => {});
    };
    const commit = async (mutations: ((entries: Entries) => void)[]) => {
      await alive();
      const fails = this.weather === "failing" || this.failures > 0;
      this.failures = Math.max(0, this.failures - 1);
      if (fails) throw new Error("disk full (simulated)");
      const apply = () => {
        this.#sorted = undefined;
        for (const mutate of mutations) mutate(this.#entries);
      };
      if (this.weather !== "slow") apply();
      if (this.weather === "slow") await new Promise<void>((done) => this.#waiting.push({ apply, done }));
      if (this.weather === "late") await new Promise<void>((done) => this.#waiting.push({ apply: () => {}, done }));
      return { ok: true as const, versionstamp: "" };
    };
    const set = (key: Deno.KvKey, value: unknown) => (entries: Entries) =>
      entries.set(sortable(key), { key, value: structuredClone(value) });
    const remove = (key: Deno.KvKey) => (entries: Entries) => entries.delete(sortable(key));
    const atomic = () => {
      const mutations: ((entries: Entries) => void)[] = [];
      const operation = {
        set: (key: Deno.KvKey, value: unknown) => (mutations.push(set(key, value)), operation),
        delete: (key: Deno.KvKey) => (mutations.push(remove(key)), operation),
        commit: () => commit(mutations),
      };
      return operation;
    };
    const get = async (key: Deno.KvKey) => {
      await alive();
      return { key, value: this.#entries.get(sortable(key))?.value ?? null, versionstamp: null };
    };
    const kv = {
      atomic,
      get,
      getMany: (keys: Deno.KvKey[]) => Promise.all(keys.map(get)),
      set: (key: Deno.KvKey, value: unknown) => commit([set(key, value)]),
      delete: (key: Deno.KvKey) => commit([remove(key)]),
      list: (
        selector: { prefix?: Deno.KvKey; start?: Deno.KvKey; end?: Deno.KvKey },
        options: { limit?: number } = {},
      ) => this.#list(selector, options.limit ?? Infinity, alive),
      close: () => {},
      [Symbol.dispose]: () => {},
    };
    return kv as unknown as Deno.Kv;
  }

  async *#list(
    { prefix = [], start = prefix, end }: { prefix?: Deno.KvKey; start?: Deno.KvKey; end?: Deno.KvKey },
    limit: number,
    alive: () => Promise<void>,
  ): AsyncGenerator<Deno.KvEntry<unknown>> {
    await alive();
    this.#sorted ??= [...this.#entries.keys()].sort();
    const [within, from, to] = [sortable(prefix), sortable(start), end === undefined ? undefined : sortable(end)];
    const found = this.#sorted.filter((key) =>
      key.startsWith(within) && key !== within && key >= from && (to === undefined || key < to)
    );
    for (const each of found.slice(0, limit)) {
      const entry = this.#entries.get(each);
      if (entry !== undefined) yield { key: entry.key, value: entry.value, versionstamp: "" };
    }
  }
}

/** A text that sorts as Deno KV sorts keys: part by part, each by type and then by value. */
function sortable(key: Deno.KvKey): string {
  return key.map((part) => {
    if (part instanceof Uint8Array) return `1${part.toHex()}\0`;
    if (typeof part === "string") return `2${part}\0`;
    if (typeof part === "number" && part >= 0) return `3${sortableNumber(part)}\0`;
    throw new TypeError("such keys are not simulated");
  }).join("");
}

function sortableNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError("such numbers are not simulated");
  return value.toString().padStart(16, "0");
}
