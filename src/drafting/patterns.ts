/** The plan's patterns as data (P, A to H), corrected by C H, and two that the retrospective taught (X and O). */
export interface Pattern {
  readonly letter: string;
  /** How a rule's comment and the pull request name it. */
  readonly title: string;
  readonly lesson: number | null;
}

export const PATTERNS = {
  gateway: { letter: "A", title: "Gateway to app", lesson: 10 },
  database: { letter: "B", title: "Database client to its cluster", lesson: 10 },
  backup: { letter: "C", title: "Backup target", lesson: 11 },
  peer: { letter: "D", title: "Peer in the same namespace", lesson: null },
  outside: { letter: "D", title: "Service outside the cluster, by the name that is asked", lesson: 12 },
  "outside-address": { letter: "D", title: "Service outside the cluster, by address", lesson: null },
  "outside-any": { letter: "D", title: "Outside the cluster, by port", lesson: 12 },
  "fan-out": { letter: "D", title: "Fans out to wherever its users point it: the world by choice", lesson: 28 },
  device: { letter: "F", title: "Devices of the local network, by address", lesson: 14 },
  balanced: { letter: "G", title: "Load-balanced Service inside the cluster, as its pods and their port", lesson: 11 },
  controller: { letter: "H", title: "Controller to the service it drives", lesson: 27 },
  "cross-namespace": { letter: "X", title: "Across namespaces", lesson: 19 },
  login: {
    letter: "O",
    title: "Login through the gateway's pods: the token exchange after a person logs in",
    lesson: 7,
  },
  clients: { letter: "L", title: "Clients of the local network, which arrive as world or as a node", lesson: 15 },
  node: { letter: "N", title: "Nodes and what runs in their network", lesson: 36 },
  apiserver: { letter: "K", title: "Kubernetes API server", lesson: 14 },
  webhook: { letter: "W", title: "Called by the API server, on change only", lesson: 34 },
  monitoring: { letter: "M", title: "Monitoring", lesson: 27 },
  dns: { letter: "R", title: "Names are asked of the cluster's DNS", lesson: 27 },
  icmp: { letter: "I", title: "ICMP, as seen", lesson: null },
} as const satisfies Readonly<Record<string, Pattern>>;

export type PatternId = keyof typeof PATTERNS;

/**
 * Software that goes where its users or its sources point it (lesson 28), by a word of its image's or its own name, or
 * by what makes its pods.
 * Its egress is the world on the ports that it uses, with a comment that says so.
 */
export const FAN_OUT: readonly { readonly word: string; readonly reason: string }[] = [
  { word: "renovate", reason: "dependency scans reach every registry and forge" },
  { word: "renovatejob", reason: "dependency scans reach every registry and forge" },
  { word: "autoscalingrunnerset", reason: "jobs reach whatever a workflow names" },
  { word: "gha-runner-scale-set", reason: "jobs reach whatever a workflow names" },
  { word: "actions-runner", reason: "jobs reach whatever a workflow names" },
  { word: "gha-runner", reason: "jobs reach whatever a workflow names" },
  { word: "gitlab-runner", reason: "jobs reach whatever a pipeline names" },
  { word: "woodpecker-agent", reason: "jobs reach whatever a pipeline names" },
  { word: "searxng", reason: "searches reach every engine that is switched on" },
  { word: "n8n", reason: "workflows reach whatever their authors name" },
  { word: "node-red", reason: "flows reach whatever their authors name" },
  { word: "huginn", reason: "agents reach whatever their authors name" },
  { word: "home-assistant", reason: "integrations reach whatever their owners add" },
  { word: "changedetection", reason: "it watches whatever pages its users name" },
  { word: "browserless", reason: "a browser goes where it is sent" },
  { word: "flaresolverr", reason: "a browser goes where it is sent" },
  { word: "crawl4ai", reason: "a crawler goes where it is sent" },
  { word: "prowlarr", reason: "indexers change their addresses" },
  { word: "jackett", reason: "indexers change their addresses" },
  { word: "freshrss", reason: "feeds are wherever their readers found them" },
  { word: "miniflux", reason: "feeds are wherever their readers found them" },
  { word: "uptime-kuma", reason: "it watches whatever its users name" },
];

/** Whether a name contains the word as a word of its own: `n8n`, `renovate-bot`, not `unrenovated`. */
const hasWord = (name: string, word: string): boolean => {
  const at = name.indexOf(word);
  if (at < 0) return false;
  const edge = (c: string | undefined): boolean => c === undefined || !/[a-z0-9]/.test(c);
  return edge(name[at - 1]) && edge(name[at + word.length]);
};

/** Why a workload fans out, or null. */
export const fansOut = (names: readonly string[]): string | null => {
  // What looks after such software does not go where it is sent.
  const lower = names
    .map((n) => n.toLowerCase())
    .filter((n) => !/(^|[^a-z])(controller|operator|exporter)([^a-z]|$)/.test(n));
  return FAN_OUT.find(({ word }) => lower.some((n) => hasWord(n, word)))?.reason ?? null;
};

/** Why a workload is itself such a tool, by its own name or its image's, or null: an exporter beside it is none. */
export const isFanOutTool = (names: readonly string[], images: readonly string[]): string | null => {
  const plain = images.map((image) => image.split("@")[0]?.split("/").at(-1)?.split(":")[0] ?? "");
  return FAN_OUT.find(({ word }) => [...names, ...plain].some((n) => n.toLowerCase() === word))?.reason ?? null;
};
