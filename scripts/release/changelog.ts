/**
 * The section of a changelog (Keep a Changelog) for `version`, without its heading; if there is none, the unreleased
 * section. Throws if there is neither.
 */
export function changesOf(version: string, changelog: string): string {
  const parts = changelog.split(/^## /m).slice(1);
  const part = parts.find((text) => text.startsWith(`[${version}]`) || text.split(/\s/)[0] === version) ??
    parts.find((text) => /^\[?Unreleased/i.test(text));
  if (part === undefined) throw new Error(`the changelog has no section for ${version}`);
  return `${part.slice(part.indexOf("\n")).trim()}\n`;
}
