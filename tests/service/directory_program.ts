// deno-lint-ignore-file no-console -- a command
/** A directory that lists a mixnode in each layer and the gateways that have announced themselves. Prints its URL. */
import { encodeBase58 } from "../../src/encoding/base58.ts";
import { DirectoryServer } from "../directory/directory_server.ts";

const mixNodes = [1, 2, 3].map((layer) => ({
  host: `9.9.9.${layer}:1789`,
  pubKey: encodeBase58(new Uint8Array(32).fill(layer)),
  version: "0.7.0",
  location: "",
  layer,
  lastSeen: 0,
}));

const directory = new DirectoryServer();
directory.topology = () => {
  const gateways = new Map(directory.posted.map((text) => JSON.parse(text)).map((node) => [node.pubKey, node]));
  const gatewayNodes = [...gateways.values()].map((node) => ({ ...node, lastSeen: Date.now() * 1e6 }));
  return Response.json({ cocoNodes: [], mixProviderNodes: [], mixNodes, gatewayNodes });
};
console.log(directory.url);
