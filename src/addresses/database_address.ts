/** A server's place: a host name or IP address, or the folder of its Unix socket, which begins with a slash. */
export interface Host {
  /** as written, without brackets */
  readonly host: string;
  /** a TCP port, or what the socket is named after */
  readonly port: number;
}

/** What a URL of the form `postgres://user@host:port,host:port/database` says. */
export interface DatabaseAddress {
  /** in order of preference; at least one */
  readonly hosts: readonly Host[];
  /** the role to log in as */
  readonly user: string;
  /** the database's name */
  readonly database: string;
}

const FORM = /^postgres(?:ql)?:\/\/([^:@/?#]+)@([^@/?#]+)\/([^/?#]+)$/;
const HOST = /^(\[[0-9A-Fa-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/;
const PORT = 5432;

/** Parses a URL; undefined when it has another form, or a password: that belongs into a file. */
export function databaseAddress(url: string): DatabaseAddress | undefined {
  const [, user, hosts, database] = FORM.exec(url) ?? [];
  if (user === undefined) return undefined;
  try {
    const parsed = hosts!.split(",").map((text) => {
      const [, host, port = PORT] = HOST.exec(text) ?? [];
      if (host === undefined || Number(port) < 1 || Number(port) > 65_535) throw new URIError();
      return { host: decodeURIComponent(host.replace(/^\[|\]$/g, "")), port: Number(port) };
    });
    return { hosts: parsed, user: decodeURIComponent(user), database: decodeURIComponent(database!) };
  } catch {
    return undefined; // a wrong port, or an escape that means nothing
  }
}
