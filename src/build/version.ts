/** The version that is printed and announced. 0.7.0 clients ignore a gateway that does not announce 0.7.x (spec §6). */
export const VERSION = "0.7.0";
