import { dirname, join } from "node:path";
import { vectorFile } from "../support/vectors.ts";

/** The home folder that the files of the vector speak of. */
export const HOME_070 = "/home/nym";

export const PATH_OF_CONFIG_070 = ".nym/gateways/supergateway/config/config.toml";

/** Where the files of a ustar archive are: its 512-byte headers are followed by contents filled up to 512. */
const BLOCK = 512;

/** The files of the home folder that a 0.7.0 gateway left, by path below it. */
export async function filesOfHome070(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  using archive = await Deno.open(vectorFile("gateway-home-0.7.0.tar.gz"));
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

/** Puts these files below `home`, readable by all as 0.7.0 left them, with the paths in the configuration changed to that. */
export async function unpackHome070(home: string): Promise<void> {
  for (const [path, contents] of await filesOfHome070()) {
    const target = join(home, path);
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.writeFile(target, contents);
    await Deno.chmod(target, 0o644);
  }
  const config = join(home, PATH_OF_CONFIG_070);
  await Deno.writeTextFile(config, (await Deno.readTextFile(config)).replaceAll(HOME_070, home));
}
