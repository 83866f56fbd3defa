/**
 * The part of a changelog (Keep a Changelog) on `version`, without its heading; that on what is unreleased while there
 * is none. Throws when there is neither.
 */
export function changesOf(version: string, changelog: string): string {
  const parts = changelog.split(/^## /m).slice(1);
  const part = parts.find((text) => text.startsWith(`[${version}]`) || text.split(/\s/)[0] === version) ??
    parts.find((text) => /^\[?Unreleased/i.test(text));
  if (part === undefined) throw new Error(`the changelog says nothing of ${version}`);
  return `${part.slice(part.indexOf("\n")).trim()}\n`;
}
