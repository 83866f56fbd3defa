/** The golden vectors of tests/vectors/sphinx.json; bytes are hexadecimal unless a comment says otherwise. */
export interface SphinxVectors {
  packets: { packet: string; hops: HopVector[] }[];
  lioness: { key: string; plaintext: string; ciphertext: string }[];
  scalar_multiplication: { note: string; scalar: string; u: string; result: string }[];
  tokens: {
    gateway_private_key: string;
    gateway_public_key: string; // base58
    client_address: string; // base58
    token: string; // base58
  }[];
  node_addresses: { address: string; unpadded: string; padded: string }[];
  fragments: { message_byte_i: string; cases: { message_length: number; fragments: string[] }[] };
}

/** A forward hop has the second group of optional fields, the last hop the third. */
export interface HopVector {
  listens_on: string; // socket address
  private_key: string;
  public_key: string; // base58
  shared_key: string;
  stream_key: string;
  mac_key: string;
  payload_key: string;
  blinding_factor: string;

  next_address?: string;
  delay_ns?: string; // decimal
  next_packet?: string;

  destination?: string;
  identifier?: string;
  payload_plaintext?: string;
  message?: string;
}

/** A file of tests/vectors. */
export function vectorFile(name: string): URL {
  return new URL(`../vectors/${name}`, import.meta.url);
}

export function sphinxVectors(): SphinxVectors {
  return JSON.parse(Deno.readTextFileSync(vectorFile("sphinx.json")));
}
