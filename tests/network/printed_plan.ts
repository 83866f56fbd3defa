/** One host of a printed plan. */
export interface PlannedHost {
  host: string;
  /** the ports to open */
  ports: number[];
  /** the commands of each role, in order; the last one of each starts the node */
  steps: string[][];
}

/** What `network plan` prints, as somebody reads it who pastes its commands. */
export function readPlan(text: string): { directory: string; hosts: PlannedHost[] } {
  const [, ...parts] = text.split(/^\d+\. /m);
  const hosts = parts.map((part) => ({
    host: /^(\S+): /.exec(part)![1]!,
    ports: [...part.matchAll(/^ {3}- (\d+), /gm)].map(([, port]) => Number(port)),
    steps: part.split("\n\n").map((block) => [...block.matchAll(/^ {4}(\S.*)/gm)].map(([, command]) => command!))
      .filter((commands) => commands.length > 0),
  }));
  return { directory: /as their directory/.test(text) ? /"(http.*?)"/.exec(text)![1]! : "", hosts };
}
