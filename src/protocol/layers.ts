/** The layers of mixnodes that a client's packet passes through, numbered from 1. */
export const LAYERS = 3;
/** The highest number of a layer that a directory lists. */
export const MAX_LAYER = 255;
