import { z } from "zod";

/**
 * `network-operator.yaml`: one file, every key with a default, secrets from the environment alone. The descriptions are
 * what `init` writes as comments, so that the file and its documentation cannot disagree.
 */
const labels = z.record(z.string(), z.string());
const hours = z
  .number()
  .positive()
  .max(24 * 90);
const namespaceName = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, "a namespace's name");

const tls = z
  .strictObject({
    enabled: z.boolean().default(false),
    ca: z.string().nullable().default(null).describe("PEM file of the authority that signed Relay's certificate"),
    certificate: z.string().nullable().default(null).describe("PEM file, for mutual TLS"),
    key: z.string().nullable().default(null).describe("PEM file, for mutual TLS"),
    serverName: z.string().nullable().default(null).describe("e.g. ui.hubble-relay.cilium.io"),
  })
  .prefault({});

/** Browsers bind a passkey to a host name in a secure context. */
const isPasskeyHome = (text: string): boolean => {
  const { protocol, hostname } = new URL(text);
  return (
    (protocol === "https:" && /[a-z]/i.test(hostname.replaceAll(":", ""))) ||
    (protocol === "http:" && hostname === "localhost")
  );
};

export const configSchema = z.strictObject({
  repository: z
    .strictObject({
      path: z
        .string()
        .nullable()
        .default(null)
        .describe("a git repository on disk, or a URL to fetch; null: the sample"),
      branch: z.string().default("main"),
    })
    .prefault({})
    .describe("the GitOps repository"),
  forge: z
    .discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("local") }),
      z.strictObject({
        kind: z.literal("github"),
        owner: z.string().min(1),
        name: z.string().min(1),
        apiUrl: z.url().default("https://api.github.com"),
      }),
    ])
    .prefault({ kind: "local" })
    .describe("where pull requests are opened; a GitHub token or App key comes from the environment"),
  flows: z
    .strictObject({
      relay: z.string().nullable().default(null).describe("host:port of Hubble Relay"),
      tls,
      files: z.array(z.string()).default([]).describe("export files (JSON lines, plain or .gz) instead of Relay"),
    })
    .prefault({})
    .describe("where Hubble flows come from"),
  cluster: z
    .strictObject({
      context: z.string().nullable().default(null).describe("kubeconfig context to read with; null: no cluster"),
      kubeconfig: z.string().nullable().default(null),
    })
    .prefault({})
    .describe("the live cluster, read only"),
  rollback: z
    .strictObject({
      context: z
        .string()
        .nullable()
        .default(null)
        .describe(
          "a second identity that may patch suspend and patch or delete CiliumNetworkPolicies, and nothing else",
        ),
    })
    .prefault({}),
  store: z
    .strictObject({
      postgres: z.string().nullable().default(null).describe("a Postgres URL; null: SQLite in the state folder"),
      retentionDays: z.number().int().min(7).max(400).default(30),
    })
    .prefault({}),
  model: z
    .string()
    .regex(/^(playbook|[a-z][a-z0-9_-]*:.+)$/, "playbook, or provider:model")
    .default("playbook")
    .describe("playbook, or provider:model (anthropic:…, openai:…, ollama:…)"),
  campaign: z
    .strictObject({
      phases: z
        .array(
          z.strictObject({
            name: z.string(),
            namespaces: z.array(namespaceName),
            soakHours: hours.nullable().default(null),
          }),
        )
        .default([])
        .describe("order of namespaces; empty: worked out from the inventory, small and idle first"),
      soakHours: hours.min(24).default(24).describe("default soak; never below 24"),
      outOfScope: z.array(namespaceName).default([]).describe("never locked, beside flux-system and kube-system"),
      carveOuts: z.array(z.strictObject({ namespace: namespaceName, reason: z.string().min(1) })).default([]),
      maxLoss: z.number().min(0).max(0.05).default(0.01).describe("share of events a covered minute may lose"),
    })
    .prefault({}),
  facts: z
    .strictObject({
      dns: z
        .strictObject({
          namespace: z.string().default("kube-system"),
          labels: labels.default({ "k8s-app": "kube-dns" }),
          port: z.number().int().min(1).max(65_535).default(53),
        })
        .prefault({}),
      monitoring: z
        .strictObject({
          namespace: z.string().default("observability"),
          labels: labels.default({ "app.kubernetes.io/name": "prometheus" }),
        })
        .prefault({}),
      apiserverPort: z.number().int().min(1).max(65_535).default(6443),
      insideZones: z.array(z.string()).default([]).describe("zones whose names resolve to an in-cluster gateway"),
      autopath: z.boolean().default(false).describe("CoreDNS autopath is on"),
      clusterDomain: z.string().default("cluster.local"),
    })
    .prefault({})
    .describe("facts about the cluster that no manifest has to state"),
  cilium: z
    .strictObject({
      version: z.enum(["1.17", "1.18", "1.19", "1.20"]).default("1.19"),
      clusterName: z.string().default("default"),
      enablePolicy: z.enum(["default", "always", "never"]).default("default"),
      cidrMatchesNodes: z.boolean().default(false),
      defaultLocalCluster: z.boolean().nullable().default(null).describe("null: the version's default"),
      hostFirewall: z.boolean().default(false),
      nodeSelectorLabels: z.boolean().default(false),
      ipv6: z.boolean().default(false),
    })
    .prefault({})
    .describe("agent settings that change a verdict"),
  audit: z
    .strictObject({
      waivers: z
        .array(
          z.strictObject({
            rule: z.string().regex(/^[a-z0-9-]+$/, "the id of a rule"),
            namespace: namespaceName.nullable().default(null),
            policy: z.string().min(1).nullable().default(null),
            fingerprint: z.string().min(1).nullable().default(null),
            until: z.iso.date("the last day it holds, YYYY-MM-DD"),
            reason: z.string().trim().min(1, "say why: somebody will ask"),
          }),
        )
        .max(1000)
        .default([])
        .describe("findings of `audit` that somebody lives with: rule, what narrows it, last day (until) and reason"),
    })
    .prefault({})
    .describe("what audit reports; gates read waivers beside policies and decisions on the default branch only"),
  signoff: z
    .strictObject({
      publicUrl: z
        .url()
        .refine(isPasskeyHome, "passkeys work on https, and on http://localhost, under a name that is no address")
        .nullable()
        .default(null)
        .describe("where people reach the sign-off page; null: http://localhost and the port below"),
      keys: z
        .string()
        .nullable()
        .default(null)
        .describe("file of enrolled public keys; null: passkeys.yaml here, or in the sample's state folder"),
    })
    .prefault({}),
  server: z
    .strictObject({
      host: z.string().default("127.0.0.1"),
      port: z.number().int().min(1).max(65_535).default(8787),
    })
    .prefault({}),
});

export type Config = z.infer<typeof configSchema>;
