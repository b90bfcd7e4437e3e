import type { Protocol } from "../../facts/verdict.ts";

/** Something in a text that names a place to connect to. Line and column are counted from 0. */
export interface Target {
  readonly host: string;
  /** Null where neither the text nor the scheme gives one. */
  readonly port: number | null;
  readonly protocol: Protocol;
  readonly scheme: string | null;
  /** What kind of server the scheme speaks to. */
  readonly speaks: Speaks | null;
  /** The address of an OpenID provider's own description. */
  readonly discovers: boolean;
  readonly line: number;
  readonly column: number;
}

export type Speaks = "web" | "database" | "directory" | "mail" | "broker" | "files" | "camera";

interface Scheme {
  readonly port: number | null;
  readonly speaks: Speaks | null;
  readonly udp?: true;
}

const SCHEMES: Readonly<Record<string, Scheme>> = {
  http: { port: 80, speaks: "web" },
  ws: { port: 80, speaks: "web" },
  https: { port: 443, speaks: "web" },
  wss: { port: 443, speaks: "web" },
  postgres: { port: 5432, speaks: "database" },
  postgresql: { port: 5432, speaks: "database" },
  mysql: { port: 3306, speaks: "database" },
  mariadb: { port: 3306, speaks: "database" },
  mongodb: { port: 27017, speaks: "database" },
  redis: { port: 6379, speaks: "database" },
  rediss: { port: 6379, speaks: "database" },
  valkey: { port: 6379, speaks: "database" },
  clickhouse: { port: 9000, speaks: "database" },
  memcached: { port: 11211, speaks: "database" },
  amqp: { port: 5672, speaks: "broker" },
  amqps: { port: 5671, speaks: "broker" },
  mqtt: { port: 1883, speaks: "broker" },
  mqtts: { port: 8883, speaks: "broker" },
  nats: { port: 4222, speaks: "broker" },
  kafka: { port: 9092, speaks: "broker" },
  ldap: { port: 389, speaks: "directory" },
  ldaps: { port: 636, speaks: "directory" },
  smtp: { port: 25, speaks: "mail" },
  smtps: { port: 465, speaks: "mail" },
  submission: { port: 587, speaks: "mail" },
  submissions: { port: 465, speaks: "mail" },
  imap: { port: 143, speaks: "mail" },
  imaps: { port: 993, speaks: "mail" },
  ftp: { port: 21, speaks: "files" },
  sftp: { port: 22, speaks: "files" },
  ssh: { port: 22, speaks: "files" },
  nfs: { port: 2049, speaks: "files" },
  rtsp: { port: 554, speaks: "camera" },
  rtmp: { port: 1935, speaks: "camera" },
  grpc: { port: null, speaks: null },
  tcp: { port: null, speaks: null },
  tls: { port: null, speaks: null },
  ssl: { port: null, speaks: null },
  udp: { port: null, speaks: null, udp: true },
};

const BLANK = "\uE000";
/** A template's value is not known; what stands for it keeps the columns right. */
const hideTemplates = (text: string): string => {
  let hidden = "";
  let from = 0;
  for (let open = text.indexOf("{{"); open >= 0; open = text.indexOf("{{", from)) {
    const close = text.indexOf("}}", open + 2);
    if (close < 0) break;
    hidden += text.slice(from, open) + text.slice(open, close + 2).replace(/[^\n]/g, BLANK);
    from = close + 2;
  }
  return from === 0 ? text : hidden + text.slice(from);
};

const URL = /\b([a-zA-Z][a-zA-Z0-9+-]{1,24}):\/\/([^\s"'`<>|,;)\]\\]+)/g;
/** A host with at most one variable's worth of the unknown in it. */
const HOST = /^(?:\[[0-9a-fA-F:.]+\]|(?:[A-Za-z0-9*-]|\$\{[^}]*\}|\.)+)$/;

const isHost = (host: string): boolean =>
  HOST.test(host) && /[A-Za-z0-9}]/.test(host) && !host.startsWith(".") && !host.endsWith("-") && host.length < 254;

const authority = (rest: string): { readonly host: string; readonly port: number | null } | null => {
  const [before = ""] = rest.split(/[/?#]/);
  const at = before.lastIndexOf("@");
  const place = at < 0 ? before : before.slice(at + 1);
  const match = /^(\[[^\]]+\]|(?:\$\{[^}]*\}|[^:$])+)(?::(\d{1,5})?)?$/.exec(place);
  const host = match?.[1];
  if (host === undefined || !isHost(host)) return null;
  const port = match?.[2] === undefined ? null : Number(match[2]);
  return { host: host.replace(/^\[|\]$/g, ""), port };
};

const placeOf = (text: string, index: number): { readonly line: number; readonly column: number } => {
  if (!text.includes("\n")) return { line: 0, column: index };
  const before = text.slice(0, index);
  const line = before.split("\n").length - 1;
  return { line, column: index - (before.lastIndexOf("\n") + 1) };
};

/** Git's own way to write a remote: `git@host:owner/repository`. */
const REMOTE = /(?<![\w/:@.])[\w.-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+):(?!\/\/|\d+\/)[\w.~-]+\/[\w./~-]+/g;

const remotesIn = (text: string): readonly Target[] =>
  text.includes("@")
    ? [...text.matchAll(REMOTE)].map((match) => ({
        host: match[1] ?? "",
        port: 22,
        protocol: "TCP" as const,
        scheme: "ssh",
        speaks: "files" as const,
        discovers: false,
        ...placeOf(text, match.index),
      }))
    : [];

/** The URLs in a text, whatever surrounds them. */
export const urlsIn = (written: string): readonly Target[] => {
  if (!written.includes("://")) return remotesIn(written);
  const text = hideTemplates(written);
  const urls = [...text.matchAll(URL)].flatMap((match): readonly Target[] => {
    const name = (match[1] ?? "").toLowerCase().split("+")[0] ?? "";
    const scheme = Object.hasOwn(SCHEMES, name) ? SCHEMES[name] : undefined;
    const place = authority(match[2] ?? "");
    if (scheme === undefined || place === null) return [];
    return [
      {
        host: place.host,
        port: place.port ?? scheme.port,
        protocol: scheme.udp === true ? "UDP" : "TCP",
        scheme: name,
        speaks: scheme.speaks,
        discovers: (match[2] ?? "").includes("/.well-known/openid-configuration"),
        ...placeOf(text, match.index),
      },
    ];
  });
  return [...urls, ...remotesIn(text.replace(URL, (url) => " ".repeat(url.length)))];
};

const PAIR = /^(?:[\w.-]+@)?(?:tcp\()?((?:[A-Za-z0-9-]|\$\{[^}]*\}|\.)+):(\d{2,5})\)?(?:\/[\w-]*)?$/;
const DSN = /\bhost=(\S+)(?:.*?\bport=(\d+))?/;
const GO_MYSQL = /@tcp\(([^:)]+)(?::(\d+))?\)/;

const plain = (host: string, port: number | null, speaks: Speaks | null): Target => ({
  host,
  port,
  protocol: "TCP",
  scheme: null,
  speaks,
  discovers: false,
  line: 0,
  column: 0,
});

/** `host:port` where that is the whole value, several of them with commas between, and connection strings. */
export const pairsIn = (written: string): readonly Target[] => {
  if (written.includes("\n") || written.includes("://")) return [];
  const text = hideTemplates(written).trim();
  const dsn = DSN.exec(text);
  if (dsn !== null && isHost(dsn[1] ?? "")) return [plain(dsn[1] ?? "", Number(dsn[2] ?? 5432), "database")];
  const go = GO_MYSQL.exec(text);
  if (go !== null && isHost(go[1] ?? "")) return [plain(go[1] ?? "", Number(go[2] ?? 3306), "database")];
  return text.split(",").flatMap((part) => {
    const match = PAIR.exec(part.trim());
    const host = match?.[1];
    const port = Number(match?.[2]);
    // `8080:80` is a port mapping, and `12:30` a time.
    if (host === undefined || /^\d+$/.test(host) || port > 65_535) return [];
    return [plain(host, port, null)];
  });
};

/** Whether a whole value can be the name or address of a host. */
export const isHostName = (written: string): boolean => isHost(written.trim()) && !/^\d+$/.test(written.trim());
