import { assertEquals } from "@std/assert";
import { databaseAddress } from "../../src/addresses/database_address.ts";

Deno.test("a database's URL: hosts with and without ports, a socket's folder, names with escapes", () => {
  assertEquals(databaseAddress("postgres://gateway@db1.example.org,[2001:db8::1]:6432/mail"), {
    hosts: [{ host: "db1.example.org", port: 5432 }, { host: "2001:db8::1", port: 6432 }],
    user: "gateway",
    database: "mail",
  });
  assertEquals(databaseAddress("postgresql://a%40b@%2Frun%2Fpostgresql/m%C3%A4il"), {
    hosts: [{ host: "/run/postgresql", port: 5432 }],
    user: "a@b",
    database: "mäil",
  });
});

Deno.test("what is not a database's URL, or has a password or options in it", () => {
  for (
    const text of [
      "",
      "postgres://host/mail",
      "postgres://role@host",
      "postgres://role@host/",
      "postgres://role:secret@host/mail",
      "postgres://role@host/mail?sslmode=disable",
      "postgres://role@host:0/mail",
      "postgres://role@host:65536/mail",
      "postgres://role@host,/mail",
      "postgres://role@2001:db8::1/mail",
      "postgres://%zz@host/mail",
      "https://role@host/mail",
    ]
  ) assertEquals(databaseAddress(text), undefined, text);
});
