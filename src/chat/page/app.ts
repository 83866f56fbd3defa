import { ChatView } from "./chat_view.ts";
import { FactsView } from "./facts_view.ts";
import { html, type Markup } from "./html.ts";
import { InvitationView } from "./invitation_view.ts";
import type { LineState } from "./line.ts";
import { NetworkView } from "./network_view.ts";
import type { NetworkWatch } from "./network_watch.ts";
import type { Session } from "./session.ts";

/** What the pill says of each state, and how good that is. */
const PILLS: Readonly<Record<LineState, readonly [text: string, mood: "good" | "waiting" | "bad" | "off"]>> = {
  connecting: ["Connecting …", "waiting"],
  connected: ["Connected", "good"],
  reconnecting: ["Reconnecting …", "waiting"],
  offline: ["No network", "bad"],
  full: ["Too much mail", "bad"],
  superseded: ["Open in another tab", "bad"],
  failed: ["Failed", "bad"],
  closed: ["Closed", "off"],
  off: ["Offline", "off"],
};

/** The whole page. */
export function App({ session, watch, name }: { session: Session; watch: NetworkWatch; name: string }): Markup {
  const [text, mood] = PILLS[session.line.value];
  const { value: problem } = session.problem;
  const isInviting = session.invitation.value !== undefined && !session.partner.value;
  return html`
    <header>
      <h1>${name}’s window</h1>
      <p class="quiet">
        What you write goes through a mixnet on this machine: mixnodes hold each packet for a random time, so nobody who
        watches can tell who writes to whom.
      </p>
      <span class="pill ${mood}" role="status">${text}</span>
      <label class="switch">
        <input type="checkbox" role="switch" checked=${session.isOn.value}
          onChange=${(event: { currentTarget: HTMLInputElement }) => {
            void session.set(session.traffic.value, event.currentTarget.checked);
          }} />
        <span aria-hidden="true"></span> Online
      </label>
    </header>
    ${problem && html`<p class="problem" role="alert">${problem}</p>`}
    <main>
      <section class="card chat" aria-label="Chat">
        ${isInviting ? html`<${InvitationView} session=${session} />` : html`<${ChatView} session=${session} />`}
      </section>
      <section class="card network" aria-label="The mixnet">
        <${NetworkView} session=${session} watch=${watch} />
      </section>
      <section class="card facts" aria-label="In short">
        <${FactsView} />
      </section>
    </main>
  `;
}
