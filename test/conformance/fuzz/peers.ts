import type { Random } from "./random.ts";
import { generateSelector } from "./selectors.ts";

const ENTITIES = [
  "all",
  "all",
  "all",
  "world",
  "cluster",
  "host",
  "init",
  "ingress",
  "unmanaged",
  "remote-node",
  "health",
  "none",
  "kube-apiserver",
  "world-ipv4",
  "world-ipv6",
] as const;

const CIDRS = [
  "10.0.0.0/8",
  "0.0.0.0/0",
  "203.0.113.0/24",
  "203.0.113.5/32",
  "198.51.100.0/24",
  "192.168.0.0/16",
  "10.45.0.0/24",
  "10.1.2.3/8",
  "10.9.9.9",
  "2001:db8::/32",
  "2001:db8::5/128",
  "::/0",
  "2001:db8::5",
] as const;

const ODD_CIDRS: readonly [unknown, ...unknown[]] = [
  "10.0.0.0/33",
  "x",
  "",
  "10.0.0",
  "10.0.0.0/08",
  "010.0.0.0/8",
  5,
  null,
  "1.2.3.4/-1",
  "::ffff:1.2.3.4/96",
];

const CIDR_SETS: readonly [unknown, ...unknown[]] = [
  { cidr: "203.0.113.0/24" },
  { cidr: "203.0.113.0/24", except: ["203.0.113.5/32"] },
  { cidr: "10.0.0.0/8", except: ["10.45.0.0/24", "10.96.0.0/12"] },
  { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "192.168.0.0/16"] },
  { cidr: "0.0.0.0/0", except: ["0.0.0.0/0"] },
  { cidr: "0.0.0.0/0" },
  { cidr: "10.1.0.0/16", except: ["10.1.0.0/8"] },
  { cidr: "2001:db8::/32", except: ["2001:db8::/48"] },
  { cidr: "::/0", except: ["2001:db8::/32"] },
  { cidr: "192.168.0.0/16" },
  { cidrGroupRef: "nobody" },
];

const ODD_SETS: readonly [unknown, ...unknown[]] = [
  {},
  null,
  { cidr: "10.0.0.1" },
  { cidr: "10.0.0.0/8", except: ["192.168.0.0/16"] },
  { cidr: "10.0.0.0/8", except: ["2001:db8::/32"] },
  { cidr: "10.0.0.0/8", except: ["10.0.0.1"] },
  { cidr: "10.0.0.0/8", cidrGroupRef: "g" },
  { cidrGroupSelector: {} },
  {
    cidrGroupSelector: { matchExpressions: [{ key: "zone", operator: "NotIn", values: ["a"] }] },
    except: ["10.0.0.0/8"],
  },
  { cidrGroupSelector: { matchLabels: { a: "b c" } } },
  { except: ["10.0.0.0/8"] },
  { cidr: 5 },
];

const FQDNS: readonly [unknown, ...unknown[]] = [
  { matchName: "api.example.com" },
  { matchPattern: "*.example.com" },
  { matchPattern: "**.example.com" },
  { matchPattern: "api.example.com" },
  { matchName: "other.example.org" },
];

const ODD_FQDNS: readonly [unknown, ...unknown[]] = [
  {},
  null,
  { matchName: "*.a.com" },
  { matchPattern: "a[.]com" },
  { matchName: "a.com", matchPattern: "*.com" },
  { matchPattern: "a".repeat(256) },
  { matchName: "a".repeat(256) },
  { matchName: 5 },
  { matchPattern: " a.com" },
];

export interface PeerChoice {
  readonly direction: "ingress" | "egress";
  readonly deny: boolean;
  readonly odd: boolean;
  /** Whether toNodes and fromNodes may occur. */
  readonly nodes: boolean;
  /** Whether fromRequires and toRequires may occur: only where the schema is all there is left of them. */
  readonly requires: boolean;
}

const members = (r: Random, { direction, deny, odd, nodes }: PeerChoice): Record<string, unknown> => {
  const prefix = direction === "ingress" ? "from" : "to";
  const kinds = ["Endpoints", "Endpoints", "Endpoints", "Entities", "Entities", "CIDR", "CIDRSet"] as const;
  const egressOnly = ["FQDNs", "FQDNs", "Services", "Groups"] as const;
  const usual = nodes && r.chance(0.25) ? "Nodes" : r.pick(kinds);
  const kind = direction === "egress" && !deny && r.chance(0.2) ? r.pick(egressOnly) : usual;
  switch (kind) {
    case "Endpoints":
      return { [`${prefix}Endpoints`]: r.list(1, 3, () => (r.chance(0.3) ? {} : generateSelector(r, odd))) };
    case "Nodes":
      return { [`${prefix}Nodes`]: r.list(1, 2, () => (r.chance(0.4) ? {} : generateSelector(r, odd))) };
    case "Entities":
      return {
        [`${prefix}Entities`]: r.list(1, 2, () =>
          odd && r.chance(0.05) ? r.pick<unknown>(["internet", "", 5, null, "All"]) : r.pick(ENTITIES),
        ),
      };
    case "CIDR":
      return { [`${prefix}CIDR`]: r.list(1, 3, () => (odd && r.chance(0.08) ? r.pick(ODD_CIDRS) : r.pick(CIDRS))) };
    case "CIDRSet":
      return {
        [`${prefix}CIDRSet`]: r.list(1, 3, () => (odd && r.chance(0.15) ? r.pick(ODD_SETS) : r.pick(CIDR_SETS))),
      };
    case "FQDNs":
      return { toFQDNs: r.list(1, 3, () => (odd && r.chance(0.15) ? r.pick(ODD_FQDNS) : r.pick(FQDNS))) };
    case "Services":
      return {
        toServices: r.list(1, 2, () =>
          r.pick<unknown>([
            { k8sService: { serviceName: "foo", namespace: "bar" } },
            { k8sServiceSelector: { selector: { matchLabels: { a: "b" } } } },
            {},
          ]),
        ),
      };
    case "Groups":
    default:
      return { toGroups: [{ aws: { securityGroupsIds: ["sg-1"] } }] };
  }
};

/** The L3 part of a rule: usually one kind, sometimes none, an empty list, null, or two kinds. */
export const generatePeers = (r: Random, choice: PeerChoice): Record<string, unknown> => {
  const { direction, odd } = choice;
  if (r.chance(0.2)) return {};
  const chosen = members(r, choice);
  const key = Object.keys(chosen)[0] ?? "toEndpoints";
  if (r.chance(0.03)) return { [key]: [] };
  if (r.chance(0.02)) return { [key]: null };
  if (r.chance(0.01)) return { [key]: [null] };
  if (odd && r.chance(0.06)) return { ...members(r, choice), ...chosen };
  if (odd && r.chance(0.02)) return { [key]: r.pick<unknown>([{}, "x", 5, [[]], [5], ["x"]]) };
  if (odd && choice.requires && r.chance(0.02))
    return { ...chosen, [direction === "ingress" ? "fromRequires" : "toRequires"]: r.pick<unknown>([[], null, [{}]]) };
  return chosen;
};
