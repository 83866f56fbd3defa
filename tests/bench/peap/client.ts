/** What is measured, in any runtime: with a client, or with one that a worker has. */

/** The part of a client of any version that is measured. */
interface Client extends AsyncIterable<{ data: Uint8Array }> {
  address: string;
  send(recipient: string, data: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** Which client, and where its network is. */
export interface Subject {
  /** URL of a bundle of the library */
  library: string;
  /** whether it is that of 303ec11, which has other options */
  isOld: boolean;
  /** URL of a bundle of the kernel's entry */
  kernel?: string;
  /** URL of the worker's script: the client runs in there, and `library` is the tabs' entry */
  worker?: string;
  /** URL of the directory */
  directory: string;
}

/** ms; of several, the median */
export interface Times {
  connect: number;
  /** for each size in bytes: until `send` resolves, and until the message is there */
  messages: { size: number; sent: number; arrived: number }[];
}

const CONNECTS = 5;
const MESSAGES = [[10_000, 5], [100_000, 3], [1_000_000, 1]] as const;

/** Connects, sends messages to itself and waits for them. The mixnodes hold packets for no time. */
export async function measure(subject: Subject): Promise<Times> {
  const connects: number[] = [];
  for (let i = 0; i < CONNECTS; i++) {
    const [client, ms] = await timed(() => connect(subject, "none"));
    connects.push(ms);
    await client.close();
  }
  const client = await connect(subject, "none");
  const loop = client[Symbol.asyncIterator]();
  await client.send(client.address, new Uint8Array(1)); // warms up
  await loop.next();
  const messages: Times["messages"] = [];
  for (const [size, count] of MESSAGES) {
    const data = new Uint8Array(size);
    const [sent, arrived]: [number[], number[]] = [[], []];
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      const sending = client.send(client.address, data).then(() => sent.push(performance.now() - start));
      const { value } = await loop.next();
      if (value?.data.length !== size) throw new Error("another message has arrived");
      arrived.push(performance.now() - start);
      await sending;
    }
    messages.push({ size, sent: median(sent), arrived: median(arrived) });
  }
  await client.close();
  return { connect: median(connects), messages };
}

/** Connects with cover or without, and has nothing to send. The result disconnects. */
export async function idle(subject: Subject, traffic: "full" | "none"): Promise<() => Promise<void>> {
  const client = await connect(subject, traffic);
  return () => client.close();
}

async function connect({ library, isOld, kernel, worker, directory }: Subject, traffic: string): Promise<Client> {
  const { Peap, SharedPeap, generateIdentity } = await import(library);
  if (worker) {
    const query = new URLSearchParams({ directory, traffic, ...(kernel ? { kernel } : {}) });
    return await SharedPeap.connect({ script: `${worker}?${query}`, name: crypto.randomUUID() });
  }
  const isFull = traffic === "full";
  return await Peap.connect({
    directory,
    meanHopDelay: 0,
    ...(isOld
      ? { identity: generateIdentity(), poisson: isFull, coverTraffic: isFull }
      : { traffic, kernel: kernel ? await (await import(kernel)).loadKernel() : undefined }),
  });
}

async function timed<T>(act: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  const result = await act();
  return [result, performance.now() - start];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
