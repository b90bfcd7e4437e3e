import { stringify } from "yaml";
import type { OwnedLock } from "../facts/rollback.ts";
import { record, type Json } from "../facts/json.ts";

/** What the world's Flux grows everything from. */
const ROOT = { id: "flux-system/flux-system", path: "kubernetes/flux/cluster" } as const;
const OWNER_LABEL = /^kustomize\.toolkit\.fluxcd\.io\/name(space)?$/;

const kustomization = (...resources: readonly string[]): string =>
  stringify({ apiVersion: "kustomize.config.k8s.io/v1beta1", kind: "Kustomization", resources });

const flux = (id: string, path: string): Json => {
  const [namespace = "", name = ""] = id.split("/");
  return {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name, namespace },
    spec: {
      interval: "1h",
      path: `./${path}`,
      prune: true,
      sourceRef: { kind: "GitRepository", name: "flux-system", namespace: "flux-system" },
    },
  };
};

/** The lock as Git would hold it: what the API server and Flux add of their own is theirs. */
const written = ({ namespace, object }: OwnedLock): Json => {
  const { name, labels, annotations, finalizers } = record(object["metadata"]);
  const own = Object.entries(record(labels)).filter(([key]) => !OWNER_LABEL.test(key));
  const metadata = { name, namespace, labels: Object.fromEntries(own), annotations: record(annotations), finalizers };
  const { apiVersion, kind, spec, specs } = object;
  return { apiVersion, kind, metadata, spec, specs };
};

const text = (object: unknown): string => stringify(JSON.parse(JSON.stringify(object)));

const LOCK = "kubernetes/lock";

/**
 * A repository that locks one namespace and does as little else as Flux allows: the lock under a Kustomization of its own
 * or, where it shares one, beside something that has to stay. No name chooses a path.
 */
export const repositoryOf = (lock: OwnedLock): Readonly<Record<string, string>> => {
  const { namespace, owner } = lock;
  const app = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "app", namespace },
    data: { note: "this has to stay" },
  };
  const isRoot = owner.id === ROOT.id;
  const space = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  return {
    [`${ROOT.path}/kustomization.yaml`]: kustomization("./namespace.yaml", isRoot ? "../../lock" : "./owner.yaml"),
    [`${ROOT.path}/namespace.yaml`]: text(space),
    ...(isRoot ? {} : { [`${ROOT.path}/owner.yaml`]: text(flux(owner.id, LOCK)) }),
    [`${LOCK}/kustomization.yaml`]: kustomization("./lock.yaml", ...(owner.alone ? [] : ["./app.yaml"])),
    [`${LOCK}/lock.yaml`]: text(written(lock)),
    ...(owner.alone ? {} : { [`${LOCK}/app.yaml`]: text(app) }),
  };
};
