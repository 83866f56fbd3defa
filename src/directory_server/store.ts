import { openPrivateDatabase } from "../mailbox/database.ts";
import { MAX_LAYER } from "../protocol/layers.ts";
import { isRefusal, readAnnouncement } from "./announcement.ts";
import type { Decision, Entry, Registry, Saved } from "./registry.ts";

/** The most changes in one commit; Deno KV takes 1000. */
const MAX_ENDS = 900;

/**
 * The registry on disk: `["node", key]` is what a listed node says of itself, `["decision", key]` the operator's word.
 * Their ages are not stored: after a restart, all nodes get the same time to return.
 */
export class Store implements Disposable {
  #committing: Promise<void> = Promise.resolve();
  /** the commit after that, which takes all changes until it begins */
  #next: Promise<void> | undefined;

  private constructor(private readonly kv: Deno.Kv) {}

  /** Opens or creates the database, for this user alone. Throws what the file system or SQLite throws. */
  static async open(path: string): Promise<Store> {
    return new Store(await openPrivateDatabase(path));
  }

  /** What was listed and decided when the directory last ran. Values that are damaged are left out. */
  async read(now: number): Promise<Saved> {
    const entries: Entry[] = [];
    for await (const { key: [, key], value } of this.kv.list({ prefix: ["node"] })) {
      const entry = entryOf(key, value, now);
      if (entry !== undefined) entries.push(entry);
    }
    const decisions = new Map<string, Decision>();
    for await (const { key: [, key], value } of this.kv.list({ prefix: ["decision"] })) {
      const decision = decisionOf(value);
      if (typeof key === "string" && decision !== undefined) decisions.set(key, decision);
    }
    return { entries: entries.sort((a, b) => a.since - b.since), decisions };
  }

  /** Resolves once everything that has changed in the registry by now is on the disk. Rejects if that fails. */
  async write(registry: Registry): Promise<void> {
    await (this.#next ??= this.#committing.then(() => {
      this.#next = undefined;
      const writing = this.#commit(registry);
      this.#committing = writing.catch(() => {}); // whoever waits for it learns of it
      return writing;
    }));
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.kv.close();
  }

  /** New entries and decisions are one commit, after the ends: so no two entries on the disk have the same address. */
  async #commit(registry: Registry): Promise<void> {
    const changes = registry.changes();
    const { ends, entries, decisions } = changes;
    for (let i = 0; i < ends.length; i += MAX_ENDS) {
      const atomic = this.kv.atomic();
      for (const key of ends.slice(i, i + MAX_ENDS)) atomic.delete(["node", key]);
      await atomic.commit();
    }
    const atomic = this.kv.atomic();
    for (const { kind, key, fields, isProven, since } of entries) {
      atomic.set(["node", key], { kind, fields, isProven, since } satisfies StoredNode);
    }
    for (const [key, decision] of decisions) {
      if (decision === undefined) atomic.delete(["decision", key]);
      else atomic.set(["decision", key], decision);
    }
    await atomic.commit();
    registry.written(changes);
  }
}

type StoredNode = Pick<Entry, "kind" | "fields" | "isProven" | "since">;

function entryOf(key: unknown, value: unknown, now: number): Entry | undefined {
  if (typeof key !== "string" || typeof value !== "object" || value === null) return undefined;
  const { kind, fields, isProven, since } = value as Partial<StoredNode>;
  if (kind !== "mixnodes" && kind !== "gateways") return undefined;
  const node = readAnnouncement(kind, fields);
  if (isRefusal(node) || node.key !== key || typeof isProven !== "boolean" || typeof since !== "number") {
    return undefined;
  }
  return { ...node, isProven, since, seenAt: now };
}

function decisionOf(value: unknown): Decision | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { standing, layer } = value as Decision;
  if (standing !== undefined && standing !== "allowed" && standing !== "disallowed") return undefined;
  const decision = { ...standing && { standing }, ...layer !== undefined && isLayer(layer) && { layer } };
  return Object.keys(decision).length === 0 ? undefined : decision;
}

/** Whether the operator may assign this layer. */
function isLayer(layer: number): boolean {
  return Number.isInteger(layer) && layer >= 1 && layer <= MAX_LAYER;
}
