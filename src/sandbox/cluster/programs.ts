import { join } from "node:path";

/** Where Debian's package puts PostgreSQL's programs, by version. */
const DEBIAN = "/usr/lib/postgresql";
/** Folders that a user's PATH may lack. */
const SYSTEM = ["/usr/local/bin", "/usr/bin", "/usr/sbin"];

/** Debian's packages with the programs of a cluster, and a program of each. */
const PACKAGES = [
  { name: "postgresql", program: "initdb" },
  { name: "patroni", program: "patroni" },
  { name: "etcd-server", program: "etcd" },
  { name: "haproxy", program: "haproxy" },
] as const;

/** The programs of a cluster. */
export interface Programs {
  /** the folder with PostgreSQL's */
  readonly postgresql: string;
  /** a path, as the following */
  readonly patroni: string;
  /** keeps which node is the primary */
  readonly etcd: string;
  /** the load balancer */
  readonly haproxy: string;
}

/** Finds the programs of a cluster in these folders. Throws an Error that says which packages to install. */
export function findPrograms(folders: readonly string[] = usualFolders()): Programs {
  const found = PACKAGES.map(({ name, program }) => ({ name, folder: folderWith(program, folders) }));
  const missing = found.filter(({ folder }) => folder === undefined).map(({ name }) => name);
  if (missing.length > 0) {
    throw new Error(
      `This needs programs that are not installed. On Debian: apt-get install --no-install-recommends ${
        missing.join(" ")
      }`,
    );
  }
  const [postgresql, patroni, etcd, haproxy] = found.map(({ folder }) => folder!) as [string, string, string, string];
  return {
    postgresql,
    patroni: join(patroni, "patroni"),
    etcd: join(etcd, "etcd"),
    haproxy: join(haproxy, "haproxy"),
  };
}

/** The folder with `initdb` and `postgres`; undefined when they are not installed. */
export function postgresqlFolder(): string | undefined {
  return folderWith("initdb", usualFolders());
}

/** The command as the user postgres for root, whom PostgreSQL's programs refuse. */
export function asUser(...command: [string, ...string[]]): [string, ...string[]] {
  if (Deno.uid() !== 0) return command;
  return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", ...command];
}

function usualFolders(): string[] {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...SYSTEM];
  try {
    const versions = [...Deno.readDirSync(DEBIAN)].map(({ name }) => name).sort((a, b) => Number(b) - Number(a));
    return [...versions.map((version) => join(DEBIAN, version, "bin")), ...folders];
  } catch {
    return folders; // not Debian's
  }
}

function folderWith(program: string, folders: readonly string[]): string | undefined {
  return folders.find((folder) => {
    try {
      return Deno.statSync(join(folder, program)).isFile;
    } catch {
      return false;
    }
  });
}
