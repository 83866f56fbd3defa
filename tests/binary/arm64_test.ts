import { assertEquals, assertStringIncludes } from "@std/assert";
import { platformOf } from "../../scripts/release/platform.ts";
import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { frame } from "../../src/mixnet/frames.ts";
import { parseSocketAddress } from "../../src/addresses/socket_address.ts";
import { packetFor, randomClientAddress } from "../support/packets.ts";
import { TestClient } from "../support/test_client.ts";
import { BINARY, BinaryGateway, binaryTest, outcomeOf } from "./binary.ts";

/** From Debian's package qemu-user-static. */
const EMULATOR = (Deno.env.get("PATH") ?? "").split(":").map((folder) => `${folder}/qemu-aarch64-static`).find(exists);
/** The C library for arm64, from Debian's packages libc6-arm64-cross and libgcc-s1-arm64-cross. */
const LIBRARIES = { QEMU_LD_PREFIX: Deno.env.get("QEMU_LD_PREFIX") ?? "/usr/aarch64-linux-gnu" };
const TARGET = "aarch64-unknown-linux-gnu";

const EMULATION = {
  name: `a binary for ${TARGET}, qemu-aarch64-static and the C library of arm64`,
  isMet: BINARY !== "" && await platformOf(BINARY) === TARGET && EMULATOR !== undefined &&
    exists(`${LIBRARIES.QEMU_LD_PREFIX}/lib/libc.so.6`),
};

binaryTest("the binary for arm64 prints its platform, creates a gateway and delivers a message", async (binary) => {
  const info = await outcomeOf([EMULATOR!, binary, "build-info"], LIBRARIES);
  assertStringIncludes(info.stdout, `\ntarget: ${TARGET}\n`, info.stderr);

  await using gateway = new BinaryGateway(binary, [EMULATOR!], LIBRARIES);
  await gateway.init("http://127.0.0.1:1");
  await gateway.start();
  await using client = await TestClient.connect(parseSocketAddress(gateway.clients)!);
  const address = randomClientAddress();
  const answer = await client.request({ type: "register", address: encodeBase58(address) }) as { type: string };
  assertEquals(answer.type, "register");
  const message = new TextEncoder().encode("to another processor");
  {
    const { host, port } = parseSocketAddress(gateway.mixnet)!;
    using mixnode = await Deno.connect({ hostname: host, port });
    await mixnode.write(frame(packetFor(decodeBase58(gateway.publicKey)!, address, message)));
  }
  assertEquals(await client.message(), message);
  assertEquals(await gateway.stop(), 0);
}, EMULATION);

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
