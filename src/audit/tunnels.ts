import type { Edge } from "../facts/edge.ts";
import type { Inventory, RenderedObject } from "../facts/inventory.ts";
import { asList, asObject, asText, at } from "./json.ts";

/**
 * VXLAN gateways with DHCP in them (pod-gateway): clients get their address by broadcast inside a tunnel from pod to pod,
 * and both directions are new connections to the tunnel's port (C D.10). They do not live under default-deny (lesson 21).
 */
export interface TunnelEnd {
  readonly namespace: string;
  readonly role: "gateway" | "client";
  /** What it was recognised by, for people. */
  readonly signs: readonly string[];
}

/** When to look at a carve-out again (P, carve-out). */
export const REVISIT = [
  "Cilium handles broadcast inside a pod's own tunnel (track upstream)",
  "pod-gateway is replaced by a WireGuard pattern with static addresses, without DHCP",
  "VPN egress moves to routing on the node, without a sidecar",
] as const;

/** IANA's VXLAN port, and the kernel's and Cilium's own. */
const VXLAN_PORTS: readonly string[] = ["4789", "8472"];

interface Sign {
  readonly namespace: string;
  readonly role: TunnelEnd["role"];
  readonly sign: string;
}

/** A string of a manifest with the key that leads to it and the one above; empty where there is none. */
interface Leaf {
  readonly key: string;
  readonly where: string;
  readonly value: string;
}

/** Every string a manifest holds; bounded, because manifests may be anything. Each object of a repository is read so. */
const leaves = (object: unknown): readonly Leaf[] => {
  const found: Leaf[] = [];
  const visit = (value: unknown, key: string, where: string, depth: number): void => {
    if (depth > 40) return;
    if (typeof value === "string") found.push({ key, where, value });
    else if (typeof value === "number" || typeof value === "boolean") found.push({ key, where, value: String(value) });
    else if (Array.isArray(value)) for (const [i, item] of value.entries()) visit(item, String(i), key, depth + 1);
    else for (const [name, item] of Object.entries(asObject(value))) visit(item, name, key, depth + 1);
  };
  visit(object, "", "", 0);
  return found;
};

const isGatewayName = (text: string): boolean => /(^|[/_:-])pod-gateway([:@/_-]|$)/i.test(text);

const inNamespace = (object: RenderedObject): string | null =>
  object.kind === "Namespace" ? object.name : object.namespace;

/** `setGateway: "true"` on a pod asks the gateway's webhook for a sidecar; "false" opts out. */
const asksForGateway = (object: RenderedObject): boolean => {
  for (const { key, where, value } of leaves(object.object)) {
    if (/^setgateway$/i.test(key) && value !== "false" && /annotations|labels/i.test(where)) return true;
  }
  return false;
};

const dhcpOverVxlan = (object: RenderedObject): string | null => {
  let vxlan: string | null = null;
  let dhcp = false;
  let netAdmin = false;
  for (const { key, value } of leaves(object.object)) {
    vxlan = [key, value].find((text) => text.startsWith("VXLAN_")) ?? vxlan;
    if (/\btype vxlan\b|\bvxlan0\b/.test(value)) vxlan ??= "a vxlan interface";
    if (/\b(udhcpc|dhclient|dnsmasq|dhcpcd)\b/.test(value)) dhcp = true;
    if (value === "NET_ADMIN") netAdmin = true;
  }
  if (vxlan === null) return null;
  // A VXLAN_ setting is the gateway's own convention; a bare interface needs DHCP or the capability beside it.
  return vxlan.startsWith("VXLAN_") || dhcp || netAdmin ? vxlan : null;
};

const chartOf = (object: RenderedObject): string =>
  [at(object.object, "spec", "chart", "spec", "chart"), at(object.object, "spec", "chartRef", "name")]
    .map(asText)
    .filter((name) => name !== null)
    .join(" ");

const imagesOf = (object: RenderedObject): readonly string[] => {
  const images: string[] = [];
  for (const { key, where, value } of leaves(object.object)) {
    if (key === "image" || (key === "repository" && where === "image")) images.push(value);
  }
  return images;
};

const routedNamespaces = (object: RenderedObject): readonly string[] =>
  asList(at(object.object, "spec", "values", "routed_namespaces"))
    .map(asText)
    .filter((name) => name !== null);

const MAKES_PODS: ReadonlySet<string> = new Set([
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Pod",
  "ReplicaSet",
  "Job",
  "CronJob",
  "HelmRelease",
  "ConfigMap",
]);

const signsOf = (object: RenderedObject): readonly Sign[] => {
  const namespace = inNamespace(object);
  if (namespace === null) return [];
  const name = `${object.kind} ${object.name}`;
  if (object.kind === "Namespace") {
    const labels = Object.entries(asObject(at(object.object, "metadata", "labels")));
    const routed = labels.find(
      ([key, value]) => /^routed-(gateway|by)$/i.test(key) && (value === "true" || isGatewayName(String(value))),
    );
    return routed === undefined ? [] : [{ namespace, role: "client", sign: `label ${routed[0]} on ${name}` }];
  }
  if (!MAKES_PODS.has(object.kind)) return [];
  const signs: Sign[] = [];
  const asks = asksForGateway(object);
  if (asks) signs.push({ namespace, role: "client", sign: `setGateway on ${name}` });
  if (object.kind !== "ConfigMap") {
    const image = imagesOf(object).find(isGatewayName);
    if (image !== undefined) signs.push({ namespace, role: "gateway", sign: `image ${image} of ${name}` });
    if (isGatewayName(chartOf(object))) signs.push({ namespace, role: "gateway", sign: `chart of ${name}` });
  }
  const vxlan = dhcpOverVxlan(object);
  const role = asks || object.kind === "ConfigMap" ? "client" : "gateway";
  if (vxlan !== null) signs.push({ namespace, role, sign: `${vxlan} in ${name}` });
  for (const client of routedNamespaces(object))
    signs.push({ namespace: client, role: "client", sign: `routed_namespaces of ${name} in ${namespace}` });
  return signs;
};

const PEER_NAMESPACE = /^(k8s:|any:)?io\.kubernetes\.pod\.namespace$/;

/** A rule that opens UDP 4789 or 8472 to other pods: somebody runs a tunnel there already. */
const policySigns = (inventory: Inventory): readonly Sign[] =>
  inventory.policies.flatMap((policy) => {
    const own = policy.ref.namespace;
    if (own === null) return [];
    const specs = [at(policy.object, "spec"), ...asList(at(policy.object, "specs"))];
    const rules = specs.flatMap((spec) => [...asList(at(spec, "ingress")), ...asList(at(spec, "egress"))]);
    return rules.flatMap((rule): readonly Sign[] => {
      const found = leaves(rule);
      const port = found.find(({ key, value }) => key === "port" && VXLAN_PORTS.includes(value))?.value;
      if (port === undefined) return [];
      const peers = found.filter(({ key }) => PEER_NAMESPACE.test(key)).map(({ value }) => value);
      const sign = `UDP ${port} in policy ${own}/${policy.ref.name}`;
      return [own, ...peers].map((namespace): Sign => ({ namespace, role: "client", sign }));
    });
  });

const edgeSigns = (edges: readonly Edge[]): readonly Sign[] =>
  edges
    .filter((e) => e.protocol === "UDP" && VXLAN_PORTS.includes(String(e.port)))
    .filter((e) => e.source.workload !== null && e.destination.workload !== null)
    .flatMap((e) =>
      [e.source, e.destination].flatMap((end): Sign[] =>
        end.namespace === null
          ? []
          : [
              {
                namespace: end.namespace,
                role: "client",
                sign: `recorded UDP ${e.port}: ${e.source.id} to ${e.destination.id}`,
              },
            ],
      ),
    );

/** Every namespace at either end of such a tunnel, by what its workloads are, not by what anything is called. */
export const tunnelsIn = (inventory: Inventory, edges: readonly Edge[] = []): readonly TunnelEnd[] => {
  const objects = [...inventory.objects, ...inventory.kustomizations.flatMap((k) => k.objects)];
  const all = [...new Set(objects)].flatMap(signsOf);
  const signs = [...all, ...policySigns(inventory), ...edgeSigns(edges)];
  return [...Map.groupBy(signs, (s) => s.namespace)].map(([namespace, found]) => ({
    namespace,
    role: found.some((s) => s.role === "gateway") ? "gateway" : "client",
    signs: [...new Set(found.map((s) => s.sign))],
  }));
};
