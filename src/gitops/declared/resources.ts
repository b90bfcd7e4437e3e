import type { ClusterFacts } from "../../facts/cluster-facts.ts";
import type { DeclaredEdge, WorkloadFact } from "../../facts/inventory.ts";
import type { Contents } from "../contents.ts";
import type { Rendered } from "../flux/reconcile.ts";
import { at, isRecord, list, record, text, type Json, type Path } from "../json.ts";
import { apiHosts } from "../knowledge/providers.ts";
import { groupOf } from "../walk/resource.ts";
import { issuer } from "./acme.ts";
import { cnpgCluster } from "./cnpg.ts";
import { placeIn, readConfigs } from "./configs.ts";
import { podMonitor, probe, scrapeConfig, serviceMonitor } from "./monitoring.ts";
import { byName, edge, hostOrAddress, to, type Reading, type Source } from "./reading.ts";
import { search } from "./settings.ts";
import { urlsIn } from "./targets.ts";

const secretStore = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const sources = byName(contents, "external-secrets").slice(0, 1);
  const found = search(at(object.object, "spec", "provider"), ["spec", "provider"], placeIn(object, [], "certain"));
  const written = found.flatMap(({ target, key, origin }) => {
    const { port, protocol, host } = target;
    return port === null
      ? []
      : sources.map((s) => edge(s, hostOrAddress(host), port, protocol, "secret-store", key, origin));
  });
  return written.length > 0 ? written : knownStore(reading, sources);
};

/** AWS names its service apart; every other provider is known by the name of its section. */
const storeName = (provider: string, section: Json): string =>
  provider === "aws" ? (text(section["service"]) ?? "secretsmanager").toLowerCase() : provider.toLowerCase();

/** A store that names no server: its provider's public API. */
const knownStore = ({ object }: Reading, sources: readonly Source[]): readonly DeclaredEdge[] =>
  Object.entries(record(at(object.object, "spec", "provider"))).flatMap(([provider, section]) => {
    if (!isRecord(section)) return [];
    const path = ["spec", "provider", provider];
    const origin = object.locate(path) ?? object.origin;
    return apiHosts(storeName(provider, section), (key) => text(section[key])).flatMap((host) =>
      sources.map((s) => edge(s, { kind: "host", host }, 443, "TCP", "secret-store", path.join("."), origin)),
    );
  });

/** A generator of tokens runs in External Secrets' own controller, whichever namespace asks for the token. */
const githubToken = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const sources = byName(contents, "external-secrets").slice(0, 1);
  const own = to(reading, sources, ["spec", "url"], "secret-store");
  const host = { kind: "host", host: "api.github.com" } as const;
  return own.length > 0 ? own : sources.map((s) => edge(s, host, 443, "TCP", "secret-store", "kind", object.origin));
};

const RECEIVERS: Readonly<Record<string, string>> = {
  pushoverConfigs: "api.pushover.net",
  discordConfigs: "discord.com",
  telegramConfigs: "api.telegram.org",
  slackConfigs: "hooks.slack.com",
  opsgenieConfigs: "api.opsgenie.com",
  pagerdutyConfigs: "events.pagerduty.com",
};

const alertmanager = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const sources = byName(contents, "alertmanager");
  return list(at(object.object, "spec", "receivers")).flatMap((receiver, index) => {
    const base = ["spec", "receivers", index];
    const hooks = list(at(receiver, "webhookConfigs")).flatMap((_, item) =>
      to(reading, sources, [...base, "webhookConfigs", item, "url"], "webhook"),
    );
    const mail = list(at(receiver, "emailConfigs")).flatMap((_, item) =>
      to(reading, sources, [...base, "emailConfigs", item, "smarthost"], "mail"),
    );
    const known = Object.entries(RECEIVERS).flatMap(([field, host]) =>
      list(at(receiver, field)).length === 0
        ? []
        : sources.map((s) =>
            edge(
              s,
              { kind: "host", host },
              443,
              "TCP",
              "webhook",
              `spec.receivers.${field}`,
              object.locate([...base, field]) ?? object.origin,
            ),
          ),
    );
    return [...hooks, ...mail, ...known];
  });
};

/** The proxies fetch keys themselves; the controller discovers the issuer. */
const securityPolicy = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const references = [...list(at(object.object, "spec", "targetRefs")), at(object.object, "spec", "targetRef")];
  const gateways = references.flatMap((reference) => {
    const name = text(at(reference, "name"));
    if (at(reference, "kind") === "Gateway") return [`${object.namespace}/${name}`];
    return contents.routes
      .filter((r) => r.namespace === object.namespace && r.name === name)
      .flatMap((r) => r.gateways);
  });
  const proxies = contents.gateways
    .filter((g) => gateways.includes(`${g.namespace}/${g.name}`))
    .map((g) => ({ namespace: g.podNamespace, kind: "Gateway", name: g.name }));
  const providers = list(at(object.object, "spec", "jwt", "providers"));
  return [
    ...providers.flatMap((_, index) =>
      to(reading, proxies, ["spec", "jwt", "providers", index, "remoteJWKS", "uri"], "issuer"),
    ),
    ...to(reading, proxies, ["spec", "oidc", "provider", "issuer"], "issuer"),
    ...to(reading, byName(contents, "gateway-helm"), ["spec", "oidc", "provider", "issuer"], "issuer"),
  ];
};

const sourceOf = (reading: Reading): readonly DeclaredEdge[] => {
  const known = reading.contents.workloads.find((w) => w.name === "source-controller");
  const source = known ?? { namespace: "flux-system", kind: "Deployment", name: "source-controller" };
  const { object } = reading;
  const url = (text(at(object.object, "spec", "url")) ?? "").replace(/^oci:/, "https:");
  const [target] = urlsIn(url);
  if (target === undefined || target.port === null) return [];
  return [
    edge(
      source,
      hostOrAddress(target.host),
      target.port,
      "TCP",
      "source",
      "spec.url",
      object.locate(["spec", "url"]) ?? object.origin,
    ),
  ];
};

/** Every place that a custom resource's specification names, asked by these pods. */
const named = (reading: Reading, sources: readonly Source[], path: Path, why: string): readonly DeclaredEdge[] => {
  const { object } = reading;
  return search(at(object.object, ...path), path, placeIn(object, [], "certain")).flatMap(({ target, key, origin }) => {
    const { host, port, protocol } = target;
    return port === null ? [] : sources.map((s) => edge(s, hostOrAddress(host), port, protocol, why, key, origin));
  });
};

/** KEDA's operator itself asks what a trigger names. */
const scaledObject = (reading: Reading): readonly DeclaredEdge[] =>
  named(reading, byName(reading.contents, "keda-operator"), ["spec", "triggers"], "scaler");

/** Flux's notifications leave from their own controller. */
const notification = (reading: Reading): readonly DeclaredEdge[] => {
  const sources = reading.contents.workloads.filter((w) => w.name === "notification-controller");
  return to(reading, sources, ["spec", "address"], "webhook");
};

const ofOperator = (reading: Reading, kind: string): readonly WorkloadFact[] =>
  reading.contents.workloads.filter(
    (w) => w.from.kind === "operator" && w.origin === reading.object.origin && w.kind === kind,
  );

const VICTORIA: Readonly<Record<string, readonly Path[]>> = {
  VMAgent: [["spec", "remoteWrite"]],
  VMAlert: [
    ["spec", "datasource"],
    ["spec", "notifier"],
    ["spec", "notifiers"],
    ["spec", "remoteWrite"],
    ["spec", "remoteRead"],
  ],
};

const victoria = (reading: Reading): readonly DeclaredEdge[] =>
  (VICTORIA[reading.object.kind] ?? []).flatMap((path) =>
    named(reading, ofOperator(reading, reading.object.kind), path, "url"),
  );

/** A data source is asked by the Grafana pods of its namespace: which of them, its selector says by labels of the resource. */
const datasource = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const pods = contents.workloads.filter(
    (w) => w.from.name === "grafana-operator" && w.from.kind === "operator" && w.namespace === object.namespace,
  );
  return to(reading, pods, ["spec", "datasource", "url"], "url");
};

/** A mover's repository stands in the Secret it is given: restic's, kopia's and rclone's own spelling of a place. */
const mover = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, objects } = reading;
  const configs = readConfigs(objects);
  const movers = ofOperator(reading, "Job");
  return Object.entries(record(at(object.object, "spec"))).flatMap(([, section]) => {
    const secret = text(at(section, "repository")) ?? text(at(section, "rcloneConfig"));
    const config = secret === null ? null : configs("Secret", object.namespace ?? "", secret);
    if (config === null) return [];
    return search(config.data, [], placeIn(config.object, config.base, "likely")).flatMap(({ target, key, origin }) => {
      const { host, port, protocol } = target;
      return port === null
        ? []
        : movers.map((s) => edge(s, hostOrAddress(host), port, protocol, "backup", key, origin));
    });
  });
};

const READERS: Readonly<
  Record<string, { readonly group: RegExp; readonly read: (reading: Reading) => readonly DeclaredEdge[] }>
> = {
  Probe: { group: /^monitoring\.coreos\.com$/, read: probe },
  ScrapeConfig: { group: /^monitoring\.coreos\.com$/, read: scrapeConfig },
  ServiceMonitor: { group: /^monitoring\.coreos\.com$/, read: serviceMonitor },
  PodMonitor: { group: /^monitoring\.coreos\.com$/, read: podMonitor },
  AlertmanagerConfig: { group: /^monitoring\.coreos\.com$/, read: alertmanager },
  Issuer: { group: /^cert-manager\.io$/, read: issuer },
  ClusterIssuer: { group: /^cert-manager\.io$/, read: issuer },
  SecretStore: { group: /^external-secrets\.io$/, read: secretStore },
  ClusterSecretStore: { group: /^external-secrets\.io$/, read: secretStore },
  GithubAccessToken: { group: /^generators\.external-secrets\.io$/, read: githubToken },
  SecurityPolicy: { group: /^gateway\.envoyproxy\.io$/, read: securityPolicy },
  ScaledObject: { group: /^keda\.sh$/, read: scaledObject },
  ScaledJob: { group: /^keda\.sh$/, read: scaledObject },
  Provider: { group: /^notification\.toolkit\.fluxcd\.io$/, read: notification },
  VMAgent: { group: /^operator\.victoriametrics\.com$/, read: victoria },
  VMAlert: { group: /^operator\.victoriametrics\.com$/, read: victoria },
  GrafanaDatasource: { group: /^grafana\.integreatly\.org$/, read: datasource },
  ReplicationSource: { group: /^volsync\.backube$/, read: mover },
  ReplicationDestination: { group: /^volsync\.backube$/, read: mover },
  Cluster: { group: /^postgresql\.cnpg\.io$/, read: cnpgCluster },
  GitRepository: { group: /^source\.toolkit\.fluxcd\.io$/, read: sourceOf },
  HelmRepository: { group: /^source\.toolkit\.fluxcd\.io$/, read: sourceOf },
  OCIRepository: { group: /^source\.toolkit\.fluxcd\.io$/, read: sourceOf },
};

const readerOf = (object: Rendered): ((reading: Reading) => readonly DeclaredEdge[]) | null => {
  const reader = Object.hasOwn(READERS, object.kind) ? READERS[object.kind] : undefined;
  return reader?.group.test(groupOf(object.object)) === true ? reader.read : null;
};

/** A resource with a reader of its own is not searched besides. */
export const isReadApart = (object: Rendered): boolean => object.kind === "Gateway" || readerOf(object) !== null;

export const declaredByResources = (
  contents: Contents,
  objects: readonly Rendered[],
  facts: ClusterFacts,
): readonly DeclaredEdge[] =>
  objects.flatMap((object) => {
    const read = readerOf(object);
    return read === null ? [] : read({ object, objects, contents, facts });
  });
