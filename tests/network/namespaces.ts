/** The first three bytes of the hosts' addresses: a range for tests between networks (RFC 2544), which counts as public. */
const NETWORK = "198.18.94";

/** Network namespaces that stand for hosts, joined by a bridge in one more of them. They end with their scope. */
export class Namespaces implements Disposable {
  readonly #names: string[] = [];
  readonly #tag = `nym-${crypto.randomUUID().slice(0, 8)}`;
  readonly #switch: string;

  constructor() {
    this.#switch = this.#add();
    try {
      ip(`-n ${this.#switch} link add bridge type bridge`);
      ip(`-n ${this.#switch} link set bridge up`);
    } catch (error) {
      this[Symbol.dispose](); // nobody else can
      throw error;
    }
  }

  /** Adds a host. */
  addHost(): { address: string; prefix: string[] } {
    const name = this.#add();
    const number = this.#names.length - 1;
    const address = `${NETWORK}.${number}`;
    ip(`link add eth0 netns ${name} type veth peer name port${number} netns ${this.#switch}`);
    ip(`-n ${this.#switch} link set port${number} master bridge up`);
    ip(`-n ${name} address add ${address}/24 dev eth0`);
    ip(`-n ${name} link set lo up`);
    ip(`-n ${name} link set eth0 up`);
    return { address, prefix: ["ip", "netns", "exec", name] };
  }

  [Symbol.dispose](): void {
    for (const name of this.#names) ip(`netns delete ${name}`);
  }

  #add(): string {
    const name = `${this.#tag}-${this.#names.length}`;
    ip(`netns add ${name}`);
    this.#names.push(name);
    return name;
  }
}

/** Why this user may not make namespaces; undefined if it may. */
export function obstacleToNamespaces(): string | undefined {
  try {
    using _made = new Namespaces();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function ip(line: string): void {
  const { success, stderr } = new Deno.Command("ip", { args: line.split(" ") }).outputSync();
  if (!success) throw new Error(`ip ${line}: ${new TextDecoder().decode(stderr).trim()}`);
}
