/** Polls until `condition` holds. Fails after `within` ms. */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  within = 30_000,
): Promise<void> {
  for (const end = Date.now() + within; !await condition();) {
    if (Date.now() > end) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
