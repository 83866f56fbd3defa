/** A folder of its own for a test, gone at the end of its scope. */
export class TemporaryFolder {
  readonly path = Deno.makeTempDirSync({ prefix: "nym-gateway-test-" });

  /** A path in it. */
  file(name: string): string {
    return `${this.path}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
