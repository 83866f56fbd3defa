import { decodeBase58, encodeBase58 } from "../../src/encoding/base58.ts";
import { decodePem, encodePem } from "../../src/encoding/pem.ts";
import { ADDRESS_SIZE } from "../../src/sphinx/constants.ts";
import { mutatedText } from "./mutate.ts";
import type { Target } from "./target.ts";

/** Decoding and encoding are inverse: any bytes are restored, and decodable text is canonical. */
export const base58: Target = {
  name: "base58",
  attempt(random) {
    const bytes = random.bytes(random.pick([ADDRESS_SIZE, random.below(44)]));
    const valid = encodeBase58(bytes);
    if (decodeBase58(valid)?.toHex() !== bytes.toHex()) throw new Error(`${valid} is not ${bytes.toHex()}`);
    const text = mutatedText(random, valid);
    const decoded = decodeBase58(text);
    if (decoded !== undefined && encodeBase58(decoded) !== text) throw new Error(`${text} is decoded as another text`);
  },
};

const TAG = "SPHINX PRIVATE KEY";

/** A key file is parsed, or refused with an Error that does not quote its contents. */
export const pem: Target = {
  name: "pem",
  attempt(random) {
    const key = random.bytes(ADDRESS_SIZE);
    const valid = encodePem(TAG, key);
    if (decodePem(TAG, valid).toHex() !== key.toHex()) throw new Error("another key");
    const contents = valid.split("\r\n")[1]!;
    try {
      decodePem(TAG, mutatedText(random, valid));
    } catch (error) {
      if (!(error instanceof Error) || error.constructor !== Error) throw error;
      if (error.message.includes(contents.slice(0, 20))) throw new Error("the error quotes the key", { cause: error });
    }
  },
};
