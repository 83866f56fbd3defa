import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { OperatorError } from "../../src/errors/operator_error.ts";
import { DAY, daysLeft, readCertificate } from "../../src/tls/certificate.ts";
import { TemporaryFolder } from "../support/temporary_folder.ts";
import { selfSigned } from "./self_signed.ts";

Deno.test("a pair that fits is read, with the days that are left of it", async () => {
  using folder = new TemporaryFolder();
  const files = await selfSigned(folder, "good");
  const read = readCertificate(files);
  assertEquals(read.key, await Deno.readTextFile(files.key));
  assertEquals(daysLeft(read, read.notAfter - 3.5 * DAY), 3);
  assertEquals(daysLeft(read, read.notAfter + 1), -1);
});

Deno.test("what won't do is refused, with the file, its key in the configuration, and what would be right", async () => {
  using folder = new TemporaryFolder();
  const [a, b] = await Promise.all([selfSigned(folder, "a"), selfSigned(folder, "b")]);
  const [none, rubbish] = [folder.file("none"), folder.file("rubbish")];
  await Deno.writeTextFile(rubbish, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
  const later = Date.now() + 31 * DAY;
  const cases: [certificate: string, key: string, now: number | undefined, code: number, message: string][] = [
    [none, a.key, undefined, 66, `Cannot read the TLS certificate ${none} (tls_certificate in [clients_endpoint])`],
    [a.certificate, none, undefined, 66, `Cannot read the TLS key ${none} (tls_key in [clients_endpoint])`],
    [rubbish, a.key, undefined, 78, "it holds no certificate in PEM"],
    [a.certificate, a.certificate, undefined, 78, "it holds no private key in PEM"],
    [a.certificate, b.key, undefined, 78, `it does not belong to the certificate in ${a.certificate}`],
    [a.certificate, a.key, later, 78, "it expired on 20"],
    [a.certificate, a.key, 0, 69, "is the clock right?"],
  ];
  for (const [certificate, key, now, code, message] of cases) {
    const error = assertThrows(() => readCertificate({ certificate, key }, now), OperatorError);
    assertStringIncludes(error.message, message);
    assertEquals(error.exitCode, code);
  }
});
