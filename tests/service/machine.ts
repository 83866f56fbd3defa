import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

/** Debian's packages in the machine, besides the essential ones. */
const PACKAGES = "systemd-sysv,dbus,iproute2";
const RELEASE = "bookworm";
const CACHE = join(
  Deno.env.get("XDG_CACHE_HOME") ?? join(Deno.env.get("HOME") ?? "/tmp", ".cache"),
  "nym-gateway-tests",
);
/** ms between two polls */
const LOOK_INTERVAL = 250;

/** Boots the folder $1 with $2 at /files; whatever changes is in memory. nspawn wants a /run of its own. */
const BOOT = `set -e
  mount -t tmpfs tmpfs /run
  mount -t tmpfs tmpfs /mnt
  mkdir /mnt/upper /mnt/work /mnt/root
  mount -t overlay overlay -o "lowerdir=$1,upperdir=/mnt/upper,workdir=/mnt/work" /mnt/root
  exec systemd-nspawn --directory=/mnt/root --bind-ro="$2:/files" --boot --private-network --register=no --keep-unit \
    --console=pipe --quiet`;

/** The outcome of a command; standard output and standard error are together in `output`. */
export interface Outcome {
  code: number;
  output: string;
}

/** What a machine needs that is missing here; undefined if it can be booted. */
export async function missingForMachine(): Promise<string | undefined> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "root on Linux";
  const found = await Deno.stat(join(CACHE, RELEASE)).then(() => true, () => false);
  for (const program of found ? ["systemd-nspawn"] : ["systemd-nspawn", "debootstrap"]) {
    if ((await commandOutcome(["sh", "-c", `command -v ${program}`])).code !== 0) return program;
  }
  return undefined;
}

/** A Debian with systemd as its first process and a network of its own, until disposed. */
export class Machine implements AsyncDisposable {
  private constructor(private readonly nspawn: Deno.ChildProcess, private readonly leader: string) {}

  /** Boots; the folder `files` is at /files. The first time, Debian is fetched and kept in the user's cache. */
  static async boot(files: string): Promise<Machine> {
    const base = join(CACHE, RELEASE);
    if (!await Deno.stat(base).then(() => true, () => false)) {
      await Deno.mkdir(CACHE, { recursive: true });
      const { code, output } = await commandOutcome([
        "debootstrap",
        "--variant=minbase",
        `--include=${PACKAGES}`,
        RELEASE,
        `${base}.new`,
      ]);
      if (code !== 0) throw new Error(`debootstrap failed: ${output}`);
      await Deno.rename(`${base}.new`, base);
    }
    const args = ["--mount", "--propagation", "private", "sh", "-c", BOOT, "sh", base, files];
    const nspawn = new Deno.Command("unshare", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    const children = `/proc/${nspawn.pid}/task/${nspawn.pid}/children`;
    const leader = await until("nspawn starts systemd", async () => {
      const [pid] = (await Deno.readTextFile(children)).split(" ").filter(Boolean);
      const name = pid && await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
      return name === "systemd\n" ? pid : undefined;
    });
    const machine = new Machine(nspawn, leader);
    await machine.eventually("it has booted", "systemctl is-system-running --wait");
    return machine;
  }

  /** Runs lines of sh as root. */
  run(lines: string): Promise<Outcome> {
    return commandOutcome(["nsenter", "--target", this.leader, "--all", "sh", "-c", lines]);
  }

  /** Runs lines of sh as root, which must succeed; resolves with their output. */
  async must(lines: string): Promise<string> {
    const { code, output } = await this.run(lines);
    if (code !== 0) throw new Error(`${lines} failed with ${code}: ${output}`);
    return output;
  }

  /** Runs lines of sh until they succeed and `pattern` matches their output; resolves with that. */
  eventually(what: string, lines: string, pattern = /(?:)/, within = 60_000): Promise<string> {
    let last: Outcome | undefined;
    return until(
      what,
      async () => {
        last = await this.run(lines);
        return last.code === 0 && pattern.test(last.output.trimEnd()) ? last.output : undefined;
      },
      within,
      () => JSON.stringify(last),
    );
  }

  /** Starts a program of this machine's in the network of that one. */
  spawnInItsNetwork(program: string, ...args: string[]): Deno.ChildProcess {
    const all = ["--target", this.leader, "--net", program, ...args];
    return new Deno.Command("nsenter", { args: all, stdin: "null", stdout: "piped", stderr: "inherit" }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("systemctl poweroff --force");
    await this.nspawn.status;
  }
}

async function until<T>(
  what: string,
  look: () => Promise<T | undefined>,
  within = 60_000,
  seen = () => "",
): Promise<T> {
  for (const end = performance.now() + within;; await pause(LOOK_INTERVAL)) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > end) throw new Error(`not within ${within} ms: ${what} ${seen()}`);
  }
}

async function commandOutcome([program, ...args]: string[]): Promise<Outcome> {
  const env = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" };
  const { code, stdout, stderr } = await new Deno.Command(program!, { args, env, clearEnv: true, stdin: "null" })
    .output();
  return { code, output: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
}
