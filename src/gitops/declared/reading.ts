import type { ClusterFacts } from "../../facts/cluster-facts.ts";
import type { DeclaredEdge, WorkloadFact } from "../../facts/inventory.ts";
import { isAddress } from "../../facts/landing.ts";
import type { Origin } from "../../facts/policy.ts";
import type { Protocol } from "../../facts/verdict.ts";
import type { Contents } from "../contents.ts";
import type { Rendered } from "../flux/reconcile.ts";
import { at, scalar, type Path } from "../json.ts";
import { pairsIn, urlsIn, type Target } from "./targets.ts";

/** What a custom resource makes some controller's pods connect to. */
export interface Reading {
  readonly object: Rendered;
  readonly objects: readonly Rendered[];
  readonly contents: Contents;
  readonly facts: ClusterFacts;
}

export type Source = Pick<WorkloadFact, "namespace" | "kind" | "name">;

export const hasLabels = (workload: WorkloadFact, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(labels).every(([key, value]) => workload.podLabels[key] === value);

export const byName = (contents: Contents, name: string): readonly Source[] =>
  contents.workloads.filter((w) => w.podLabels["app.kubernetes.io/name"] === name && !w.transient);

export const prometheus = ({ contents, facts }: Reading): readonly Source[] => {
  const { namespace, labels } = facts.monitoring;
  const configured = contents.workloads.filter((w) => w.namespace === namespace && hasLabels(w, labels));
  return configured.length > 0 ? configured : byName(contents, "prometheus");
};

export const edge = (
  source: Source,
  target: DeclaredEdge["target"],
  port: number,
  protocol: Protocol,
  why: string,
  key: string,
  origin: Origin,
): DeclaredEdge => ({
  source: { namespace: source.namespace, workload: source.name, kind: source.kind },
  target,
  port,
  protocol,
  why,
  key,
  sure: "certain",
  origin,
});

export const hostOrAddress = (host: string): DeclaredEdge["target"] =>
  isAddress(host) ? { kind: "address", address: host } : { kind: "host", host };

export const place = (written: unknown): Target | null => {
  const value = scalar(written);
  return value === null ? null : (urlsIn(value)[0] ?? pairsIn(value)[0] ?? null);
};

/** An edge from each source to the place that stands at a path. */
export const to = (reading: Reading, sources: readonly Source[], path: Path, why: string): readonly DeclaredEdge[] => {
  const { object } = reading;
  const target = place(at(object.object, ...path));
  if (target === null || target.port === null) return [];
  const { host, port, protocol } = target;
  const origin = object.locate(path) ?? object.origin;
  const key = path.filter((step) => typeof step === "string").join(".");
  return sources.map((source) => edge(source, hostOrAddress(host), port, protocol, why, key, origin));
};
