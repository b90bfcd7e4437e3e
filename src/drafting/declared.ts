import { apiserverTargets, type Placement, placements, routed, targetName } from "../facts/declared.ts";
import type { DeclaredEdge, WorkloadFact } from "../facts/inventory.ts";
import { hasVariable, isPrivate, type Landing, landings, type PodsFact, selects } from "../facts/landing.ts";
import type { Direction } from "../facts/verdict.ts";
import { isSafeName } from "./names.ts";
import type { Entity, LeftOut, Need, PeerKey } from "./need.ts";
import { type Field, type Gathered, servesHttp3 } from "./observed.ts";
import { patternOf, podsPattern } from "./pattern-of.ts";
import { isFanOutTool, type PatternId } from "./patterns.ts";

interface Aim {
  readonly peer: PeerKey;
  readonly pattern: PatternId;
  readonly widened: string | null;
}

const NODES: readonly Entity[] = ["host", "remote-node"];

const podsPeer = (pods: PodsFact): PeerKey & { readonly kind: "pods" } => ({
  kind: "pods",
  namespace: pods.namespace,
  workload: pods.workload,
  labels: pods.labels,
});

const world = (widened: string): Aim => ({
  peer: { kind: "entities", entities: ["world"] },
  pattern: "outside-any",
  widened,
});

const whyNoNames = ({ facts }: Field): string =>
  facts.autopath
    ? "CoreDNS autopath answers another name than the one that is written, and no toFQDNs rule would match it"
    : "no DNS rule here lets Cilium learn names";

const outsideAim = (host: string | null, address: string | null, field: Field): Aim => {
  if (address !== null) {
    const cidr = `${address}/${address.includes(":") ? 128 : 32}`;
    return { peer: { kind: "cidr", cidr }, pattern: isPrivate(address) ? "device" : "outside-address", widened: null };
  }
  if (host === null) return world("no manifest names the servers that it asks");
  const name = host.toLowerCase().replace(/\.$/, "");
  if (hasVariable(name)) return world("the name holds a variable that the repository alone does not resolve");
  if (!field.namesMatch) return world(whyNoNames(field));
  if (!isSafeName(name, field.facts)) return world("the name is not one that a toFQDNs rule would match");
  return { peer: { kind: "name", name }, pattern: "outside", widened: null };
};

const aimOf = (landing: Landing, direction: Direction, field: Field): Aim | null => {
  if (landing.kind === "unknown") return null;
  if (landing.kind === "apiserver")
    return { peer: { kind: "entities", entities: ["kube-apiserver"] }, pattern: "apiserver", widened: null };
  if (landing.kind === "outside") return outsideAim(landing.host, landing.address, field);
  if (landing.pods.workload?.hostNetwork === true)
    return { peer: { kind: "entities", entities: NODES }, pattern: "node", widened: null };
  const peer = podsPeer(landing.pods);
  return { peer, pattern: podsPattern(peer, direction, field, landing.port), widened: null };
};

const need = (
  subject: WorkloadFact,
  direction: Direction,
  aim: Aim,
  landing: Landing & { readonly kind: "pods" | "outside" | "apiserver" },
  field: Field,
  more: {
    readonly declared: readonly DeclaredEdge[];
    readonly requirement: string | null;
    readonly source: "declared" | "required";
  },
): Need => ({
  subject,
  direction,
  peer: aim.peer,
  protocol: landing.protocol,
  port: landing.port,
  pattern: aim.pattern,
  source: more.source,
  faces: field.faces.of(aim.peer),
  edges: [],
  declared: more.declared,
  requirement: more.requirement,
  widened: aim.widened,
});

const governed = (workload: WorkloadFact | null, namespace: string): workload is WorkloadFact =>
  workload !== null && workload.namespace === namespace && !workload.hostNetwork && !workload.suspended;

const clientPeer = (source: PodsFact): PeerKey =>
  source.workload?.hostNetwork === true ? { kind: "entities", entities: NODES } : podsPeer(source);

/** What manifests declare, as needs of this namespace's pods at whichever end they stand. */
export const declaredNeeds = (field: Field): Gathered => {
  const needs: Need[] = [];
  const leftOut: LeftOut[] = [];
  const nowhere: Nowhere[] = [];
  const { inventory, facts, namespace } = field;
  for (const { declared, source, landing } of placements(inventory, facts)) {
    const more = { declared: [declared], requirement: null, source: "declared" } as const;
    if (landing.kind === "unknown") {
      if (source.namespace === namespace) nowhere.push({ declared, source, landing });
      continue;
    }
    if (governed(source, namespace)) {
      const aim = aimOf(landing, "egress", field);
      if (aim !== null) {
        const pattern = patternOf(declared.why, aim.pattern, landing);
        const widened = declared.target.kind === "outside" ? declared.target.why : aim.widened;
        needs.push(need(source, "egress", { ...aim, pattern, widened }, landing, field, more));
      }
    }
    if (landing.kind === "pods" && governed(landing.pods.workload, namespace) && !source.suspended) {
      const pods = { namespace: source.namespace, labels: source.podLabels, workload: source };
      const peer = clientPeer(pods);
      const plain = peer.kind === "pods" ? podsPattern(peer, "ingress", field, landing.port) : "node";
      const pattern = patternOf(declared.why, plain, landing);
      needs.push(need(landing.pods.workload, "ingress", { peer, pattern, widened: null }, landing, field, more));
    }
  }
  for (const { route, gateway, source, landing } of routed(inventory, facts)) {
    if (landing.kind !== "pods") {
      if (landing.kind === "unknown" && route.namespace === namespace)
        leftOut.push({ what: `${route.kind} ${route.name}`, why: `${landing.why}; ${landing.wouldHelp} would tell` });
      continue;
    }
    const more = {
      declared: [],
      requirement: `${route.kind} ${route.namespace}/${route.name}`,
      source: "declared",
    } as const;
    if (governed(landing.pods.workload, namespace)) {
      const peer: PeerKey =
        gateway.servedBy === "cilium" ? { kind: "entities", entities: ["ingress"] } : clientPeer(source);
      const aim: Aim = { peer, pattern: "gateway", widened: null };
      needs.push(need(landing.pods.workload, "ingress", aim, landing, field, more));
    }
    if (governed(source.workload, namespace) && landing.pods.workload?.suspended !== true) {
      const aim = aimOf(landing, "egress", field);
      if (aim !== null)
        needs.push(need(source.workload, "egress", { ...aim, pattern: "gateway" }, landing, field, more));
    }
  }
  return { needs, leftOut: [...leftOut, ...unplaced(nowhere)] };
};

type Nowhere = Placement & { readonly landing: Landing & { readonly kind: "unknown" } };

/** A list of sixty devices is one line to read, not sixty. */
const TOLD_APART = 3;

const unplaced = (nowhere: readonly Nowhere[]): readonly LeftOut[] => {
  const setting = ({ declared, source }: Nowhere): string =>
    `${source.kind} ${source.name}: ${declared.key} (${declared.origin.file}`;
  const why = ({ landing }: Nowhere): string => `${landing.why}; ${landing.wouldHelp} would tell`;
  return [...Map.groupBy(nowhere, setting)].flatMap(([where, group]): readonly LeftOut[] => {
    const [first] = group;
    if (first === undefined || group.length <= TOLD_APART)
      return group.map((one) => ({ what: `${where}:${one.declared.origin.line})`, why: why(one) }));
    const hosts = new Set(group.map(({ declared }) => targetName(declared)));
    const few = [...hosts].slice(0, 5).join(", ");
    return [
      {
        what: `${where}:${first.declared.origin.line} and ${group.length - 1} more entries)`,
        why: `${why(first)}. The same holds for ${hosts.size} hosts: ${few}${hosts.size > 5 ? " and others" : ""}`,
      },
    ];
  });
};

const PROTOCOLS = ["UDP", "TCP"] as const;

/** What every pod, or what the API server, requires whether anybody wrote it down or not. */
export const requiredNeeds = (field: Field): readonly Need[] => {
  const { inventory, facts, namespace } = field;
  const needs: Need[] = [];
  const resolver = inventory.workloads.find(
    (w) => w.namespace === facts.dns.namespace && selects(facts.dns.labels, w.podLabels),
  );
  const dns: PodsFact = { namespace: facts.dns.namespace, labels: facts.dns.labels, workload: resolver ?? null };
  for (const subject of inventory.workloads.filter((w) => governed(w, namespace)))
    for (const protocol of PROTOCOLS) {
      const landing = {
        kind: "pods",
        pods: dns,
        port: facts.dns.port,
        protocol,
        through: null,
        sure: "certain",
      } as const;
      const more = { declared: [], requirement: "every pod resolves names", source: "required" } as const;
      const aim: Aim = { peer: clientPeer(dns), pattern: "dns", widened: null };
      needs.push(need(subject, "egress", aim, landing, field, more));
    }
  needs.push(...exposedNeeds(field), ...wandering(field));
  for (const { target, port, what } of apiserverTargets(inventory)) {
    if (target.namespace !== namespace) continue;
    const to = { source: { namespace }, target: { kind: "service", ...target }, port, protocol: "TCP" } as const;
    for (const landing of landings(to, inventory, facts)) {
      if (landing.kind !== "pods" || !governed(landing.pods.workload, namespace)) continue;
      const peer: PeerKey = { kind: "entities", entities: ["kube-apiserver", ...NODES] };
      const more = { declared: [], requirement: what, source: "required" } as const;
      needs.push(
        need(landing.pods.workload, "ingress", { peer, pattern: "webhook", widened: null }, landing, field, more),
      );
    }
  }
  return needs;
};

/** A load balancer is there to be reached from outside, whether anybody came during the soak or not (lesson 15). */
const exposedNeeds = (field: Field): readonly Need[] => {
  const { inventory, facts, namespace } = field;
  const balanced = inventory.services.filter((s) => s.namespace === namespace && s.type === "LoadBalancer");
  const peer: PeerKey = { kind: "entities", entities: ["world", "remote-node"] };
  const aim: Aim = { peer, pattern: "clients", widened: "clients of the local network have no identity of their own" };
  return balanced.flatMap((service) =>
    service.ports.flatMap(({ port, protocol }) => {
      const target = { kind: "service", namespace, name: service.name } as const;
      const requirement = `Service ${namespace}/${service.name} of type LoadBalancer`;
      const more = { declared: [], requirement, source: "required" } as const;
      return landings({ source: { namespace }, target, port, protocol }, inventory, facts).flatMap((landing) =>
        landing.kind === "pods" ? exposed(landing, landing.pods.workload, aim, field, more) : [],
      );
    }),
  );
};

const exposed = (
  landing: Landing & { readonly kind: "pods" },
  subject: WorkloadFact | null,
  aim: Aim,
  field: Field,
  more: Parameters<typeof need>[5],
): readonly Need[] => {
  if (!governed(subject, field.namespace)) return [];
  const http3 = landing.protocol === "TCP" && servesHttp3(subject, landing.port, field);
  const protocols = http3 ? (["TCP", "UDP"] as const) : [landing.protocol];
  return protocols.map((protocol) => need(subject, "ingress", aim, { ...landing, protocol }, field, more));
};

/** The web, for tools that fan out: what they will be sent to is in no soak (lesson 28). */
const wandering = (field: Field): readonly Need[] =>
  field.inventory.workloads.flatMap((subject) => {
    if (!governed(subject, field.namespace)) return [];
    const images = subject.containers.flatMap((c) => (c.image === null ? [] : [c.image]));
    // Of a chart's or an operator's pods, those that come and go are the ones sent about; the rest looks after them.
    const makers = subject.transient ? [subject.kind, subject.from.name] : [];
    const reason = isFanOutTool([subject.name, ...makers], images);
    if (reason === null) return [];
    const aim: Aim = { ...world(reason), pattern: "fan-out" };
    const more = { declared: [], requirement: "a tool that fans out", source: "required" } as const;
    return [80, 443].map((port) =>
      need(subject, "egress", aim, { kind: "outside", host: null, address: null, port, protocol: "TCP" }, field, more),
    );
  });
