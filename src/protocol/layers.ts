/** How many layers of mixnodes a client's packet passes through; they are numbered from 1. */
export const LAYERS = 3;
/** The highest number of a layer that a directory lists. */
export const MAX_LAYER = 255;
