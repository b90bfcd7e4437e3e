import type { Protocol } from "../../facts/verdict.ts";

/** A command of shell scripts that fetches from a place which nobody writes: its own default. */
export interface Fetcher {
  readonly commands: readonly string[];
  /** Words of which one must follow; none: any use fetches. */
  readonly verbs?: readonly string[];
  /** Flags after which the place is written out, so that the default is not asked. */
  readonly otherwise?: readonly string[];
  readonly hosts: readonly string[];
  readonly port: number;
  /** Mirrors chosen anew each time: no name can be given. */
  readonly anywhere?: true;
  /** Holds only for images whose name contains one of these words; without a match the entry is a guess. */
  readonly images?: readonly string[];
}

const PYPI = ["pypi.org", "files.pythonhosted.org"];

/** Package managers and their kind. Of several entries for one command, the one whose image fits is taken, else the first. */
export const FETCHERS: readonly Fetcher[] = [
  {
    commands: ["apk"],
    verbs: ["add", "update", "upgrade"],
    otherwise: ["-X", "--repository"],
    hosts: ["dl-cdn.alpinelinux.org"],
    port: 443,
  },
  {
    commands: ["apt-get", "apt", "aptitude"],
    verbs: ["update", "install", "upgrade", "dist-upgrade"],
    hosts: ["deb.debian.org"],
    port: 80,
    images: ["debian", "bookworm", "bullseye", "trixie", "slim", "python", "node"],
  },
  {
    commands: ["apt-get", "apt", "aptitude"],
    verbs: ["update", "install", "upgrade", "dist-upgrade"],
    hosts: ["archive.ubuntu.com", "security.ubuntu.com", "ports.ubuntu.com"],
    port: 80,
    images: ["ubuntu", "jammy", "noble", "focal"],
  },
  {
    commands: ["dnf", "yum", "microdnf"],
    verbs: ["install", "update", "upgrade", "makecache"],
    hosts: [],
    port: 443,
    anywhere: true,
  },
  { commands: ["pacman"], verbs: ["-S", "-Sy", "-Syu", "-Syyu"], hosts: [], port: 443, anywhere: true },
  { commands: ["zypper"], verbs: ["install", "in", "refresh", "update"], hosts: ["download.opensuse.org"], port: 443 },
  {
    commands: ["pip", "pip3"],
    verbs: ["install", "download", "wheel"],
    otherwise: ["-i", "--index-url", "--no-index"],
    hosts: PYPI,
    port: 443,
  },
  {
    commands: ["uv", "poetry", "pipenv", "pdm"],
    verbs: ["pip", "sync", "add", "install", "run", "tool"],
    otherwise: ["--index-url", "--offline"],
    hosts: PYPI,
    port: 443,
  },
  { commands: ["uvx", "pipx"], otherwise: ["--index-url", "--offline"], hosts: PYPI, port: 443 },
  {
    commands: ["npm", "pnpm"],
    verbs: ["install", "ci", "i", "add", "exec", "dlx", "update"],
    otherwise: ["--registry", "--offline"],
    hosts: ["registry.npmjs.org"],
    port: 443,
  },
  {
    commands: ["npx", "bunx", "bun"],
    otherwise: ["--registry", "--offline"],
    hosts: ["registry.npmjs.org"],
    port: 443,
  },
  { commands: ["yarn"], otherwise: ["--registry", "--offline"], hosts: ["registry.yarnpkg.com"], port: 443 },
  {
    commands: ["go"],
    verbs: ["install", "get", "mod", "run"],
    hosts: ["proxy.golang.org", "sum.golang.org"],
    port: 443,
  },
  {
    commands: ["cargo"],
    verbs: ["install", "fetch", "build", "run"],
    otherwise: ["--offline"],
    hosts: ["index.crates.io", "static.crates.io"],
    port: 443,
  },
  {
    commands: ["gem", "bundle"],
    verbs: ["install", "update"],
    hosts: ["rubygems.org", "index.rubygems.org"],
    port: 443,
  },
  {
    commands: ["composer"],
    verbs: ["install", "require", "update"],
    hosts: ["repo.packagist.org", "api.github.com", "codeload.github.com"],
    port: 443,
  },
  { commands: ["gh"], hosts: ["api.github.com"], port: 443 },
];

/** A client whose command line names the server it speaks to. */
export interface Client {
  readonly commands: readonly string[];
  /** Flags before the host and before the port. */
  readonly host: readonly string[];
  readonly ports?: readonly string[];
  /** A word that is no flag is the host (`user@host`, `host:path`): the first, because what follows it runs there, or any. */
  readonly bare?: "first" | "anywhere";
  /** The second such word is the port. */
  readonly barePort?: true;
  readonly port: number;
  readonly protocol?: Protocol;
}

export const CLIENTS: readonly Client[] = [
  {
    commands: ["psql", "pg_dump", "pg_dumpall", "pg_restore", "pg_isready", "pg_basebackup", "createdb"],
    host: ["-h", "--host"],
    ports: ["-p", "--port"],
    port: 5432,
  },
  {
    commands: ["mysql", "mysqldump", "mariadb", "mariadb-dump", "mysqladmin"],
    host: ["-h", "--host"],
    ports: ["-P", "--port"],
    port: 3306,
  },
  { commands: ["redis-cli", "valkey-cli"], host: ["-h"], ports: ["-p"], port: 6379 },
  {
    commands: ["mongosh", "mongo", "mongodump", "mongorestore"],
    host: ["--host", "-h"],
    ports: ["--port"],
    port: 27017,
  },
  { commands: ["mosquitto_pub", "mosquitto_sub"], host: ["-h", "--host"], ports: ["-p", "--port"], port: 1883 },
  { commands: ["ldapsearch"], host: ["-h"], ports: ["-p"], port: 389 },
  { commands: ["ssh", "sftp"], host: [], ports: ["-p"], bare: "first", port: 22 },
  { commands: ["scp", "rsync"], host: [], ports: ["-P"], bare: "anywhere", port: 22 },
  { commands: ["nc", "ncat", "telnet"], host: [], bare: "first", barePort: true, port: 0 },
  { commands: ["ping", "ping6"], host: [], bare: "first", port: 8, protocol: "ICMPv4" },
  { commands: ["curl", "wget"], host: [], bare: "anywhere", port: 80 },
];

/** Flags that take a value, per command, so that the value is not taken for a host. */
export const VALUED: Readonly<Record<string, string>> = {
  ping: "-c -i -w -W -s -I -t",
  ping6: "-c -i -w -W -s -I",
  nc: "-w -i -p -s -X -x -q",
  ncat: "-w -i -p -s",
  ssh: "-i -l -o -F -J -L -R -D -p -b -c -m -e",
  sftp: "-i -o -F -P -b",
  scp: "-i -o -F -P -S -l",
  rsync: "-e --exclude --include --filter --password-file --rsh --rsync-path --out-format --timeout",
  curl: "-o --output -H --header -d --data --data-raw --data-binary -X --request -u --user -A --user-agent -w --write-out --retry --retry-delay --retry-max-time --max-time -m --connect-timeout -F --form -b --cookie -c --cookie-jar --cacert --cert -E --key -e --referer -T --upload-file --resolve -x --proxy --data-urlencode --unix-socket -K --config -r --range",
  wget: "-O --output-document -o --output-file -P --directory-prefix -T --timeout -t --tries -U --user-agent --header --post-data --post-file --body-data --method -a -w --wait --user --password -e",
};
