/** Hosts that browsers trust without TLS. */
const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/;

/**
 * Whether a page of that origin may not connect to the URL: browsers let https pages use only https and wss (W3C Mixed
 * Content §4), except to the machine that they run on.
 *
 * @param origin of the page; undefined outside of browsers
 */
export function isMixedContent(url: string, origin: string | undefined): boolean {
  if (!origin?.startsWith("https:")) return false;
  const { protocol, hostname } = URL.canParse(url) ? new URL(url) : { protocol: "", hostname: "" };
  return (protocol === "ws:" || protocol === "http:") && !LOOPBACK.test(hostname);
}
