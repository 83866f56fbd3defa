/** The program's own version (semver), as in deno.json. */
export const PRODUCT_VERSION = "1.0.0";

/**
 * The release of Nym whose protocol the gateway speaks, as it announces and prints it. 0.7.0 clients ignore a gateway
 * that does not announce 0.7.x (spec §6).
 */
export const PROTOCOL_VERSION = "0.7.0";
