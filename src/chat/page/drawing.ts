/// <reference lib="dom" />
import { type Dot, FADE, type Flow, type Tick, TRAVEL } from "./flow.ts";
import type { Point } from "./layout.ts";

/** Radius of a node's circle, in CSS pixels. */
const NODE_RADIUS = 21;
const DOT_RADIUS = 3.6;
/** Between dots that rest at a node: smaller where there are many, so that they stay within the circle. */
const DOT_GAP = 6.6;
/** The golden angle: dots that rest fill a disk evenly. */
const TURN = Math.PI * (3 - Math.sqrt(5));
/** More than these would only be a blot. */
const MOST_RESTING = 40;

/** The colours of a drawing, from the page's style. */
export interface Colours {
  /** packets, to a watcher */
  readonly dot: string;
  /** this window's packets */
  readonly accent: string;
  /** lines between nodes */
  readonly link: string;
  /** packets that are lost */
  readonly lost: string;
  /** packets of others */
  readonly faint: string;
}

/** How to draw the picture. */
export interface DrawingOptions {
  /** where each spot is */
  readonly points: ReadonlyMap<string, Point>;
  /** pairs of spots */
  readonly links: readonly (readonly [string, string])[];
  /** whether this window's packets are shown as such */
  readonly isKnown: boolean;
  /** whether dots travel, or jump */
  readonly isMoving: boolean;
  /** from the style */
  readonly colours: Colours;
}

/** Reads the colours that a canvas's style says. */
export function coloursOf(canvas: HTMLCanvasElement): Colours {
  const style = getComputedStyle(canvas);
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    dot: colour("dot"),
    accent: colour("accent"),
    link: colour("link"),
    lost: colour("lost"),
    faint: colour("dot-faint"),
  };
}

/** Clears a canvas, in the resolution of the screen. */
export function prepare(
  canvas: HTMLCanvasElement,
): { context: CanvasRenderingContext2D; width: number; height: number } {
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = devicePixelRatio;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/** Draws the links and the packets. */
export function drawNetwork(canvas: HTMLCanvasElement, flow: Flow, now: number, options: DrawingOptions): void {
  const { context, width, height } = prepare(canvas);
  const { points, links, colours, isMoving } = options;
  const at = (spot: string) => {
    const point = points.get(spot);
    return point && { x: point.x * width, y: point.y * height };
  };
  context.strokeStyle = colours.link;
  context.lineWidth = 1;
  context.beginPath();
  for (const [from, to] of links) {
    const [a, b] = [at(from), at(to)];
    if (!a || !b) continue;
    const length = Math.hypot(b.x - a.x, b.y - a.y);
    const [dx, dy] = [(b.x - a.x) / length * NODE_RADIUS, (b.y - a.y) / length * NODE_RADIUS];
    context.moveTo(a.x + dx, a.y + dy);
    context.lineTo(b.x - dx, b.y - dy);
  }
  context.stroke();

  const resting = new Map<string, Dot[]>();
  for (const dot of flow.dots) {
    const [from, to] = [at(dot.from), at(dot.to)];
    if (!from || !to || now < dot.since && dot.from === dot.to) continue;
    const progress = isMoving ? Math.min(1, Math.max(0, (now - dot.since) / TRAVEL)) : 1;
    if (progress < 1) {
      const eased = progress * progress * (3 - 2 * progress);
      drawDot(context, { x: from.x + (to.x - from.x) * eased, y: from.y + (to.y - from.y) * eased }, dot, now, options);
    } else if (dot.from !== dot.to && !dot.to.startsWith(">w")) {
      resting.set(dot.to, [...resting.get(dot.to) ?? [], dot]);
    }
  }
  for (const [spot, dots] of resting) {
    const center = at(spot)!;
    const shown = dots.slice(0, MOST_RESTING);
    const gap = Math.min(DOT_GAP, (NODE_RADIUS - DOT_RADIUS) / Math.sqrt(shown.length));
    for (const [i, dot] of shown.entries()) {
      const [radius, angle] = [shown.length === 1 ? 0 : gap * Math.sqrt(i + 0.5), i * TURN];
      drawDot(
        context,
        { x: center.x + radius * Math.cos(angle), y: center.y + radius * Math.sin(angle) },
        dot,
        now,
        options,
      );
    }
  }
}

function drawDot(
  context: CanvasRenderingContext2D,
  { x, y }: Point,
  { cargo, lostAt }: Dot,
  now: number,
  { colours, isKnown }: DrawingOptions,
): void {
  context.globalAlpha = lostAt === undefined ? 1 : Math.max(0, 1 - (now - lostAt) / FADE);
  const own = isKnown ? cargo : undefined;
  const colour = lostAt !== undefined ? colours.lost : own ? colours.accent : isKnown ? colours.faint : colours.dot;
  context.beginPath();
  if (own === "cover") {
    context.arc(x, y, DOT_RADIUS - 0.8, 0, 2 * Math.PI);
    context.strokeStyle = colour;
    context.lineWidth = 1.6;
    context.stroke();
  } else {
    context.arc(x, y, own ? DOT_RADIUS + 1 : DOT_RADIUS, 0, 2 * Math.PI);
    context.fillStyle = colour;
    context.fill();
  }
  context.globalAlpha = 1;
}

/** Draws the packets on this window's link in the last `span` ms: sent ones upwards, received ones downwards. */
export function drawTicks(
  canvas: HTMLCanvasElement,
  ticks: readonly Tick[],
  now: number,
  span: number,
  { isKnown, colours }: Pick<DrawingOptions, "isKnown" | "colours">,
): void {
  const { context, width, height } = prepare(canvas);
  const middle = height / 2;
  context.fillStyle = colours.link;
  context.fillRect(0, middle - 0.5, width, 1);
  for (const { at, isSent, cargo } of ticks) {
    const x = width * (1 - (now - at) / span);
    const isOwn = isKnown && isSent && cargo === "message";
    context.fillStyle = isOwn ? colours.accent : isKnown ? colours.faint : colours.dot;
    const length = middle - 4;
    context.fillRect(x - 1, isSent ? middle - 2 - length : middle + 2, isOwn ? 3 : 2, length);
  }
}
