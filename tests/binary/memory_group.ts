/** Where control groups of memory are: of version 1, or of version 2 if that has memory to control. */
const ROOTS = [
  { path: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes", events: "memory.oom_control" },
  { path: "/sys/fs/cgroup", limit: "memory.max", events: "memory.events" },
];

const root = Deno.build.os === "linux" && Deno.uid() === 0 ? ROOTS.find(({ path }) => canGroup(path)) : undefined;

/** What it takes to limit a program's memory. */
export const MEMORY_GROUPS = { name: "root, --allow-all and control groups for memory", isMet: root !== undefined };

/** A control group of Linux whose programs together have so many bytes, of files in memory too. It ends with its scope. */
export class MemoryGroup implements Disposable {
  readonly #path = `${root!.path}/nym-gateway-test-${crypto.randomUUID()}`;

  constructor(bytes: number) {
    Deno.mkdirSync(this.#path);
    Deno.writeTextFileSync(`${this.#path}/${root!.limit}`, `${bytes}`);
  }

  /** What to put before a command to run it in the group. */
  get wrapper(): string[] {
    return ["/bin/sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', this.#path];
  }

  /** Programs that were killed since they took more. */
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
    return false; // not here, or not for us
  }
}
