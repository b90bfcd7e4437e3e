import type { ContainerPort, GatewayFact, Inventory, ServiceFact, WorkloadFact } from "../facts/inventory.ts";
import type { LiveEndpoints, LivePod, LiveService } from "../facts/ports.ts";

interface Live {
  readonly pods: readonly LivePod[];
  readonly services: readonly LiveService[];
  readonly endpoints?: readonly LiveEndpoints[];
  readonly namespaces?: readonly { readonly name: string; readonly labels: Labels }[];
}

type Labels = Readonly<Record<string, string>>;

/** Labels that controllers put on single pods; by them no workload is known. */
const OF_ONE_POD = new Set([
  "pod-template-hash",
  "controller-revision-hash",
  "pod-template-generation",
  "statefulset.kubernetes.io/pod-name",
  "apps.kubernetes.io/pod-index",
  "controller-uid",
  "batch.kubernetes.io/controller-uid",
  "job-name",
  "batch.kubernetes.io/job-name",
  "cnpg.io/instanceName",
  "cnpg.io/instanceRole",
  "role",
]);

/** Whether Cilium took the label into the pod's identity, where its endpoint says so; a selector sees no other. */
const isSeen = (pod: LivePod, key: string, value: string): boolean =>
  pod.identity === null || pod.hostNetwork || pod.identity.includes(`k8s:${key}=${value}`);

/** What all pods of a workload carry and policy can see. */
const sharedLabels = (pods: readonly LivePod[]): Labels => {
  const [first, ...rest] = pods;
  return Object.fromEntries(
    Object.entries(first?.labels ?? {}).filter(
      ([key, value]) =>
        !OF_ONE_POD.has(key) &&
        pods.every((pod) => isSeen(pod, key, value)) &&
        rest.every((pod) => pod.labels[key] === value),
    ),
  );
};

const carries = (wanted: Labels, labels: Labels): boolean =>
  Object.entries(wanted).every(([key, value]) => labels[key] === value);

const livePorts = (pods: readonly LivePod[]): readonly ContainerPort[] => {
  const found = new Map(pods.flatMap((pod) => pod.ports.map((p) => [`${p.port}/${p.protocol}`, p] as const)));
  return [...found.values()].map((p) => ({ ...p, sure: "certain" as const }));
};

interface Group {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly pods: readonly LivePod[];
}

const groupsOf = (pods: readonly LivePod[]): readonly Group[] =>
  [
    ...Map.groupBy(pods, (p) => `${p.namespace}/${p.workload?.kind ?? "Pod"}/${p.workload?.name ?? p.name}`).values(),
  ].flatMap((members) => {
    const [pod] = members;
    if (pod === undefined) return [];
    return [
      {
        namespace: pod.namespace,
        kind: pod.workload?.kind ?? "Pod",
        name: pod.workload?.name ?? pod.name,
        pods: members,
      },
    ];
  });

/** The workload of the repository that these pods are: by name and kind, else the one whose labels they carry. */
const writtenFor = (group: Group, workloads: readonly WorkloadFact[]): WorkloadFact | null => {
  const here = workloads.filter((w) => w.namespace === group.namespace);
  const byName =
    here.find((w) => w.name === group.name && w.kind === group.kind) ?? here.find((w) => w.name === group.name);
  if (byName !== undefined) return byName;
  const labels = sharedLabels(group.pods);
  const byLabels = here.filter((w) => Object.keys(w.podLabels).length > 0 && carries(w.podLabels, labels));
  return byLabels.toSorted((a, b) => Object.keys(b.podLabels).length - Object.keys(a.podLabels).length)[0] ?? null;
};

/** Of all pods, what any of them says. */
const anyOf = <T>(pods: readonly LivePod[], of: (pod: LivePod) => readonly T[] | undefined): readonly T[] => [
  ...new Set(pods.flatMap((pod) => of(pod) ?? [])),
];

const seen = (group: Group, written: WorkloadFact | null): WorkloadFact => {
  const ports = livePorts(group.pods);
  const probePorts = anyOf(group.pods, (pod) => pod.probePorts);
  const networks = anyOf(group.pods, (pod) => pod.secondaryNetworks);
  const probed = new Set(written?.containers.flatMap((c) => c.probePorts));
  const known = new Set(written?.containers.flatMap((c) => c.ports.map((p) => `${p.port}/${p.protocol}`)) ?? []);
  const more = ports.filter((p) => !known.has(`${p.port}/${p.protocol}`));
  const containers = written?.containers ?? [];
  return {
    namespace: group.namespace,
    kind: written?.kind ?? group.kind,
    name: written?.name ?? group.name,
    podLabels: sharedLabels(group.pods),
    labelsComplete: true,
    serviceAccount: group.pods[0]?.serviceAccount ?? written?.serviceAccount ?? null,
    containers:
      more.length === 0 && written !== null && probePorts.every((port) => probed.has(port))
        ? containers
        : [...containers, { name: "live", image: null, ports: more, probePorts }],
    hostNetwork: group.pods.every((pod) => pod.hostNetwork),
    secondaryNetworks: networks.length > 0 ? networks : (written?.secondaryNetworks ?? []),
    suspended: false,
    transient: written?.transient ?? (group.kind === "Job" || group.kind === "CronJob"),
    sure: "certain",
    from: written?.from ?? { kind: "cluster", name: "seen running" },
    owner: written?.owner ?? null,
    origin: written?.origin ?? null,
  };
};

const enrichedWorkloads = (written: readonly WorkloadFact[], pods: readonly LivePod[]): readonly WorkloadFact[] => {
  const replaced = new Map<WorkloadFact, WorkloadFact>();
  const added: WorkloadFact[] = [];
  for (const group of groupsOf(pods)) {
    const found = writtenFor(group, written);
    const fact = seen(group, found);
    if (found !== null && !replaced.has(found)) replaced.set(found, fact);
    else added.push(found === null ? fact : { ...fact, kind: group.kind, name: group.name });
  }
  const inhabited = new Set(pods.map((pod) => pod.namespace));
  // A guess that the cluster does not bear out, in a namespace that runs, was a wrong one.
  const kept = written.filter((w) => replaced.has(w) || w.sure !== "guess" || !inhabited.has(w.namespace));
  return [...kept.map((w) => replaced.get(w) ?? w), ...added];
};

const serviceType = (type: string): ServiceFact["type"] =>
  type === "NodePort" || type === "LoadBalancer" || type === "ExternalName" ? type : "ClusterIP";

type Behind = NonNullable<ServiceFact["endpoints"]>;

/** By Service, what its slices name, each pod told by what made it. */
const behindServices = (live: Live): ReadonlyMap<string, Behind> => {
  const makers = new Map(live.pods.map((p) => [`${p.namespace}/${p.name}`, p.workload]));
  const found = new Map<string, Behind>();
  for (const { namespace, service, ports, endpoints } of live.endpoints ?? []) {
    const key = `${namespace}/${service}`;
    const here = endpoints.map(({ address, pod }) => ({
      address,
      pod: pod === null ? null : (makers.get(`${namespace}/${pod}`) ?? null),
      ports,
    }));
    found.set(key, [...(found.get(key) ?? []), ...here]);
  }
  return found;
};

const liveFact = (
  live: LiveService,
  written: ServiceFact | null,
  workloads: readonly WorkloadFact[],
  endpoints: Behind | undefined,
): ServiceFact => {
  const { selector } = live;
  const steady =
    selector === null ? null : Object.fromEntries(Object.entries(selector).filter(([key]) => !OF_ONE_POD.has(key)));
  const behind =
    steady === null ? [] : workloads.filter((w) => w.namespace === live.namespace && carries(steady, w.podLabels));
  const ports = behind.flatMap((w) => w.containers.flatMap((c) => c.ports));
  return {
    namespace: live.namespace,
    name: live.name,
    type: serviceType(live.type),
    selector: steady,
    ports: live.ports.map((p) => ({
      ...p,
      containerPort:
        typeof p.targetPort === "number" ? p.targetPort : (ports.find((c) => c.name === p.targetPort)?.port ?? null),
    })),
    loadBalancerIps: live.loadBalancerIps,
    hostnames: written?.hostnames ?? [],
    externalTrafficPolicy:
      live.externalTrafficPolicy === "Local" || live.externalTrafficPolicy === "Cluster"
        ? live.externalTrafficPolicy
        : null,
    externalName: written?.externalName ?? null,
    ...(selector !== null || endpoints === undefined ? {} : { endpoints }),
    ...(written?.labels === undefined ? {} : { labels: written.labels }),
    ...(written?.sure === "certain" ? {} : { unwritten: true as const }),
    sure: "certain",
    origin: written?.origin ?? null,
  };
};

const enrichedServices = (
  written: readonly ServiceFact[],
  state: Live,
  workloads: readonly WorkloadFact[],
): readonly ServiceFact[] => {
  const live = state.services;
  const behind = behindServices(state);
  const key = (s: { readonly namespace: string; readonly name: string }): string => `${s.namespace}/${s.name}`;
  const known = new Map(written.map((s) => [key(s), s]));
  const there = new Set(live.map(key));
  const inhabited = new Set(live.map((s) => s.namespace));
  const missing = written.filter((s) => !there.has(key(s)) && (s.sure === "certain" || !inhabited.has(s.namespace)));
  return [...live.map((s) => liveFact(s, known.get(key(s)) ?? null, workloads, behind.get(key(s)))), ...missing];
};

/** A gateway's real addresses: those of the Service that selects its pods. */
const enrichedGateway = (gateway: GatewayFact, live: readonly LiveService[]): GatewayFact => {
  if (Object.keys(gateway.podLabels).length === 0) return gateway;
  const front = live.filter(
    (s) =>
      s.namespace === gateway.podNamespace &&
      s.selector !== null &&
      s.loadBalancerIps.length > 0 &&
      carries(s.selector, gateway.podLabels),
  );
  const addresses = [
    ...new Set([...front.flatMap((s) => s.loadBalancerIps), ...gateway.addresses.filter((a) => !a.includes("${"))]),
  ];
  return addresses.length === 0 ? gateway : { ...gateway, addresses };
};

/**
 * The inventory as the cluster bears it out: pods, labels, ports and Services that run replace what charts and operators
 * were thought to make. What only Git knows (Jobs that do not run now, suspended apps) stays. Pure.
 */
export const withCluster = (inventory: Inventory, live: Live): Inventory => {
  const workloads = enrichedWorkloads(inventory.workloads, live.pods);
  return {
    ...inventory,
    workloads,
    namespaces: inventory.namespaces.map((ns) => {
      const there = live.namespaces?.find((n) => n.name === ns.name);
      return there === undefined ? ns : { ...ns, labels: there.labels };
    }),
    services: enrichedServices(inventory.services, live, workloads),
    gateways: inventory.gateways.map((gateway) => enrichedGateway(gateway, live.services)),
  };
};
