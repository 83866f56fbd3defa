import { MAX_HOPS } from "../sphinx/constants.ts";

/** How many layers of mixnodes a client's packet passes through; they are numbered from 1. */
export const LAYERS = 3;
/**
 * The highest number of a layer: the last hop is a gateway. Clients of 0.7.0 refuse a topology with a layer that no packet
 * can have.
 */
export const MAX_LAYER: number = MAX_HOPS - 1;
