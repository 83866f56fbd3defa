import { html, type Markup } from "./html.ts";

/** What someone needs to know who sees such a network for the first time. */
export function FactsView(): Markup {
  return html`
    <div>
      <h2>Who sees what</h2>
      <p>Whoever watches the wires sees packets pass, and cannot tell who writes to whom. A mixnode knows only where a
        packet came from and where it goes next. Your gateway sees that you are connected and when you send; the other’s
        sees that mail waits for them. Only the two windows can read what you write.</p>
    </div>
    <div>
      <h2>When someone is away</h2>
      <p>Their mail waits in their mailbox, which is at their gateway, and reaches them in order when they are back. Try
        it: switch one window offline, and write to it from the other. What you write while you are offline yourself
        waits in your window.</p>
    </div>
    <div>
      <h2>What cover is for</h2>
      <p>Without it, whoever watches your link sees a packet leave each time you write. Cover packets carry nothing, look
        like all others and leave at random times, so that your real ones do not stand out. Try it: set cover to none,
        then to full, write something each time, and look at your link.</p>
    </div>
  `;
}
