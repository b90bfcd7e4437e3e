import type { Speaks } from "./targets.ts";

/** What a configuration key says about the place it names. */
export type Meaning =
  /** Where browsers are sent, or what the app believes its own address to be: no connection of the app. */
  | "redirect"
  | "issuer"
  | "dns-provider"
  | "webhook"
  | "object-store"
  | "database"
  | "mail"
  | "directory"
  | "broker"
  | "url";

/** Links and pictures for people, names of images and schemas: nothing connects to them at run time. */
const SHOWN =
  /(?:^|[._-])(?:\$?schema|icons?|logo|avatar|favicon|homepage|href|links?|docs|documentation|license|image|repository|registry|tag|user_?agent|description|title|message|summary|ref|(?:link|url)-template)$|(?:^|\.)(?:links|bookmarks)(?:\.|$)/i;
/** Where a browser is sent back to, or which sites it may come from. */
const RETURNS =
  /redirect|callback|logout|origins?$|cors|csrf|trusted|allowed_?hosts?|whitelist|cookie|authoriz(?:e|ation)_?(?:url|uri|endpoint)|auth_?url/i;
/** The address an app believes to be its own. */
const OWN =
  /root_?url|(?:^|[._])(?:next_)?public_|external_?(?:url|host|uri)|site_?(?:url|addr)|canonical|application_?url|front(?:end)?_?url|server_?name|domains?$/i;
const ISSUER =
  /issuer|oidc|openid|oauth|well[-_]?known|authority|jwks|token_?(?:url|uri|endpoint)|user_?info|discovery/i;
const WEBHOOK = /web_?hook/i;
const OBJECT_STORE = /(?:^|[._-])(?:s3|minio|garage|bucket|aws)(?:[._-]|$)|endpoint_?url/i;
/** Where the pod itself listens. */
const LISTENS = /listen|bind|^(?:web|http|server|metrics|app)?[._]*host$/i;

/** A setting that picks a provider of DNS by a bare word: `--provider=cloudflare`, `provider.name`, `DNS_PROVIDER`. */
const PROVIDER = /(?:^|[._-])provider(?:\.name)?$/i;

export const isProviderKey = (key: string): boolean => PROVIDER.test(key);
/** Where backups go: a repository that is connected to, unlike one of images. */
const BACKUPS = /(?:restic|rustic|kopia|borg)[_.-]?repository$/i;
export const isShown = (key: string): boolean => SHOWN.test(key) && !BACKUPS.test(key);
export const isListening = (key: string): boolean => LISTENS.test(key);

const BY_SPEECH: Readonly<Record<Speaks, Meaning | null>> = {
  web: null,
  database: "database",
  directory: "directory",
  mail: "mail",
  broker: "broker",
  files: null,
  camera: null,
};

export const meaningOf = (key: string, speaks: Speaks | null, inside: boolean): Meaning => {
  const bySpeech = speaks === null ? null : BY_SPEECH[speaks];
  if (bySpeech !== null) return bySpeech;
  // A name inside the cluster is nowhere a browser can go, however the key is called.
  if (!inside && RETURNS.test(key)) return "redirect";
  if (ISSUER.test(key)) return "issuer";
  if (!inside && OWN.test(key)) return "redirect";
  if (PROVIDER.test(key)) return "dns-provider";
  if (WEBHOOK.test(key)) return "webhook";
  return OBJECT_STORE.test(key) ? "object-store" : "url";
};

/** Ports that a key or a host's name implies where none is written. */
const IMPLIED: readonly (readonly [RegExp, number, Speaks])[] = [
  [/postgres|(?:^|[._-])pg(?:[._-]|$)|psql|cnpg/i, 5432, "database"],
  [/mysql|mariadb/i, 3306, "database"],
  [/redis|dragonfly|valkey|keydb/i, 6379, "database"],
  [/mongo/i, 27017, "database"],
  [/memcache/i, 11211, "database"],
  [/smtp|mail/i, 25, "mail"],
  [/ldap/i, 389, "directory"],
  [/mqtt|mosquitto|emqx/i, 1883, "broker"],
  [/rabbit|amqp/i, 5672, "broker"],
  [/kafka/i, 9092, "broker"],
  [/nats/i, 4222, "broker"],
];

export const impliedPort = (key: string, host: string): { readonly port: number; readonly speaks: Speaks } | null => {
  const found = IMPLIED.find(([pattern]) => pattern.test(key)) ?? IMPLIED.find(([pattern]) => pattern.test(host));
  return found === undefined ? null : { port: found[1], speaks: found[2] };
};
