/** A temporary folder for a test, removed when disposed. */
export class TemporaryFolder {
  readonly path = Deno.makeTempDirSync({ prefix: "nym-gateway-test-" });

  /** The path of a file in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
