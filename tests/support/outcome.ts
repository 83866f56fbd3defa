/** What a program that has ended returned and wrote. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** The outcome of a program by its output, both streams of which were piped. */
export function outcomeIn({ code, stdout, stderr }: Deno.CommandOutput): Outcome {
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
