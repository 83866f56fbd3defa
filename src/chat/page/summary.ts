import type { Place } from "../places.ts";
import type { Dot, Tick } from "./flow.ts";

/**
 * The picture in words: where packets rest, and which windows are offline.
 *
 * @param isKnown whether it shows this window's packets as such
 * @param away the names of windows
 */
export function networkInWords(
  dots: Iterable<Dot>,
  places: readonly Place[],
  isKnown: boolean,
  away: readonly string[],
): string {
  const layerOf = new Map(places.map(({ id, layer }) => [layer === 0 ? `>${id}` : id, layer]));
  const counts = [0, 0, 0, 0]; // 0: in mailboxes
  let own = 0;
  let lost = 0;
  for (const { to, cargo, lostAt } of dots) {
    const layer = layerOf.get(to);
    if (lostAt !== undefined) lost++;
    else if (layer !== undefined) counts[layer]!++;
    if (cargo !== undefined) own++;
  }
  const [mailboxes, ...layers] = counts;
  return [
    `Packets at mixnodes of ${layers.map((count, i) => `layer ${i + 1}: ${count}`).join(", ")}`,
    `in mailboxes: ${mailboxes}`,
    `lost: ${lost}`,
    ...isKnown ? [`yours: ${own}`] : [],
    ...away.map((name) => `${name} is offline`),
  ].join("; ");
}

/** The packets on this window's link in words. */
export function ticksInWords(ticks: readonly Tick[]): string {
  const sent = ticks.filter(({ isSent }) => isSent).length;
  return `Packets on your link in the last 20 seconds: ${sent} sent, ${ticks.length - sent} received`;
}
