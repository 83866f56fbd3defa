/// <reference lib="dom" />
import type { TraceEvent } from "../../peap/mod.ts";
import type { ChatSettings, Place } from "../places.ts";
import type { Sighting } from "../wire.ts";
import { Flow } from "./flow.ts";
import { type Followed, followed } from "./html.ts";

/** Watches the wire as long as the page is visible, and keeps the picture of it. */
export class NetworkWatch {
  /** where packets are */
  readonly flow: Flow;
  /** all nodes */
  readonly places: readonly Place[];
  /** this window's name on the wire */
  readonly window: string;
  /** the windows that were seen, in order */
  readonly windows: Followed<readonly string[]> = followed<readonly string[]>([]);
  /** the mixnodes that are switched off */
  readonly off: Followed<ReadonlySet<string>> = followed<ReadonlySet<string>>(new Set());
  /** those that are being switched */
  readonly switching: Followed<ReadonlySet<string>> = followed<ReadonlySet<string>>(new Set());
  /** the gateway of each window that is connected */
  readonly connections: Followed<Readonly<Record<string, string>>> = followed<Readonly<Record<string, string>>>({});
  #source: EventSource | undefined;

  /** Begins to watch. */
  constructor({ window, places, meanHopDelay }: ChatSettings) {
    this.window = `w${window}`;
    this.places = places;
    this.flow = new Flow(this.window, places, meanHopDelay);
    this.windows.value = [this.window];
    document.addEventListener("visibilitychange", () => this.#follow());
    this.#follow();
  }

  /** This window's client did something, at that time (ms). */
  know(event: TraceEvent, at: number): void {
    if (!document.hidden) this.flow.know(event, this.connections.value[this.window] ?? "", at);
  }

  /** Switches a mixnode off or on. */
  async switch(id: string): Promise<void> {
    if (this.switching.value.has(id)) return;
    this.switching.value = new Set([...this.switching.value, id]);
    try {
      await fetch(`/mixnodes/${id}`, { method: "PUT", body: this.off.value.has(id) ? "on" : "off" });
    } finally {
      this.switching.value = new Set([...this.switching.value].filter((each) => each !== id));
    }
  }

  /** A browser allows few streams to one server, so a hidden page leaves its place to others. */
  #follow(): void {
    if (document.hidden) {
      this.#source?.close();
      this.#source = undefined;
      this.flow.clear();
    } else if (!this.#source) {
      this.#source = new EventSource("/wire");
      this.#source.addEventListener("wire", ({ data }) => this.#see(JSON.parse(data)));
      this.#source.addEventListener("state", ({ data }) => this.#changed(JSON.parse(data)));
    }
  }

  #see(sightings: readonly Sighting[]): void {
    const now = performance.now();
    for (const sighting of sightings) this.flow.see(sighting, now);
  }

  #changed({ off, windows }: { off: string[]; windows: Record<string, string> }): void {
    this.off.value = new Set(off);
    this.connections.value = windows;
    this.flow.connected(windows, performance.now());
    this.windows.value = [...new Set([...this.windows.value, ...Object.keys(windows)])].sort();
  }
}
