import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { DAY, daysLeft, readCertificate } from "../../src/tls/certificate.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { issuedChain, selfSigned } from "./self_signed.ts";

Deno.test("a matching pair is read, and the days left are counted", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "good");
  const read = readCertificate(files);
  assertEquals(read.key, await Deno.readTextFile(files.key));
  assertEquals(daysLeft(read, read.notAfter - 3.5 * DAY), 3);
  assertEquals(daysLeft(read, read.notAfter + 1), -1);
});

Deno.test("invalid files are refused with the file, its key in the configuration, and the remedy", async () => {
  using folder = new TemporaryFolder();
  const [a, b] = await Promise.all([selfSigned(folder, "a"), selfSigned(folder, "b")]);
  const [none, rubbish] = [folder.file("none"), folder.file("rubbish")];
  await Deno.writeTextFile(rubbish, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
  const later = Date.now() + 31 * DAY;
  const cases: [certificate: string, key: string, now: number | undefined, code: number, message: string][] = [
    [none, a.key, undefined, 66, `Cannot read the TLS certificate ${none} (tls_certificate)`],
    [a.certificate, none, undefined, 66, `Cannot read the TLS key ${none} (tls_key)`],
    [rubbish, a.key, undefined, 78, "it contains no certificate in PEM"],
    [a.certificate, a.certificate, undefined, 78, "it contains no private key in PEM"],
    [a.certificate, b.key, undefined, 78, `it does not belong to the certificate in ${a.certificate}`],
    [a.certificate, a.key, later, 69, "it expired on 20"],
    [a.certificate, a.key, 0, 69, "is the clock right?"],
  ];
  for (const [certificate, key, now, code, message] of cases) {
    const error = assertThrows(() => readCertificate({ certificate, key }, now), OperatorError);
    assertStringIncludes(error.message, message);
    assertEquals(error.exitCode, code);
  }
});

Deno.test("byte order marks, CRLF, and both in one file in either order are accepted", async () => {
  using folder = new TemporaryFolder();
  const { certificate, key } = await selfSigned(folder, "good");
  const [certificateText, keyText] = [certificate, key].map((path) => Deno.readTextFileSync(path));
  const both = folder.file("both.pem");
  for (
    const text of [
      `\ufeff${certificateText}${keyText}`,
      `${keyText}some text\r\n${certificateText}`,
      `${certificateText}${keyText}`.replaceAll("\n", "\r\n"),
      `\ufeff${keyText}${certificateText}`.replaceAll("\n", "\r\n"),
    ]
  ) {
    Deno.writeTextFileSync(both, text);
    const read = readCertificate({ certificate: both, key: both });
    assertEquals([read.certificate, read.key], [certificateText, keyText]);
  }
});

Deno.test("a chain in the wrong order and a short or encrypted key are refused as such; a readable key is noticed", async () => {
  using folder = new TemporaryFolder();
  const { certificates: [own, intermediate, root], key } = await issuedChain(folder);
  const chain = folder.file("chain.pem");
  const refusal = (certificates: (string | undefined)[], keyFile = key) => {
    Deno.writeTextFileSync(chain, certificates.join(""));
    const files = { certificate: chain, key: keyFile };
    return assertThrows(() => readCertificate(files), OperatorError).message;
  };
  Deno.writeTextFileSync(chain, [own, intermediate, root].join(""));
  assertEquals(readCertificate({ certificate: chain, key }).certificate, Deno.readTextFileSync(chain));
  assertStringIncludes(refusal([intermediate, own, root]), "own certificate is number 2 of 3, and must be the first");
  assertStringIncludes(
    refusal([own, root, intermediate]),
    "number 1 of 3 was issued by number 3, which must come next",
  );

  const short = await selfSigned(folder, "short", 30, "-newkey rsa:1024");
  assertStringIncludes(refusal([own], short.key), "it is an RSA key of 1024 bits, but TLS needs at least 2048");
  Deno.writeTextFileSync(
    folder.file("locked"),
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n\n-----END ENCRYPTED PRIVATE KEY-----",
  );
  assertStringIncludes(refusal([own], folder.file("locked")), "encrypted with a passphrase");

  const files = await selfSigned(folder, "good");
  assertEquals(readCertificate(files).isKeyOpen, false);
  if (Deno.build.os === "windows") return;
  Deno.chmodSync(files.key, 0o644);
  assertEquals(readCertificate(files).isKeyOpen, true);
});
