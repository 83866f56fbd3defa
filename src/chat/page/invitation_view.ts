/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import { generate } from "lean-qr";
import { useEffect, useRef } from "preact/hooks";
import { html, type Markup } from "./html.ts";
import type { Session } from "./session.ts";

/** The invitation, for the second window. */
export function InvitationView({ session }: { session: Session }): Markup {
  const invitation = session.invitation.value!;
  const canvas = useRef<HTMLCanvasElement>(null);
  const copied = useSignal("");
  useEffect(() => {
    generate(invitation).toCanvas(canvas.current!, { on: [0, 0, 0], off: [255, 255, 255], pad: 2 });
  }, [invitation]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(invitation);
      copied.value = "Copied";
    } catch {
      copied.value = "The browser does not allow it: copy the link of the other button";
    }
  };
  return html`
    <div class="invitation">
      <h2>Invite someone</h2>
      <p>Open this link in a second window, beside this one. The two then talk through the mixnet, encrypted end to end.</p>
      <canvas class="qr" ref=${canvas} role="img" aria-label="The invitation as a QR code"></canvas>
      <p class="actions">
        <a class="button primary" href=${invitation} target="_blank" rel="noopener">Open the second window</a>
        <button class="button" onClick=${copy}>Copy link</button>
        <span class="copied" role="status">${copied}</span>
      </p>
      <p class="quiet">The link is a secret between you two. It works once, and the part after # never reaches a server.</p>
    </div>
  `;
}
