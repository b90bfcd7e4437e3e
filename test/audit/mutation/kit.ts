import { parseAllDocuments, type Document } from "yaml";
import { asksApiserver } from "../../../src/audit/api-clients.ts";
import { Context } from "../../../src/audit/context.ts";
import { isOwnFace, landingsOf, peerOfPod, sourcesOf, sureFor } from "../../../src/audit/declared.ts";
import { isGoverned, knocks, peerEnds, subjectEnds, type End } from "../../../src/audit/ends.ts";
import { gatewayPeer } from "../../../src/audit/gateways.ts";
import { APISERVER, podPeer } from "../../../src/audit/judge.ts";
import type { PodView } from "../../../src/audit/pods.ts";
import { matches, readSelector } from "../../../src/audit/selector.ts";
import type { ClusterFacts } from "../../../src/facts/cluster-facts.ts";
import type { FileChange } from "../../../src/facts/changeset.ts";
import type { Inventory } from "../../../src/facts/inventory.ts";
import type { CiliumSettings } from "../../../src/facts/settings.ts";
import { defaultSettings } from "../../../src/facts/settings.ts";
import type { SourceTree } from "../../../src/facts/tree.ts";
import type { Direction, Peer, Protocol } from "../../../src/facts/verdict.ts";

export type Path = readonly (string | number)[];

/** One document of one file that the repository applies. */
export interface Site {
  readonly file: string;
  readonly index: number;
  readonly kind: string;
  readonly name: string;
  /** The namespaces it lands in: a component lands in many. */
  readonly namespaces: readonly string[];
  readonly value: unknown;
  /** The file with this document changed; comments and everything else stay. */
  readonly edit: (change: (document: Document) => void) => FileChange;
}

/** A defect planted in one place. */
export interface Mutant {
  readonly what: string;
  readonly changes: readonly FileChange[];
  /** Where the defect is, for the finding that names it: one of these files, or one of these namespaces. */
  readonly namespaces: readonly string[];
}

/** What has to break for a planting to be a defect: what a policy or a setting speaks of, a setting alone, names, the API. */
export type Breaks = "spoken" | "declared" | "names" | "apiserver";

/** A class of defects: where it can be planted, and which of those plantings break anything. */
export interface DefectClass {
  readonly id: string;
  readonly plant: (field: Field) => Iterable<Mutant>;
  /** A planting that another rule makes up for is no defect: some connection of these must break. */
  readonly breaks?: Breaks;
}

export interface Field {
  readonly tree: SourceTree;
  readonly context: Context;
  readonly facts: ClusterFacts;
  readonly sites: readonly Site[];
}

export const get = (value: unknown, ...path: Path): unknown => {
  let current = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null) return undefined;
    current = (current as Record<string | number, unknown>)[step];
  }
  return current;
};

export const listAt = (value: unknown, ...path: Path): readonly unknown[] => {
  const found = get(value, ...path);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
};

export const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Every manifest that is applied as it stands in a file, by where it was read. */
const sitesOf = (tree: SourceTree, inventory: Inventory): readonly Site[] => {
  const landed = Map.groupBy(inventory.objects, (o) => `${o.origin.file} ${o.kind} ${o.name}`);
  const files = [...new Set(inventory.objects.map((o) => o.origin.file))].sort();
  return files.flatMap((file) => {
    const source = tree.read(file) ?? "";
    if (source.includes("# kustomize") || source === "") return [];
    return parseAllDocuments(source, { logLevel: "silent" }).flatMap((document, index): Site[] => {
      const value: unknown = document.errors.length > 0 ? null : document.toJS();
      const [kind, name] = [text(get(value, "kind")), text(get(value, "metadata", "name"))];
      const objects = landed.get(`${file} ${kind} ${name}`) ?? [];
      if (objects.length === 0) return [];
      const edit = (change: (document: Document) => void): FileChange => {
        const all = parseAllDocuments(source, { logLevel: "silent" });
        const mine = all[index];
        if (mine !== undefined) change(mine);
        return { path: file, mode: "100644", text: all.map((d) => d.toString({ lineWidth: 0 })).join("") };
      };
      const namespaces = [...new Set(objects.map((o) => o.namespace ?? ""))];
      return [{ file, index, kind, name, namespaces, value, edit }];
    });
  });
};

export const fieldOf = (
  tree: SourceTree,
  inventory: Inventory,
  facts: ClusterFacts,
  settings: CiliumSettings = defaultSettings(),
): Field => ({
  tree,
  facts,
  context: new Context(inventory, facts, settings),
  sites: sitesOf(tree, inventory),
});

interface Connection {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
}

const works = (context: Context, from: End, to: End, protocol: Protocol, port: number): boolean =>
  from.id !== to.id &&
  context.judge.ask("egress", from.endpoint, podPeer(to.endpoint), protocol, port).verdict === "allowed" &&
  context.judge.ask("ingress", to.endpoint, podPeer(from.endpoint), protocol, port).verdict === "allowed";

/** Connections that a policy speaks of on the client's side, and that work. */
const spoken = (context: Context): readonly Connection[] =>
  context.rules
    .filter((rule) => rule.direction === "egress" && !rule.deny && !rule.icmp)
    .flatMap((rule) => {
      const clients = subjectEnds(context, rule.spec).filter((e) => isGoverned(e) && e.pod !== null);
      if (clients.length > 12) return [];
      return rule.peers.flatMap((peer) =>
        peerEnds(context, peer)
          .filter((e) => isGoverned(e) && e.pod !== null)
          .slice(0, 12)
          .flatMap((to) =>
            knocks(rule, to).flatMap(({ protocol, port }) =>
              clients
                .filter((from) => works(context, from, to, protocol, port))
                .map((from) => ({ from: from.id, to: to.id, protocol, port })),
            ),
          ),
      );
    });

/** One question to the kernel about a pod that the inventory knows, whose answer was yes. */
interface Question {
  readonly direction: Direction;
  readonly pod: string;
  readonly peer: Peer | { readonly pod: string };
  readonly protocol: Protocol;
  readonly port: number;
}

const both = (from: string, to: string, protocol: Protocol, port: number): readonly Question[] => [
  { direction: "egress", pod: from, peer: { pod: to }, protocol, port },
  { direction: "ingress", pod: to, peer: { pod: from }, protocol, port },
];

/** What settings, monitors and routes make. */
const declared = (context: Context): readonly Question[] => {
  const found: Question[] = [];
  for (const edge of context.inventory.declared)
    for (const source of sourcesOf(context, edge)) {
      if (!source.governed || source.fact.suspended || sureFor(edge, source) === "guess" || isOwnFace(edge)) continue;
      for (const landing of landingsOf(context, edge)) {
        if (landing.kind === "namespace" || landing.sure === "guess") continue;
        if (landing.kind === "pod" && landing.pod !== source)
          found.push(...both(source.id, landing.pod.id, edge.protocol, landing.containerPort));
        const peer =
          landing.kind === "gateway"
            ? gatewayPeer(context, landing.published.gateway)
            : landing.kind === "pod"
              ? null
              : landing.peer;
        const port = landing.kind === "gateway" ? landing.published.containerPort : edge.port;
        if (peer !== null) found.push({ direction: "egress", pod: source.id, peer, protocol: edge.protocol, port });
      }
    }
  return found;
};

const routed = (context: Context): readonly Question[] => {
  const gateways = new Map(context.inventory.gateways.map((g) => [`${g.namespace}/${g.name}`, g]));
  return context.inventory.routes.flatMap((route) =>
    route.backends.flatMap((b) => {
      const service = context.service(b.namespace, b.service);
      const port = service?.ports.find((p) => p.port === b.port || p.name === b.port)?.containerPort ?? null;
      if (service === null || port === null) return [];
      return route.gateways.flatMap((id): Question[] => {
        const gateway = gateways.get(id);
        const peer = gateway === undefined ? null : gatewayPeer(context, gateway);
        if (peer === null) return [];
        return context
          .backends(service)
          .filter((p) => p.pod.governed)
          .map(({ pod }) => ({ direction: "ingress", pod: pod.id, peer, protocol: "TCP", port }));
      });
    }),
  );
};

const names = (context: Context): readonly Question[] => {
  const { dns } = context.facts;
  const wanted = readSelector({ matchLabels: dns.labels });
  const known = context.podsIn(dns.namespace).find((p) => matches(wanted, p) === "yes");
  const peer = podPeer(known?.endpoint ?? context.judge.endpoint(dns.namespace, dns.labels));
  return context.pods
    .filter((p) => p.governed)
    .map((p) => ({ direction: "egress", pod: p.id, peer, protocol: "UDP", port: dns.port }));
};

const apiserver = (context: Context): readonly Question[] =>
  context.pods
    .filter((p) => p.governed && !p.fact.suspended && asksApiserver(context, p) !== null)
    .map((p) => ({
      direction: "egress",
      pod: p.id,
      peer: APISERVER,
      protocol: "TCP",
      port: context.facts.apiserverPort,
    }));

/** What works before a mutation, to see afterwards whether any of it broke. */
export const workingOf = (context: Context): ((after: Context, kind: Breaks) => boolean) => {
  const isAnswered = (
    pods: ReadonlyMap<string, PodView>,
    judge: Context["judge"],
    q: Question,
    wanted: "allowed" | "dropped",
  ): boolean => {
    const pod = pods.get(q.pod);
    const other = "pod" in q.peer ? pods.get(q.peer.pod) : undefined;
    if (pod?.governed !== true || ("pod" in q.peer && other === undefined)) return false;
    const peer = "pod" in q.peer ? (other === undefined ? null : peerOfPod(other)) : q.peer;
    return peer !== null && judge.ask(q.direction, pod.endpoint, peer, q.protocol, q.port).verdict === wanted;
  };
  const byId = (of: Context): ReadonlyMap<string, PodView> => new Map(of.pods.map((p) => [p.id, p]));
  const mine = byId(context);
  const working = (questions: readonly Question[]): readonly Question[] =>
    questions.filter((q) => isAnswered(mine, context.judge, q, "allowed"));
  const settings = [...declared(context), ...routed(context)];
  const before: Readonly<Record<Breaks, readonly Question[]>> = {
    spoken: working([...spoken(context).flatMap((c) => both(c.from, c.to, c.protocol, c.port)), ...settings]),
    declared: working(settings),
    names: working(names(context)),
    apiserver: working(apiserver(context)),
  };
  const textOf = (q: Question): string => JSON.stringify([q.direction, q.pod, q.peer, q.protocol, q.port]);
  const known = new Set(settings.map(textOf));
  return (after, kind) => {
    const pods = byId(after);
    const isDropped = (q: Question): boolean => isAnswered(pods, after.judge, q, "dropped");
    if (before[kind].some(isDropped)) return true;
    // What is asked only now: a Service that leads elsewhere, a setting that names another.
    return (
      (kind === "spoken" || kind === "declared") &&
      [...declared(after), ...routed(after)].some((q) => !known.has(textOf(q)) && isDropped(q))
    );
  };
};
