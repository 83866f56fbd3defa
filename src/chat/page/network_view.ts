/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Traffic } from "../../peap/mod.ts";
import { coloursOf, drawNetwork, drawTicks } from "./drawing.ts";
import { html, type Markup } from "./html.ts";
import { COLUMNS, layoutOf, linksOf, type Point } from "./layout.ts";
import { nameOf } from "./names.ts";
import type { NetworkWatch } from "./network_watch.ts";
import type { Session } from "./session.ts";
import { networkInWords, ticksInWords } from "./summary.ts";

/** ms of the link's past that are shown */
const SPAN = 20_000;
/** ms between two descriptions of the pictures */
const DESCRIBE_EVERY = 2000;
const COVERS: readonly Traffic[] = ["none", "loop", "full"];
/** What each says of this window's link. */
const COVER_TEXTS: Readonly<Record<Traffic, string>> = {
  none: "Packets leave only when you write, so whoever watches your link sees when you do.",
  loop: "Packets loop back to you at random times, so nobody sees when you get mail. When you write can still be seen.",
  full: "Packets leave at random times, whether you write or not: your link does not show when you talk.",
};
const NARROW = "(max-width: 560px)";

/** The picture of the network, and what can be changed in it. */
export function NetworkView({ session, watch }: { session: Session; watch: NetworkWatch }): Markup {
  const isKnown = useSignal(true);
  const isNarrow = useSignal(matchMedia(NARROW).matches);
  const networkText = useSignal("");
  const linkText = useSignal("");
  const network = useRef<HTMLCanvasElement>(null);
  const link = useRef<HTMLCanvasElement>(null);
  const points = layoutOf(watch.places, watch.windows.value, isNarrow.value);
  const links = linksOf(watch.places, watch.connections.value);
  const drawn = useRef({ points, links });
  drawn.current = { points, links };
  useEffect(() => {
    const narrow = matchMedia(NARROW);
    const stillness = matchMedia("(prefers-reduced-motion: reduce)");
    const resized = () => isNarrow.value = narrow.matches;
    narrow.addEventListener("change", resized);
    let describedAt = -Infinity;
    let frame = requestAnimationFrame(function draw() {
      const now = performance.now();
      watch.flow.advance(now, SPAN);
      const options = { ...drawn.current, isKnown: isKnown.value, isMoving: !stillness.matches };
      const colours = coloursOf(network.current!);
      drawNetwork(network.current!, watch.flow, now, { ...options, colours });
      drawTicks(link.current!, watch.flow.ticks, now, SPAN, { isKnown: isKnown.value, colours });
      if (now - describedAt > DESCRIBE_EVERY) {
        describedAt = now;
        const away = watch.windows.value.filter((id) => watch.connections.value[id] === undefined);
        const names = away.map((id) => nameOf(Number(id.slice(1))));
        networkText.value = networkInWords(watch.flow.dots, watch.places, isKnown.value, names);
        linkText.value = ticksInWords(watch.flow.ticks);
      }
      frame = requestAnimationFrame(draw);
    });
    return () => {
      cancelAnimationFrame(frame);
      narrow.removeEventListener("change", resized);
    };
  }, []);
  return html`
    <div class="title">
      <h2>The mixnet</h2>
      <div class="choice" role="radiogroup" aria-label="Who looks at it">
        ${[[false, "What a watcher sees"], [true, "What I know"]].map(([value, text]) =>
          html`
            <label><input type="radio" name="view" checked=${isKnown.value === value}
              onChange=${() => isKnown.value = value === true} /><span>${text}</span></label>
          `
        )}
      </div>
    </div>
    <p class="quiet">${isKnown.value
      ? html`<b class="dot own"></b> carries your words or a receipt, <b class="dot cover"></b> is your cover. Only this
        window knows which are yours: it chose the route of each, and how long it rests at each mixnode.`
      : html`Each <b class="dot"></b> is a packet. All are alike, and look different after each mixnode. A watcher can count
        them, and cannot follow one through a mixnode.`}</p>
    <div class="picture">
      ${COLUMNS.map((text, i) => html`<span class="column" style="--i:${i}" aria-hidden="true">${text}</span>`)}
      ${[...points].map(([spot, point]) => html`<${Node} key=${spot} spot=${spot} point=${point} watch=${watch} />`)}
      <canvas ref=${network} role="img" aria-label=${networkText}></canvas>
    </div>
    <p class="quiet">Each round node is a mixnode. Click one to switch it off: what it would have passed on is lost, and
      sent again by another route. <b class="dot lost"></b> is a packet that got lost.</p>
    <div class="covers">
      <label for="cover">Cover traffic</label>
      <input id="cover" type="range" min="0" max="2" step="1" value=${COVERS.indexOf(
        session.traffic.value,
      )}
        aria-valuetext=${session.traffic.value} aria-describedby="cover-text"
        onChange=${(event: { currentTarget: HTMLInputElement }) => {
          void session.set(COVERS[Number(event.currentTarget.value)]!, session.isOn.value);
        }} />
      <span class="marks" aria-hidden="true">${COVERS.map((cover) =>
        html`<span class=${cover === session.traffic.value ? "chosen" : ""}>${cover}</span>`
      )}</span>
      <p class="quiet" id="cover-text">${COVER_TEXTS[session.traffic.value]}</p>
      <canvas class="ticks" ref=${link} role="img" aria-label=${linkText}></canvas>
      <p class="axis" aria-hidden="true"><span>20 s ago</span>
        <span>Packets on your link to the gateway: ↑ sent, ↓ received</span><span>now</span></p>
    </div>
  `;
}

/** A node or a window in the picture. */
function Node({ spot, point, watch }: { spot: string; point: Point; watch: NetworkWatch }): Markup {
  const place = `left:${100 * point.x}%;top:${100 * point.y}%`;
  const id = spot.replaceAll(">", "");
  if (id.startsWith("m")) {
    const isOff = watch.off.value.has(id);
    const { layer } = watch.places.find((each) => each.id === id)!;
    return html`
      <button class="node mixnode ${isOff ? "off" : ""}" style=${place} role="switch" aria-checked=${!isOff}
        aria-disabled=${watch.switching.value.has(id)} onClick=${() => void watch.switch(id)}
        title=${isOff ? "Switch it on" : "Switch it off"}
        aria-label="Mixnode ${id.slice(1)} of layer ${layer}"></button>
    `;
  }
  const isWindow = id.startsWith("w");
  const isOff = isWindow && watch.connections.value[id] === undefined;
  const isOwn = id === watch.window;
  return html`
    <span class="node ${isWindow ? "window" : "gateway"} ${isOff ? "off" : ""} ${isOwn ? "own" : ""}" style=${place}>
      <span class="name" aria-hidden="true">${isWindow
        ? isOwn ? "you" : nameOf(Number(id.slice(1)))
        : id.slice(1)}</span>
    </span>
  `;
}
