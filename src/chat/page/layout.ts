import type { Place } from "../places.ts";

/** A point of the picture, 0 to 1 in both directions. */
export interface Point {
  /** from the left */
  readonly x: number;
  /** from the top */
  readonly y: number;
}

/** The columns of the picture from left to right, or its rows from top to bottom. */
export const COLUMNS = ["sending", "gateways", "layer 1", "layer 2", "layer 3", "mailboxes", "receiving"];

/**
 * Where everything is, by its spot (see `spotsOf`). Packets go from left to right, or on a narrow screen from top to
 * bottom: gateways and windows are there twice.
 */
export function layoutOf(places: readonly Place[], windows: readonly string[], isNarrow: boolean): Map<string, Point> {
  const gateways = places.filter(({ layer }) => layer === 0).map(({ id }) => id);
  const columns = [
    windows.map((id) => `${id}>`),
    gateways.map((id) => `${id}>`),
    ...[1, 2, 3].map((layer) => places.filter((place) => place.layer === layer).map(({ id }) => id)),
    gateways.map((id) => `>${id}`),
    windows.map((id) => `>${id}`),
  ];
  const points = new Map<string, Point>();
  for (const [i, column] of columns.entries()) {
    const along = (i + 0.5) / columns.length;
    for (const [j, spot] of column.entries()) {
      const across = (j + 0.5) / column.length;
      points.set(spot, isNarrow ? { x: across, y: along } : { x: along, y: across });
    }
  }
  return points;
}

/** The links that packets can take, as pairs of spots. */
export function linksOf(
  places: readonly Place[],
  connections: Readonly<Record<string, string>>,
): (readonly [string, string])[] {
  const layers = [0, 1, 2, 3].map((layer) => places.filter((place) => place.layer === layer).map(({ id }) => id));
  const [gateways, first, second, third] = layers as [string[], string[], string[], string[]];
  const all = (from: string[], to: string[]) => from.flatMap((a) => to.map((b) => [a, b] as const));
  return [
    ...Object.entries(connections).flatMap(([window, gateway]) =>
      [[`${window}>`, `${gateway}>`], [`>${gateway}`, `>${window}`]] as const
    ),
    ...all(gateways.map((id) => `${id}>`), first),
    ...all(first, second),
    ...all(second, third),
    ...all(third, gateways.map((id) => `>${id}`)),
  ];
}
