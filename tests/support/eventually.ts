/** Looks every few ms until `condition` holds; for what tells nobody that it has happened. Fails after `within` ms. */
export async function eventually(what: string, condition: () => boolean, within = 30_000): Promise<void> {
  for (const end = Date.now() + within; !condition();) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
