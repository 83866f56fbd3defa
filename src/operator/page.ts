import style from "./page.css" with { type: "text" };

/** Of a page that is self-contained: it may load nothing else, and no other site may embed it. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
};

/** A page with the style that all of them share, in place of its comment `page.css`: its own rules follow. */
export function styled(page: string): string {
  return page.replace("/* page.css */", () => style);
}
