import { dirname, join } from "node:path";
import { vectorFile } from "../support/vectors.ts";

/** The home folder named in the files of the vector. */
export const HOME_070 = "/home/nym";

export const PATH_OF_CONFIG_070 = ".nym/gateways/supergateway/config/config.toml";

/** Block size of a ustar archive: a header takes one block, and contents are padded to whole blocks. */
const BLOCK = 512;

export const PATH_OF_MIXNODE_CONFIG_070 = ".nym/mixnodes/supermix/config/config.toml";

const GATEWAY_HOME = "gateway-home-0.7.0.tar.gz";
const MIXNODE_HOME = "mixnode-home-0.7.0.tar.gz";

/** The files in the home folder of a 0.7.0 gateway, or of another vector, by path below it. */
async function filesOfHome070(vector = GATEWAY_HOME): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  using archive = await Deno.open(vectorFile(vector));
  const unpacked = archive.readable.pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(unpacked).arrayBuffer());
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (let offset = 0; bytes[offset] !== 0;) {
    const field = (from: number, size: number) =>
      new TextDecoder().decode(bytes.subarray(offset + from, offset + from + size)).replace(/\0.*/s, "");
    const path = join(field(345, 155), field(0, 100));
    const size = parseInt(field(124, 12), 8);
    const contents = offset + BLOCK;
    if (field(156, 1) === "0") files.set(path, bytes.slice(contents, contents + size));
    offset = contents + Math.ceil(size / BLOCK) * BLOCK;
  }
  return files;
}

/** The text of one of these files. */
export async function textOfHome070(path: string): Promise<string> {
  return new TextDecoder().decode((await filesOfHome070()).get(path));
}

/** Writes these files below `home`, readable by all as in 0.7.0, and adapts the paths in the configuration. */
export async function unpackHome070(home: string): Promise<void> {
  await unpack(home, GATEWAY_HOME, PATH_OF_CONFIG_070);
}

/** The same for the home folder of a 0.7.0 mixnode. */
export async function unpackMixnodeHome070(home: string): Promise<void> {
  await unpack(home, MIXNODE_HOME, PATH_OF_MIXNODE_CONFIG_070);
}

async function unpack(home: string, vector: string, pathOfConfig: string): Promise<void> {
  for (const [path, contents] of await filesOfHome070(vector)) {
    const target = join(home, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(target, contents);
    await Deno.chmod(target, 0o644);
  }
  const config = join(home, pathOfConfig);
  await Deno.writeTextFile(config, (await Deno.readTextFile(config)).replaceAll(HOME_070, home));
}
