import { benchGateways } from "./gateway_bench.ts";
await benchGateways();
