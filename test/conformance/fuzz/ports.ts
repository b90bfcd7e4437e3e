import type { Random } from "./random.ts";

const PORTS = [
  "80",
  "80",
  "443",
  "53",
  "8080",
  "6443",
  "10443",
  "9090",
  "0",
  "http",
  "web",
  "metrics",
  "nosuch",
  "HTTP",
] as const;

const ODD_PORTS: readonly [unknown, ...unknown[]] = [
  "",
  "70000",
  "-1",
  80,
  null,
  "0x50",
  "0x1F90",
  "010",
  "0b1",
  "averylongportname",
  "a--b",
  "-a",
  "1-2-3",
  "99999999999999999999",
  "80 ",
  "+80",
  "0o17",
  "08",
];

const ODD_PROTOCOLS: readonly [unknown, ...unknown[]] = [
  "FOO",
  "ICMP",
  "tcp",
  "Udp",
  "icmpv6",
  6,
  null,
  "VRRP",
  "IGMP",
  "any",
  "",
];

const port = (r: Random, odd: boolean, protocol?: string): Record<string, unknown> => {
  const out: Record<string, unknown> = { port: odd && r.chance(0.12) ? r.pick(ODD_PORTS) : r.pick(PORTS) };
  if (protocol !== undefined) out["protocol"] = protocol;
  else if (r.chance(0.75)) out["protocol"] = r.pick(["TCP", "TCP", "UDP", "ANY", "SCTP"]);
  if (odd && r.chance(0.06)) out["protocol"] = r.pick(ODD_PROTOCOLS);
  if (r.chance(0.12) && protocol === undefined) {
    out["port"] = r.pick(["8000", "8050", "1", "0", "9090"]);
    out["endPort"] = r.pick([8100, 8060, 65_535, 9000, 8000, 0]);
  }
  if (odd && r.chance(0.04)) out["endPort"] = r.pick<unknown>([70_000, -1, "90", 1.5, null, 8090, 3_000_000_000]);
  if (odd && r.chance(0.02)) delete out["port"];
  return out;
};

const HTTP: readonly [unknown, ...unknown[]] = [
  [{ method: "GET" }],
  [{ path: "/a/.*", method: "GET|POST" }],
  [{}],
  [],
  [{ host: "a.example.com", headers: ["X-A: b"] }],
  [{ headerMatches: [{ name: "X-A", value: "b", mismatch: "LOG" }] }],
];

const ODD_HTTP: readonly [unknown, ...unknown[]] = [
  [{ path: "(" }],
  [{ path: "[a-" }],
  [{ path: "a**" }],
  [{ path: "(?=x)" }],
  [{ path: "\\1" }],
  [{ path: "(?i)x[[:alpha:]]\\d+?" }],
  [{ path: "x{1001}" }],
  [{ path: "*" }],
  [{ path: "a{2,1}" }],
  [{ path: "\\" }],
  [{ path: "(?P<n>x)\\pL\\x{41}" }],
  [{ path: "[z-a]" }],
  [{ path: "a{,3}" }],
  [{ path: ")" }],
  [{ method: "[" }],
  [null],
  [5],
  {},
  [{ headerMatches: [{}] }],
  [{ headerMatches: [{ name: "x", mismatch: "DROP" }] }],
];

/** L7 rules; kinds stay on ports of their own, mostly, so that few scenarios end in a conflict. */
const l7 = (r: Random, direction: "ingress" | "egress", odd: boolean): Record<string, unknown> => {
  const kind = r.pick(
    direction === "egress" ? ["dns", "dns", "http", "sni", "l7proto"] : ["http", "http", "kafka", "l7proto"],
  );
  if (odd && r.chance(0.1)) {
    return {
      ports: r.list(0, 2, () => port(r, odd)),
      rules: r.pick<unknown>([
        {},
        { http: [{}], dns: [{ matchPattern: "*" }] },
        { l7: [{ a: "b" }] },
        { l7proto: "x", l7: [{ a: 5 }] },
        { dns: [] },
        { dns: [{ matchName: "*.a.com" }] },
        { dns: [{ matchPattern: "a[.]com" }] },
        { kafka: [{ role: "produce", apiKey: "fetch" }] },
        { kafka: [{ role: "other" }] },
        { http: [], kafka: [] },
        "x",
        { http: "x" },
      ]),
    };
  }
  switch (kind) {
    case "dns":
      return {
        ports: [
          { port: "53", protocol: r.pick(["UDP", "TCP", "ANY"]), ...(odd && r.chance(0.1) ? { endPort: 60 } : {}) },
        ],
        rules: { dns: [{ matchPattern: r.pick(["*", "*.example.com"]) }] },
      };
    case "http":
      return {
        ports: [{ port: r.pick(["80", "8080", "http", "web"]), protocol: odd && r.chance(0.1) ? "UDP" : "TCP" }],
        rules: { http: odd && r.chance(0.3) ? r.pick(ODD_HTTP) : r.pick(HTTP) },
      };
    case "kafka":
      return { ports: [{ port: "9090", protocol: "TCP" }], rules: { kafka: [{ role: "produce", topic: "t" }] } };
    case "l7proto":
      return {
        ports: [{ port: "6443", protocol: r.pick(["TCP", "TCP", "ANY"]) }],
        rules: r.pick<unknown>([{ l7proto: "custom" }, { l7proto: "custom", l7: [{ a: "b" }] }]),
      };
    case "sni":
    default:
      return {
        ports: [{ port: "443", protocol: "TCP" }],
        serverNames: r.pick<unknown>([["a.example.com"], ["*.example.com"], odd ? [""] : ["b.example.com"]]),
      };
  }
};

const portRule = (r: Random, direction: "ingress" | "egress", deny: boolean, odd: boolean): unknown => {
  if (!deny && r.chance(0.2)) return l7(r, direction, odd);
  if (r.chance(0.02)) return { ports: [] };
  if (odd && r.chance(0.03)) return r.pick<unknown>([null, {}, { ports: null }, { ports: {} }, "x"]);
  if (odd && r.chance(0.01)) return { ports: r.list(41, 41, () => ({ port: "80" })) };
  const rule: Record<string, unknown> = { ports: r.list(1, 3, () => port(r, odd)) };
  if (deny && r.chance(0.05)) rule["rules"] = { http: [{}] };
  if (odd && r.chance(0.04)) {
    rule["listener"] = { envoyConfig: { kind: "CiliumClusterwideEnvoyConfig", name: "x" }, name: "lst" };
  }
  return rule;
};

const TYPES: readonly [unknown, ...unknown[]] = [8, 128, 3, 0, "EchoRequest", "8", "DestinationUnreachable", 255];
const ODD_TYPES: readonly [unknown, ...unknown[]] = [
  "Bogus",
  300,
  70_000,
  -1,
  "0x8",
  "",
  1.5,
  true,
  "+8",
  "00",
  "PacketTooBig",
];

const icmp = (r: Random, odd: boolean): unknown => ({
  fields: r.list(odd && r.chance(0.1) ? 0 : 1, 2, () => {
    const field: Record<string, unknown> = { type: odd && r.chance(0.2) ? r.pick(ODD_TYPES) : r.pick(TYPES) };
    if (r.chance(0.5))
      field["family"] = odd && r.chance(0.1) ? r.pick<unknown>(["IPv7", "", "ipv4"]) : r.pick(["IPv4", "IPv6"]);
    // Names are not the same in both families.
    if (field["family"] === "IPv6" && field["type"] === "Redirect") field["type"] = 137;
    return field;
  }),
});

/** The L4 part of a rule: nothing, ports, ICMP, and the odd spellings of both. */
export const generatePorts = (
  r: Random,
  direction: "ingress" | "egress",
  deny: boolean,
  odd: boolean,
): Record<string, unknown> => {
  if (r.chance(0.25)) return {};
  if (r.chance(0.12)) {
    const icmps = { icmps: r.list(1, 2, () => icmp(r, odd)) };
    return odd && r.chance(0.1) ? { ...icmps, toPorts: [{ ports: [{ port: "80" }] }] } : icmps;
  }
  if (r.chance(0.02)) return { toPorts: r.pick<unknown>([[], null]) };
  if (odd && r.chance(0.02)) return { toPorts: r.pick<unknown>(["x", {}, [5]]) };
  return { toPorts: r.list(1, 2, () => portRule(r, direction, deny, odd)) };
};
