import { describe, expect, it } from "vitest";
import { DAY, HOUR } from "../../src/facts/clock.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Edge } from "../../src/facts/edge.ts";
import type { Inventory } from "../../src/facts/inventory.ts";
import { readInventory } from "../../src/gitops/inventory.ts";
import type { Answer } from "../../src/graph/answer.ts";
import { askGraph } from "../../src/graph/ask.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { laneOf } from "../../src/graph/facts/lane-of.ts";
import { factsReader } from "../../src/graph/facts/reader.ts";
import type { Edit } from "../../src/graph/gate.ts";
import { gates } from "../../src/graph/gates/index.ts";
import { lookAround } from "../../src/graph/looking.ts";
import type { StructuredRequest } from "../../src/graph/state.ts";
import { cluster, evidence, NOW, ports as home, REPOSITORY } from "./facts/home.ts";
import { openField } from "./field.ts";
import { edge, liveFrom } from "./gates/cluster.ts";
import { memoryForge, type MemoryForge } from "./memory-forge.ts";

/** A home whose cluster runs what its main says, at once. */
interface Home {
  readonly forge: MemoryForge;
  clock: number;
  ask(kind: StructuredRequest["kind"], namespace: string, edits?: readonly Edit[]): Promise<Answer>;
  stages(): Promise<Readonly<Record<string, string>>>;
  /** A person merges, and Flux applies. */
  merge(answer: Answer): void;
}

const open = (files: Readonly<Record<string, string>>, edges: readonly Edge[] = []): Home => {
  const forge = memoryForge(files);
  const stateNow = async (): Promise<Inventory> =>
    readInventory(await forge.tree(await forge.head()), defaultClusterFacts);
  const live = async () => {
    const commit = await forge.head();
    const running = liveFrom(await stateNow());
    return {
      ...running,
      kustomizations: running.kustomizations.map((k) => ({ ...k, appliedRevision: `main@sha1:${commit}` })),
    };
  };
  const running = cluster(
    { pods: [], services: [], policies: [], kustomizations: [], sources: [], namespaces: [], nodes: [] },
    {
      pods: async () => (await live()).pods,
      policies: async () => (await live()).policies,
      kustomizations: async () => (await live()).kustomizations,
      sources: async () => (await live()).sources,
      namespaces: async () => (await live()).namespaces,
      nodes: async () => (await live()).nodes,
    },
  );
  const desk: Home = {
    forge,
    clock: NOW,
    merge: ({ pullRequest }) => forge.merge(pullRequest?.number ?? 0, desk.clock),
    stages: async () => Object.fromEntries((await look.status()).map(({ name, stage }) => [name, stage])),
    ask: (kind, namespace, edits = []) =>
      askGraph(graph, { request: { kind, namespace, edits: [...edits] } }, { thread: `rollout:${namespace}` }),
  };
  const real = home({
    forge,
    cluster: running,
    evidence: evidence(edges, 3 * DAY),
    clock: { now: () => desk.clock },
  });
  const look = lookAround(real);
  const graph = buildGraph({ ...openField().ports, forge, look, reader: factsReader(real), laneOf, catalog: gates });
  return desk;
};

const refusals = ({ refusals: all }: Answer): string => all.map(({ gate, reason }) => `${gate}: ${reason}`).join("; ");

const cnp = (namespace: string, name: string, spec: string, annotations = ""): string =>
  `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n${annotations}spec:\n${spec}`;

const AUDIT = '  annotations:\n    policy.cilium.io/audit-mode: "enabled"\n';
const SOFT = "  enableDefaultDeny: { ingress: false, egress: false }\n";

/** Nineteen namespaces that somebody locked before the agent came, each policy with the annotation that does not exist. */
const NINETEEN = Array.from({ length: 19 }, (_, at) => `old-${String(at + 1).padStart(2, "0")}`);

const adoptedFolder = (name: string): Record<string, string> => ({
  [`apps/${name}/namespace.yaml`]: `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`,
  [`apps/${name}/kustomization.yaml`]: `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: ${name}\nresources:\n  - ./namespace.yaml\n  - ./web.yaml\n  - ./policies.yaml\n`,
  [`apps/${name}/web.yaml`]: (REPOSITORY["apps/collab/web.yaml"] ?? "").replaceAll("app: web", `app: ${name}`),
  [`apps/${name}/policies.yaml`]: [
    cnp(name, "default-deny", "  endpointSelector: {}\n  ingress: [{}]\n  egress: [{}]\n", AUDIT),
    cnp(
      name,
      "allow-dns",
      `  endpointSelector: {}\n${SOFT}  egress:\n    - toEndpoints:\n        - matchLabels: { "k8s:io.kubernetes.pod.namespace": kube-system, "k8s:k8s-app": kube-dns }\n      toPorts:\n        - ports: [{ port: "53", protocol: UDP }, { port: "53", protocol: TCP }]\n`,
      AUDIT,
    ),
    cnp(
      name,
      "allow-in",
      `  endpointSelector: {}\n${SOFT}  ingress:\n    - fromEntities: [host, kube-apiserver]\n    - fromEndpoints: [{}]\n    - fromEndpoints:\n        - matchLabels: { "k8s:io.kubernetes.pod.namespace": observability, app.kubernetes.io/name: prometheus }\n  egress:\n    - toEndpoints: [{}]\n    - toEntities: [kube-apiserver]\n`,
      AUDIT,
    ),
  ].join("---\n"),
});

const adopted: Readonly<Record<string, string>> = {
  ...REPOSITORY,
  ...Object.assign({}, ...NINETEEN.map(adoptedFolder)),
  "apps/kustomization.yaml": `${REPOSITORY["apps/kustomization.yaml"] ?? ""}${NINETEEN.map((n) => `  - ./${n}\n`).join("")}`,
};

describe(
  "a repository with nineteen enforced, unsigned namespaces and audit annotations everywhere",
  { timeout: 120_000 },
  () => {
    it("is adopted, and the campaign goes on to the lock of the next namespace", { timeout: 120_000 }, async () => {
      const desk = open(adopted);
      const before = await desk.stages();
      expect(NINETEEN.map((name) => before[name])).toEqual(NINETEEN.map(() => "adopted"));
      const allows = await desk.ask("propose-allows", "collab");
      expect(refusals(allows)).toBe("");
      desk.merge(allows);
      desk.clock += 26 * HOUR;
      expect((await desk.stages())["collab"]).toBe("soaking");
      const lock = await desk.ask("propose-default-deny", "collab");
      expect(refusals(lock)).toBe("");
      expect(lock.pullRequest?.branch).toBe("netpol/collab.default-deny");
      desk.merge(lock);
      const after = await desk.stages();
      expect(after["collab"]).toBe("enforced");
      expect(NINETEEN.map((name) => after[name])).toEqual(NINETEEN.map(() => "adopted"));
    });

    it("lets an adopted one be repaired where its annotation stands, and keeps it adopted", async () => {
      const desk = open(adopted);
      const path = "apps/old-01/policies.yaml";
      const text = (adopted[path] ?? "").replace("toEntities: [kube-apiserver]", "toEntities: [kube-apiserver, world]");
      const wider = await desk.ask("propose-repair", "old-01", [{ path, text }]);
      expect(refusals(wider)).not.toContain("no-audit-mode");
      const added = cnp(
        "old-01",
        "allow-mail",
        `  endpointSelector: {}\n${SOFT}  egress:\n    - toEntities: [world]\n      toPorts: [{ ports: [{ port: "587", protocol: TCP }] }]\n`,
      );
      const repair = await desk.ask("propose-repair", "old-01", [
        { path, text: `${adopted[path] ?? ""}---\n${added}` },
      ]);
      expect(refusals(repair)).toBe("");
      expect(repair.pullRequest?.branch).toBe("netpol/old-01.repair");
      desk.merge(repair);
      expect((await desk.stages())["old-01"]).toBe("adopted");
    });
  },
);

describe("a half-open hole in another namespace, while a rollout is in flight", () => {
  /** Somebody locked media's web for itself; collab talks to it. */
  const MEDIA = "apps/media/lock.yaml";
  const files = {
    ...REPOSITORY,
    [MEDIA]: cnp(
      "media",
      "web",
      "  endpointSelector: { matchLabels: { app: web } }\n  ingress:\n    - fromEntities: [host]\n",
    ),
    "apps/media/kustomization.yaml": `${REPOSITORY["apps/media/kustomization.yaml"] ?? ""}  - ./lock.yaml\n`,
  };
  const talks = [edge("collab/Deployment/web", "media/Deployment/web", 8080)];
  const path = "apps/media/from-collab.yaml";
  const hole: readonly Edit[] = [
    {
      path,
      text: cnp(
        "media",
        "from-collab",
        `  endpointSelector: { matchLabels: { app: web } }\n${SOFT}  ingress:\n    - fromEndpoints:\n        - matchLabels: { "k8s:io.kubernetes.pod.namespace": collab, app: web }\n      toPorts: [{ ports: [{ port: "8080", protocol: TCP }] }]\n`,
      ),
    },
    {
      path: "apps/media/kustomization.yaml",
      text: `${files["apps/media/kustomization.yaml"]}  - ./from-collab.yaml\n`,
    },
  ];

  it("holds the rollout, is closed through propose-repair, and the rollout goes on", { timeout: 120_000 }, async () => {
    const desk = open(files, talks);
    const held = await desk.ask("propose-allows", "collab");
    expect(held).toMatchObject({ outcome: "refused", refusals: [{ gate: "replay", lesson: 19 }] });
    expect(held.refusals[0]?.remedy).toContain("propose-repair");
    // The rollout is in flight all the same: somebody brought its allows by hand.
    desk.forge.push("netpol/collab", [{ path: "apps/collab/README.md", mode: "100644", text: "# collab\n" }]);
    await desk.forge.openPullRequest({ branch: "netpol/collab", title: "by hand", body: "b" });
    const repair = await desk.ask("propose-repair", "media", hole);
    expect(refusals(repair)).toBe("");
    expect(repair.pullRequest?.branch).toBe("netpol/media.repair");
    desk.merge(repair);
    // A repair begins no rollout: media is not in collab's way.
    expect((await desk.stages())["media"]).toBe("waiting");
    desk.forge.close(1);
    const on = await desk.ask("propose-allows", "collab");
    expect(refusals(on)).toBe("");
  });

  it("opens to the rollout alone: wider than that it is somebody's own rollout, and waits for its turn", async () => {
    const desk = open(files, talks);
    desk.forge.push("netpol/collab", [{ path: "apps/collab/README.md", mode: "100644", text: "# collab\n" }]);
    await desk.forge.openPullRequest({ branch: "netpol/collab", title: "by hand", body: "b" });
    const wide = hole.map(({ path: at, text }) => ({
      path: at,
      text: text?.replace(/fromEndpoints:\n.*\n/, "fromEntities: [cluster]\n") ?? null,
    }));
    expect(await desk.ask("propose-repair", "media", wide)).toMatchObject({
      outcome: "refused",
      refusals: [{ gate: "turn" }],
    });
  });
});

describe("a component that several namespaces share", () => {
  const COMPONENT = "components/network-policy/kustomization.yaml";
  const ALLOW = "components/network-policy/allow.yaml";
  const shared = (ports: string, more = ""): string =>
    `apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: allow-web\nspec:\n  endpointSelector: {}\n${SOFT}  ingress:\n    - fromEntities: [host, kube-apiserver]\n    - fromEndpoints: [{}]\n      toPorts: [{ ports: [${ports}] }]\n${more}`;
  const lock =
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata:\n  name: default-deny\nspec:\n  endpointSelector: {}\n  ingress: [{}]\n  egress: [{}]\n";
  const OLD = `{ port: "8080", protocol: TCP }`;
  const using = ["collab", "media"];
  const files: Readonly<Record<string, string>> = {
    ...REPOSITORY,
    [COMPONENT]:
      "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources:\n  - ./allow.yaml\n  - ./lock.yaml\n",
    [ALLOW]: shared(OLD),
    "components/network-policy/lock.yaml": lock,
    ...Object.fromEntries(
      using.map((name) => [
        `apps/${name}/kustomization.yaml`,
        `${REPOSITORY[`apps/${name}/kustomization.yaml`] ?? ""}components:\n  - ../../components/network-policy\n`,
      ]),
    ),
  };
  const within = [edge("media/Deployment/web", "media/Deployment/web", 8080)];

  it("is repaired for all of them at once, on a branch of its own, whoever asks", { timeout: 120_000 }, async () => {
    const desk = open(files, within);
    const wider = [{ path: ALLOW, text: shared(`${OLD}, { port: "9090", protocol: TCP }`) }];
    const repair = await desk.ask("propose-repair", "collab", wider);
    expect(refusals(repair)).toBe("");
    expect(repair.pullRequest).toMatchObject({ branch: "netpol/fleet-network-policy" });
    const again = await desk.ask("propose-repair", "media", wider);
    expect(again.pullRequest?.number).toBe(repair.pullRequest?.number);
    desk.merge(again);
    expect(await desk.stages()).toMatchObject({ collab: "adopted", media: "adopted" });
  });

  it("is not narrowed that way: what one of them needs would go", async () => {
    const desk = open(files, within);
    const narrower = [{ path: ALLOW, text: shared(`{ port: "9090", protocol: TCP }`) }];
    expect(await desk.ask("propose-repair", "collab", narrower)).toMatchObject({
      outcome: "refused",
      refusals: [{ gate: "one-namespace" }],
    });
  });
});
