/** Control groups for memory: version 1, or version 2 if its memory controller is enabled. */
const ROOTS = [
  { path: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", events: "memory.oom_control" },
  { path: "/sys/fs/cgroup", limit: "memory.max", events: "memory.events" },
];

const root = Deno.build.os === "linux" && Deno.uid() === 0 ? ROOTS.find(({ path }) => canGroup(path)) : undefined;

/** Needed to limit a program's memory. */
export const MEMORY_GROUPS = { name: "root, --allow-all and control groups for memory", isMet: root !== undefined };

/** A Linux control group with a memory limit, which includes cached files. Ends with its scope. */
export class MemoryGroup implements Disposable {
  readonly #path = `${root!.path}/nym-gateway-test-${crypto.randomUUID()}`;

  constructor(bytes: number) {
    Deno.mkdirSync(this.#path);
    Deno.writeTextFileSync(`${this.#path}/${root!.limit}`, `${bytes}`);
  }

  /** Prefix for a command, to run it in the group. */
  get wrapper(): string[] {
    return ["/bin/sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', this.#path];
  }

  /** The number of programs killed for exceeding the limit. */
  get kills(): number {
    return Number(/^oom_kill (\d+)$/m.exec(Deno.readTextFileSync(`${this.#path}/${root!.events}`))![1]);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#path);
  }
}

function canGroup(path: string): boolean {
  const probe = `${path}/nym-gateway-probe-${crypto.randomUUID()}`;
  try {
    Deno.mkdirSync(probe);
    const has = [...Deno.readDirSync(probe)].some(({ name }) => ROOTS.some(({ limit }) => name === limit));
    Deno.removeSync(probe);
    return has;
  } catch {
    return false; // missing, or not permitted
  }
}
