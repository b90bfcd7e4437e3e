import * as fc from "fast-check";

/** Lines as Hubble's marshaller prints them, with what a newer Cilium, another printer or an enemy might add. */
type Json = Record<string, unknown>;

/** Mostly plain: a line with too much that is strange in it never reaches the scanner's own readers. */
const mostly = <T, U>(plain: fc.Arbitrary<T>, strange: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ weight: 40, arbitrary: plain }, { weight: 1, arbitrary: strange });

const label = fc.constantFrom(
  "k8s:app=web",
  "k8s:app=api",
  'k8s:note=a"b',
  "k8s:ünï=cödé",
  "reserved:world",
  "reserved:host",
  "cidr:10.1.2.3/32",
  "fqdn:api.example.com",
);

const who = fc.record(
  {
    ID: fc.integer({ min: 1, max: 4000 }),
    identity: fc.integer({ min: 0, max: 70_000 }),
    namespace: fc.constantFrom("shop", "kube-system", "", "ütf"),
    labels: fc.array(label, { maxLength: 4 }),
    pod_name: fc.constantFrom("web-6d9f5c7c9-x2x7k", "db-0", 'odd"name', "cron-29123456-abcde"),
    workloads: fc.constant([{ name: "web", kind: "Deployment" }]),
    future: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ["labels"] },
);

const port = fc.constantFrom(0, 53, 80, 8080, 32_768, 41_822, 65_535);
const l4 = mostly(
  fc.oneof(
    fc.record({
      TCP: fc.record(
        {
          source_port: port,
          destination_port: port,
          flags: fc.record(
            {
              SYN: fc.constant(true),
              ACK: mostly(fc.constant(true), fc.constant(false)),
              PSH: fc.constant(true),
              NS: fc.constant(true),
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: [] },
      ),
    }),
    fc.record({ UDP: fc.record({ source_port: port, destination_port: port }, { requiredKeys: [] }) }),
    fc.record({ ICMPv4: fc.record({ type: fc.nat(12), code: fc.nat(3) }, { requiredKeys: [] }) }),
  ),
  fc.oneof(fc.record({ VRRP: fc.constant({}) }), fc.constant({}), fc.jsonValue({ maxDepth: 1 })),
);

const policy = fc.record(
  {
    name: fc.constantFrom("allow", "", "ällow"),
    namespace: fc.constantFrom("shop", ""),
    labels: fc.constantFrom(
      [],
      ["k8s:io.cilium.k8s.policy.name=from-label"],
      ["reserved:io.cilium.policy.derived-from=x"],
    ),
    revision: fc.constant("57"),
    kind: fc.constantFrom("CiliumNetworkPolicy", "NetworkPolicy", "Odd"),
  },
  { requiredKeys: [] },
);

const times = mostly(
  fc.constantFrom(
    "2026-05-17T09:30:01.123456789Z",
    "2026-05-17T09:30:01Z",
    "2026-05-17T09:31:59.9Z",
    "2026-05-17T10:59:59.999Z",
  ),
  fc.constantFrom(
    "2026-05-17T24:00:00Z",
    "2026-05-17T09:30:61Z",
    "2026-05-17T09:30:01.5+02:00",
    "yesterday",
    "",
    "2026-02-31T09:30:01Z",
  ),
);

const ip = fc.constantFrom("10.42.3.17", "192.168.1.1", "2001:db8::1", "8.8.8.8", "nonsense", "");

const flow = fc.record(
  {
    time: times,
    uuid: fc.constant("5f1c1e0a-7a53-4f0e-9c2f-0d4f3b8f0b11"),
    emitter: fc.constant({ name: "Hubble", version: "1.21.0" }),
    verdict: mostly(
      fc.constantFrom("FORWARDED", "DROPPED", "AUDIT", "REDIRECTED", "TRACED"),
      fc.oneof(fc.constant("NEW_ONE"), fc.nat(9)),
    ),
    drop_reason: fc.constantFrom(0, 133, 181, 999),
    ethernet: fc.constant({ source: "aa:bb", destination: "cc:dd" }),
    IP: fc.record({ source: ip, destination: ip, ipVersion: fc.constant("IPv4") }, { requiredKeys: ["source"] }),
    l4,
    source: who,
    destination: who,
    Type: mostly(fc.constantFrom("L3_L4", "L7", "SOCK"), fc.nat(4)),
    node_name: mostly(fc.constantFrom("default/worker-1", "worker-2"), fc.constantFrom("", "wörker")),
    source_names: fc.array(fc.constantFrom("a.example.com", "B.example.com."), { maxLength: 2 }),
    destination_names: fc.array(fc.constantFrom("a.example.com", "B.example.com."), { maxLength: 2 }),
    l7: mostly(
      fc.oneof(
        fc.record({
          type: fc.constantFrom("REQUEST", "RESPONSE"),
          dns: fc.record({ query: fc.constant("a.b."), ips: fc.array(ip), qtypes: fc.constant(["A"]) }),
        }),
        fc.record({
          type: fc.constantFrom("REQUEST", "RESPONSE"),
          http: fc.record({ method: fc.constant("GET"), url: fc.constantFrom("http://x/y?z", "/p") }),
        }),
      ),
      fc.jsonValue({ maxDepth: 1 }),
    ),
    reply: fc.boolean(),
    event_type: fc.record(
      { type: fc.constantFrom(1, 4, 5, 7, 129), sub_type: fc.constantFrom(0, 3, 5, 12, 133) },
      { requiredKeys: ["type"] },
    ),
    traffic_direction: mostly(fc.constantFrom("INGRESS", "EGRESS"), fc.constantFrom("TRAFFIC_DIRECTION_UNKNOWN", 1)),
    trace_observation_point: mostly(
      fc.constantFrom("TO_ENDPOINT", "FROM_ENDPOINT", "TO_STACK"),
      fc.constantFrom("UNKNOWN_POINT", 101),
    ),
    drop_reason_desc: mostly(
      fc.constantFrom("POLICY_DENIED", "STALE_OR_UNROUTABLE_IP"),
      fc.constantFrom("DROP_REASON_UNKNOWN", 181),
    ),
    is_reply: mostly(fc.boolean(), fc.constant(null)),
    policy_match_type: fc.nat(6),
    egress_allowed_by: fc.array(policy, { maxLength: 2 }),
    ingress_allowed_by: fc.array(policy, { maxLength: 2 }),
    Summary: fc.constantFrom("TCP Flags: SYN", 'DNS Answer "1.2.3.4"', "back\\slash", "\u2028 line"),
    extensions: mostly(
      fc.constantFrom({ source: { identity: 7 }, verdict: "AUDIT" }, [], [true, "x"]),
      fc.jsonValue({ maxDepth: 3 }),
    ),
    [`"source":{"identity":9}`]: fc.constant(1),
  },
  { requiredKeys: ["time", "node_name", "verdict"] },
);

const shuffled = (value: Json, order: readonly number[]): Json => {
  const entries = Object.entries(value);
  entries.sort(([a], [b]) => (order[a.length % order.length] ?? 0) - (order[b.length % order.length] ?? 0));
  return Object.fromEntries(entries);
};

const order = fc.array(fc.nat(100), { minLength: 5, maxLength: 5 });

const printed = fc
  .record({ flow, order, wrap: mostly(fc.constantFrom("wrapped", "short"), fc.constant("bare")), spaced: fc.nat(60) })
  .map(({ flow: f, order: o, wrap, spaced }) => {
    const inner = shuffled(f, o);
    const value =
      wrap === "bare" ? inner : wrap === "short" ? { flow: inner } : { flow: inner, node_name: "n-9", time: f["time"] };
    return JSON.stringify(value, null, spaced === 0 ? 1 : 0).replaceAll("\n", " ");
  });

/** A line, and the same line after an accident. */
export const lineArbitrary = fc.oneof(
  { weight: 12, arbitrary: printed },
  {
    weight: 1,
    arbitrary: fc.tuple(printed, fc.nat(2_000)).map(([line, at]) => line.slice(0, at % (line.length + 1))),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(printed, fc.nat(5_000), fc.constantFrom("\u0000", "\t", '"', "\\", "{", "}", ",", ":", "0", "é", "null"))
      .map(([line, at, put]) => line.slice(0, at % line.length) + put + line.slice((at % line.length) + 1)),
  },
  {
    weight: 2,
    // Go's encoder escapes what HTML minds; others escape whatever they like, keys too.
    arbitrary: fc.tuple(printed, fc.nat(5_000)).map(([line, at]) => {
      const i = at % line.length;
      return `${line.slice(0, i)}\\u${line.charCodeAt(i).toString(16).padStart(4, "0")}${line.slice(i + 1)}`;
    }),
  },
  {
    weight: 1,
    // A key twice: the last one counts for JSON.parse.
    arbitrary: fc
      .tuple(printed, fc.constantFrom('"verdict":"DROPPED"', '"l4":{"UDP":{"destination_port":1}}', '"is_reply":true'))
      .map(([line, twice]) => line.replace('{"flow":{', `{"flow":{${twice},`)),
  },
);
