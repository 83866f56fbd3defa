/// <reference lib="webworker" />
import type { SocketAddress } from "../../../src/addresses/socket_address.ts";
import { Arrivals, type Report } from "./arrivals.ts";
import { LoadClient } from "./client.ts";
import { clock, type Plan } from "./plan.ts";

/** A request to the receiver. It answers each with an {@linkcode Answer} when done. */
export type Request =
  /** record this plan's messages from now on */
  | { type: "expect"; plan: Plan; times: Float64Array<SharedArrayBuffer> }
  /** connect these clients, by addresses and tokens in base58; without tokens they register */
  | { type: "logIn"; gateway: SocketAddress; addresses: string[]; tokens?: string[] }
  /** wait for the messages of the plan, until no more arrive */
  | { type: "wait" }
  | { type: "close" };
export type Answer = { tokens: string[] } | { report: Report } | { done: true };

declare const self: DedicatedWorkerGlobalScope;

/** The number of clients that log in at the same time. */
const LOGINS = 20;
/** ms without any message after which no more are expected */
const QUIET = 8_000;
const LOOK_INTERVAL = 5; // ms

let arrivals: Arrivals | undefined;
let lastArrival = 0;
let clients: LoadClient[] = [];

self.onmessage = async ({ data }: MessageEvent<Request>) => self.postMessage(await handle(data));

async function handle(request: Request): Promise<Answer> {
  switch (request.type) {
    case "expect":
      arrivals = new Arrivals(request.plan, request.times);
      return { done: true };
    case "logIn":
      return { tokens: await logIn(request.gateway, request.addresses, request.tokens) };
    case "wait":
      return { report: await waitForAll() };
    case "close":
      await Promise.all(clients.map((client) => client.close()));
      clients = [];
      return { done: true };
  }
}

async function logIn(gateway: SocketAddress, addresses: string[], tokens: string[] = []): Promise<string[]> {
  const made: { client: LoadClient; token: string }[] = [];
  let next = 0;
  await Promise.all(Array.from({ length: LOGINS }, async () => {
    while (next < addresses.length) {
      const i = next++;
      made[i] = await LoadClient.logIn(gateway, addresses[i]!, tokens[i], (messages) => {
        lastArrival = clock();
        arrivals?.came(i, messages);
      });
    }
  }));
  clients = made.map(({ client }) => client);
  return made.map(({ token }) => token);
}

async function waitForAll(): Promise<Report> {
  lastArrival = clock();
  while (!arrivals!.complete && clock() - lastArrival < QUIET) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_INTERVAL));
  }
  return arrivals!.report;
}
