import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { generateIdentity, MemoryStore, Peap, type PeapOptions } from "../../src/peap/mod.ts";
import { readOptions } from "../../src/peap/options.ts";

const directory = "http://127.0.0.1:1";

Deno.test("options have the defaults of 0.7.0", () => {
  const { layers, traffic, meanHopDelay, meanSendGap, meanCoverGap, reconnect, requireProof } = readOptions({
    directory: `${directory}//`,
    gateway: undefined,
  });
  assertEquals({ layers, traffic, meanHopDelay, meanSendGap, meanCoverGap, reconnect, requireProof }, {
    layers: 3,
    traffic: "full",
    meanHopDelay: 200,
    meanSendGap: 500,
    meanCoverGap: 1000,
    reconnect: true,
    requireProof: false,
  });
  assertEquals(readOptions({ directory: `${directory}//` }).directory, directory);
});

Deno.test("a bad option is an error that names it, before anything is sent", async () => {
  const bad: [object, typeof TypeError | typeof RangeError][] = [
    [{ meanHopdelay: 1 }, TypeError],
    [{ coverTraffic: true }, TypeError],
    [{ toString: 1 }, TypeError],
    [{ directory: "example.org" }, TypeError],
    [{ directory: "ftp://example.org" }, TypeError],
    [{ directory: new URL(directory) }, TypeError],
    [{ meanHopDelay: NaN }, RangeError],
    [{ meanHopDelay: -1 }, RangeError],
    [{ meanHopDelay: Infinity }, RangeError],
    [{ meanHopDelay: "200" }, TypeError],
    [{ meanHopDelay: 200n }, TypeError],
    [{ meanHopDelay: null }, TypeError],
    [{ meanSendGap: 0 }, RangeError],
    [{ meanCoverGap: 9.9 }, RangeError],
    [{ meanCoverGap: 2 ** 31 }, RangeError],
    [{ layers: 0 }, RangeError],
    [{ layers: 5 }, RangeError],
    [{ layers: 2.5 }, RangeError],
    [{ traffic: "some" }, TypeError],
    [{ traffic: true }, TypeError],
    [{ kernel: {} }, TypeError],
    [{ kernel: true }, TypeError],
    [{ reconnect: 1 }, TypeError],
    [{ requireProof: "yes" }, TypeError],
    [{ gateway: "abc" }, TypeError],
    [{ gateway: new Uint8Array(32) }, TypeError],
    [{ identity: {} }, TypeError],
    [{ credentials: "abc" }, TypeError],
    [{ credentials: { version: 1, privateKey: "abc", gateway: "abc" } }, TypeError],
    [{ store: new Map() }, TypeError],
    [{ signal: {} }, TypeError],
    [{ trace: {} }, TypeError],
    [{ surroundings: 1 }, TypeError],
  ];
  for (const [option, kind] of bad) {
    const [name] = Object.keys(option);
    await assertRejects(() => Peap.connect({ directory, ...option } as PeapOptions), kind, name!);
  }
  await assertRejects(() => Peap.connect({} as PeapOptions), TypeError, "directory");
  await assertRejects(() => Peap.connect(undefined as unknown as PeapOptions), TypeError, "options");
});

Deno.test("credentials exclude the options that they contain", () => {
  const identity = generateIdentity();
  const key = "3r5zh7gGB6QP4hifBuaKLcrkkPk7pDPFSunDsDGeyghc";
  const credentials = { version: 1, privateKey: "2", gateway: key } as const;
  assertThrows(() => readOptions({ directory, credentials }), TypeError, "credentials");
  const valid = { ...credentials, privateKey: "11111111111111111111111111111111".replace(/1$/, "2") };
  assertThrows(() => readOptions({ directory, credentials: valid, identity }), TypeError, "leave these out");
  assertThrows(() => readOptions({ directory, credentials: valid, gateway: key }), TypeError, "leave these out");
  assertEquals(readOptions({ directory, credentials: valid, store: new MemoryStore() }).credentials, valid);
});
