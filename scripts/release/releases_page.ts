/** The URL of the page with the releases. There is none yet: while it is empty, the documentation says so. */
export const RELEASES_PAGE: string = "";

/** The sentence about it in docs/install.md. */
export function whereReleasesAre(page = RELEASES_PAGE): string {
  return page === ""
    ? "There is no page with releases yet: `deno task release` makes one from a checkout ([below](#build-it-yourself))."
    : `Releases are at <${page}>.`;
}
