/** The web page that has the releases. It has no address yet: where this is empty, the documentation says so. */
export const RELEASES_PAGE: string = "";

/** What docs/install.md says about it. */
export function whereReleasesAre(page = RELEASES_PAGE): string {
  return page === ""
    ? "There is no page with releases yet: `deno task release` makes one from a checkout ([below](#build-it-yourself))."
    : `Releases are at <${page}>.`;
}
