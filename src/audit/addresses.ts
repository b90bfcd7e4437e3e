import type { Prefix } from "../cilium/cidr.ts";
import { contains, parseCidr } from "../cilium/cidr.ts";
import type { GatewayFact, Inventory, RenderedObject, ServiceFact } from "../facts/inventory.ts";
import type { Origin } from "../facts/policy.ts";
import { asList, asObject, asStrings, asText, at, strings } from "./json.ts";

/** A range of addresses that means something in the cluster, and where that is said. */
export interface Range {
  readonly prefix: Prefix;
  readonly text: string;
  readonly origin: Origin | null;
}

/** Address ranges of distributions that rarely say them: kubeadm, k3s, MicroK8s, EKS. Conventions, so never certain. */
const USUAL_SERVICE_RANGES = ["10.96.0.0/12", "10.43.0.0/16", "10.152.183.0/24"];
const USUAL_POD_RANGES = ["10.244.0.0/16", "10.42.0.0/16"];

const range = (text: string, origin: Origin | null): Range[] => {
  const prefix = parseCidr(text.trim());
  return prefix === null ? [] : [{ prefix, text: text.trim(), origin }];
};

const number = (address: Prefix): number => address.bytes.reduce((sum, byte) => sum * 256 + byte, 0);

/** `10.0.0.10-10.0.0.20` as the smallest prefixes that cover exactly it; IPv6 spans are left alone. */
const span = (from: string, to: string, origin: Origin | null): Range[] => {
  const first = parseCidr(from.trim());
  const last = parseCidr(to.trim());
  if (first === null || last === null || first.bytes.length !== 4 || last.bytes.length !== 4) return [];
  const found: Range[] = [];
  let next = number(first);
  const end = number(last);
  while (next <= end && found.length < 64) {
    let size = 1;
    let bits = 32;
    while (bits > 0 && next % (size * 2) === 0 && next + size * 2 - 1 <= end) {
      size *= 2;
      bits -= 1;
    }
    const bytes = [24, 16, 8, 0].map((shift) => Math.floor(next / 2 ** shift) % 256);
    found.push({ prefix: { bytes, bits }, text: `${bytes.join(".")}/${bits}`, origin });
    next += size;
  }
  return found;
};

const rangesOf = (text: string, origin: Origin | null): Range[] => {
  const [from, to] = text.split("-");
  return to === undefined ? range(text, origin) : span(from ?? "", to, origin);
};

const poolRanges = (object: RenderedObject): Range[] => {
  const spec = asObject(object.object["spec"]);
  const origin = object.origin;
  if (object.kind === "CiliumLoadBalancerIPPool")
    return [...asList(spec["blocks"]), ...asList(spec["cidrs"])].flatMap((block) => {
      const cidr = asText(at(block, "cidr"));
      if (cidr !== null) return range(cidr, origin);
      const start = asText(at(block, "start"));
      return start === null ? [] : span(start, asText(at(block, "stop")) ?? start, origin);
    });
  if (object.kind === "IPAddressPool" || object.kind === "IPPool")
    return asStrings(spec["addresses"]).flatMap((text) => rangesOf(text, origin));
  return [];
};

/** Settings by their last key, wherever they stand: Helm values, a values file in a ConfigMap, an agent's ConfigMap. */
const SETTING_KEYS: Readonly<Record<string, "pods" | "services" | "apiserver">> = {
  ipv4NativeRoutingCIDR: "pods",
  "ipv4-native-routing-cidr": "pods",
  clusterPoolIPv4PodCIDRList: "pods",
  "cluster-pool-ipv4-cidr": "pods",
  podSubnet: "pods",
  podSubnets: "pods",
  "cluster-cidr": "pods",
  serviceSubnet: "services",
  serviceSubnets: "services",
  "service-cidr": "services",
  k8sServiceHost: "apiserver",
};

const YAML_LINE = /^\s*(?:- )?["']?([\w-]+)["']?\s*:\s*["']?(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)["']?\s*(?:#.*)?$/;

/** What the repository says about addresses: load-balancer pools and addresses, Service and pod ranges, nodes. */
export class Addresses {
  readonly pools: readonly Range[];
  readonly services: readonly Range[];
  readonly usualServices: readonly Range[];
  readonly pods: readonly Range[];
  readonly usualPods: readonly Range[];
  readonly nodes: readonly Range[];
  readonly apiservers: readonly Range[];
  readonly #loadBalancers: readonly { readonly range: Range; readonly service: ServiceFact }[];
  readonly #gateways: readonly { readonly range: Range; readonly gateway: GatewayFact }[];
  readonly clusterIps: readonly Range[];

  constructor(inventory: Inventory) {
    this.pools = inventory.objects.flatMap(poolRanges);
    this.#loadBalancers = inventory.services.flatMap((service) =>
      service.loadBalancerIps.flatMap((ip) => range(ip, service.origin).map((r) => ({ range: r, service }))),
    );
    this.#gateways = inventory.gateways.flatMap((gateway) =>
      gateway.addresses.flatMap((ip) => range(ip, gateway.origin).map((r) => ({ range: r, gateway }))),
    );
    const settings = settingsOf(inventory.objects);
    this.pods = settings.pods;
    this.apiservers = settings.apiserver;
    this.clusterIps = inventory.objects.flatMap(clusterIp);
    this.usualServices = USUAL_SERVICE_RANGES.flatMap((text) => range(text, null));
    this.usualPods = USUAL_POD_RANGES.flatMap((text) => range(text, null));
    const proven = this.usualServices.filter((r) => this.clusterIps.some((ip) => contains(r.prefix, ip.prefix)));
    this.services = [...settings.services, ...proven];
    this.nodes = inventory.objects.flatMap(nodeAddresses);
  }

  /** The Service whose load-balancer address lies in this prefix. */
  loadBalancersIn(prefix: Prefix): readonly ServiceFact[] {
    return this.#loadBalancers.filter(({ range }) => contains(prefix, range.prefix)).map(({ service }) => service);
  }

  gatewaysIn(prefix: Prefix): readonly GatewayFact[] {
    return this.#gateways.filter(({ range }) => contains(prefix, range.prefix)).map(({ gateway }) => gateway);
  }
}

export const within = (ranges: readonly Range[], prefix: Prefix): Range | null =>
  ranges.find((r) => contains(r.prefix, prefix)) ?? null;

export const holding = (prefix: Prefix, ranges: readonly Range[]): readonly Range[] =>
  ranges.filter((r) => contains(prefix, r.prefix));

interface Settings {
  readonly pods: Range[];
  readonly services: Range[];
  readonly apiserver: Range[];
}

const settingsOf = (objects: readonly RenderedObject[]): Settings => {
  const found: Settings = { pods: [], services: [], apiserver: [] };
  const note = (key: string, text: string, origin: Origin | null): void => {
    const which = Object.hasOwn(SETTING_KEYS, key) ? SETTING_KEYS[key] : undefined;
    if (which !== undefined) found[which].push(...text.split(",").flatMap((one) => range(one, origin)));
  };
  for (const object of objects) {
    if (object.kind !== "HelmRelease" && object.kind !== "ConfigMap") continue;
    for (const { path, text } of strings(object.object)) {
      const key = path.findLast((step) => typeof step === "string");
      if (typeof key === "string") note(key, text, object.locate(path) ?? object.origin);
      if (!text.includes("\n")) continue;
      for (const line of text.split("\n")) {
        const match = YAML_LINE.exec(line);
        if (match?.[1] !== undefined && match[2] !== undefined) note(match[1], match[2], object.origin);
      }
    }
  }
  return found;
};

const clusterIp = (object: RenderedObject): Range[] => {
  if (object.kind !== "Service" && object.kind !== "HelmRelease") return [];
  const found: Range[] = [];
  for (const { path, text } of strings(object.object["spec"]))
    if (path.includes("clusterIP") || path.includes("clusterIPs"))
      found.push(...range(text, object.locate(["spec", ...path]) ?? object.origin));
  return found;
};

const nodeAddresses = (object: RenderedObject): Range[] => {
  if (object.kind === "CiliumNode")
    return asList(at(object.object, "spec", "addresses")).flatMap((a) =>
      range(asText(at(a, "ip")) ?? "", object.origin),
    );
  if (object.kind === "Node")
    return asList(at(object.object, "status", "addresses")).flatMap((a) =>
      range(asText(at(a, "address")) ?? "", object.origin),
    );
  return [];
};
