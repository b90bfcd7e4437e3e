import type { CiliumVersion } from "../facts/settings.ts";
import { parsePrefix } from "./cidr.ts";
import { schemaEntitiesOf } from "./entities.ts";
import { icmpTypeNames } from "./ports.ts";
import type { Field, Shape, Treatment } from "./schema.ts";

/**
 * The schema of CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy as the API server has it (C C.2), with what the kernel
 * does about each field. Both kinds share it.
 */

const text = (more: Omit<Shape & { type: "string" }, "type"> = {}): Shape => ({ type: "string", ...more });
const list = (item: Shape, more: { minItems?: number; maxItems?: number } = {}): Shape => ({
  type: "list",
  item,
  ...more,
});
const decided = (shape: Shape, note?: string): Field => field(shape, "decided", note);
const carried = (shape: Shape, note?: string): Field => field(shape, "carried", note);
const undecided = (shape: Shape, note: string): Field => field(shape, "not decided", note);
const field = (shape: Shape, treatment: Treatment, note?: string): Field =>
  note === undefined ? { shape, treatment } : { shape, treatment, note };
const object = (
  fields: Readonly<Record<string, Field>>,
  more: Omit<Shape & { type: "object" }, "type" | "fields"> = {},
): Shape => ({ type: "object", fields, ...more });

const LABEL_VALUE = text({ maxLength: 63, pattern: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/ });

const SELECTOR = object({
  matchLabels: decided(
    { type: "map", value: LABEL_VALUE },
    "equality; key sources `k8s:`, `any:`, `reserved:` and so on",
  ),
  matchExpressions: decided(
    list(
      object(
        {
          key: decided(text()),
          operator: decided(text({ enum: ["In", "NotIn", "Exists", "DoesNotExist"] })),
          values: decided(list(text()), "alternatives"),
        },
        { required: ["key", "operator"] },
      ),
    ),
  ),
});

const CIDR = text({ format: (value) => parsePrefix(value) !== null });

const CIDR_RULE = object(
  {
    cidr: decided(CIDR),
    cidrGroupRef: decided(
      text({ maxLength: 253, pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/ }),
      "with a table of the cluster's groups; unknown without",
    ),
    cidrGroupSelector: decided(SELECTOR, "as cidrGroupRef; unknown when it only excludes"),
    except: decided(list(CIDR)),
  },
  { oneOf: ["cidr", "cidrGroupRef", "cidrGroupSelector"] },
);

const NAME = { maxLength: 255, pattern: /^([-a-zA-Z0-9_]+[.]?)+$/ };
const PATTERN = { maxLength: 255, pattern: /^([-a-zA-Z0-9_*]+[.]?)+$/ };

const FQDN = object(
  {
    matchName: decided(text(NAME), "by the `fqdn:` label, else by names that were asked"),
    matchPattern: decided(text(PATTERN), "`*` within one label; `**.` from 1.19 on"),
  },
  { oneOf: ["matchName", "matchPattern"] },
);

const GROUP = object({
  aws: undecided(
    object({
      labels: undecided({ type: "map", value: text() }, "see toGroups"),
      region: undecided(text(), "see toGroups"),
      securityGroupsIds: undecided(list(text()), "see toGroups"),
      securityGroupsNames: undecided(list(text()), "see toGroups"),
    }),
    "see toGroups",
  ),
});

const SERVICE = object({
  k8sService: decided(
    object({ namespace: decided(text()), serviceName: decided(text()) }),
    "with a table of Services; unknown without",
  ),
  k8sServiceSelector: decided(
    object({ namespace: decided(text()), selector: decided(SELECTOR) }, { required: ["selector"] }),
    "with a table of Services; unknown without, and for Services that select by keys with dots",
  ),
});

const ICMP_TYPE = new RegExp(`^([0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5]|${icmpTypeNames().join("|")})$`);

const ICMP = object({
  fields: decided(
    list(
      object(
        {
          family: decided(text({ enum: ["IPv4", "IPv6"] }), "IPv4 when absent"),
          type: decided({ type: "int-or-string", pattern: ICMP_TYPE }, "type 0 means every type"),
        },
        { required: ["type"] },
      ),
      { maxItems: 40 },
    ),
    "an empty list matches nothing",
  ),
});

const port = (version: CiliumVersion): Shape =>
  object(
    {
      port: decided(
        text({
          pattern:
            /^(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})|([a-zA-Z0-9]-?)*[a-zA-Z](-?[a-zA-Z0-9])*$/,
        }),
        "number, name, or 0 for all",
      ),
      endPort: decided(
        { type: "integer", minimum: 0, maximum: 65_535 },
        "inclusive; below the port it counts for nothing",
      ),
      protocol: decided(
        text({
          enum:
            version === "1.17" || version === "1.18"
              ? ["TCP", "UDP", "SCTP", "ANY"]
              : ["TCP", "UDP", "SCTP", "VRRP", "IGMP", "ANY"],
        }),
        "ANY, or absent: TCP, UDP and SCTP",
      ),
    },
    { required: version === "1.17" || version === "1.18" ? ["port"] : [] },
  );

const SECRET = object({ name: carried(text()), namespace: carried(text()) }, { required: ["name"] });

const TLS = object(
  {
    secret: carried(SECRET),
    trustedCA: carried(text()),
    certificate: carried(text()),
    privateKey: carried(text()),
  },
  { required: ["secret"] },
);

const HTTP = object({
  path: carried(text()),
  method: carried(text()),
  host: carried(text()),
  headers: carried(list(text())),
  headerMatches: carried(
    list(
      object(
        {
          name: carried(text({ minLength: 1 })),
          value: carried(text()),
          mismatch: carried(text({ enum: ["LOG", "ADD", "DELETE", "REPLACE"] })),
          secret: carried(SECRET),
        },
        { required: ["name"] },
      ),
    ),
  ),
});

const KAFKA = object({
  role: carried(text({ enum: ["produce", "consume"] })),
  apiKey: carried(text()),
  apiVersion: carried(text()),
  clientID: carried(text()),
  topic: carried(text({ maxLength: 255 })),
});

const DNS = object(
  { matchName: carried(text(NAME)), matchPattern: carried(text(PATTERN)) },
  { oneOf: ["matchName", "matchPattern"] },
);

const L7 = object(
  {
    http: carried(list(HTTP), "redirects: the verdict says `allowed-l7`, requests are not judged"),
    kafka: carried(list(KAFKA), "as http"),
    dns: carried(list(DNS), "as http"),
    l7proto: carried(text(), "as http"),
    l7: carried(list({ type: "map", value: text() }), "as http"),
  },
  { oneOf: ["http", "kafka", "dns", "l7proto"] },
);

const LISTENER = object(
  {
    envoyConfig: carried(
      object(
        {
          kind: carried(text({ enum: ["CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig"] })),
          name: carried(text({ minLength: 1 })),
        },
        { required: ["name"] },
      ),
    ),
    name: carried(text({ minLength: 1 })),
    priority: carried({ type: "integer", minimum: 1, maximum: 100 }),
  },
  { required: ["envoyConfig", "name"] },
);

const portRule = (version: CiliumVersion): Shape =>
  object({
    ports: decided(list(port(version), { maxItems: 40 }), "an empty list matches nothing"),
    rules: carried(L7, "redirects to the L7 proxy"),
    serverNames: carried(
      list(text({ maxLength: 255, pattern: /^(\*?\*\.)?([-a-zA-Z0-9_]+\.?)+$/ }), { minItems: 1 }),
      "redirects to the L7 proxy",
    ),
    listener: carried(LISTENER, "redirects to the L7 proxy"),
    terminatingTLS: carried(TLS, "redirects to the L7 proxy"),
    originatingTLS: carried(TLS, "redirects to the L7 proxy"),
  });

const denyPortRule = (version: CiliumVersion): Shape =>
  object({ ports: decided(list(port(version)), "an empty list matches nothing") });

const requires = (version: CiliumVersion): Shape =>
  version === "1.17" || version === "1.18" ? list(SELECTOR) : list(text(), { maxItems: 0 });

const GROUPS = "a derivative policy carries the addresses; unknown";
const REQUIRES = "refused since 1.19; unknown before";

const peers = (prefix: "from" | "to", version: CiliumVersion): Readonly<Record<string, Field>> => ({
  [`${prefix}Endpoints`]: decided(list(SELECTOR), "namespace and cluster injected; an empty list is nobody"),
  [`${prefix}Requires`]: undecided(requires(version), REQUIRES),
  [`${prefix}CIDR`]: decided(list(CIDR), "never pods; nodes only with policy-cidr-match-mode"),
  [`${prefix}CIDRSet`]: decided(list(CIDR_RULE)),
  [`${prefix}Entities`]: decided(list(text({ enum: schemaEntitiesOf(version) }))),
  [`${prefix}Groups`]: undecided(list(GROUP), GROUPS),
  [`${prefix}Nodes`]: decided(list(SELECTOR), "needs enable-node-selector-labels"),
});

const allow = (prefix: "from" | "to", version: CiliumVersion): Shape =>
  object({
    ...peers(prefix, version),
    ...(prefix === "to"
      ? {
          toServices: decided(list(SERVICE), "an empty list counts as absent"),
          toFQDNs: decided(list(FQDN), "an empty list counts as absent"),
        }
      : {}),
    toPorts: decided(list(portRule(version))),
    icmps: decided(list(ICMP)),
    authentication: carried(
      object({ mode: carried(text({ enum: ["disabled", "required", "test-always-fail"] })) }, { required: ["mode"] }),
      "said as an attribute of the verdict",
    ),
  });

const deny = (prefix: "from" | "to", version: CiliumVersion): Shape =>
  object({
    ...peers(prefix, version),
    ...(prefix === "to" ? { toServices: decided(list(SERVICE), "never translated under egressDeny") } : {}),
    toPorts: decided(list(denyPortRule(version))),
    icmps: decided(list(ICMP)),
  });

const LABEL = object(
  {
    key: carried(text()),
    source: carried(text()),
    value: carried(text()),
  },
  { required: ["key"] },
);

const SECTIONS = ["ingress", "ingressDeny", "egress", "egressDeny"] as const;

export const specShape = (version: CiliumVersion): Shape =>
  object(
    {
      description: carried(text()),
      labels: carried(list(LABEL)),
      log: carried(object({ value: carried(text({ maxLength: 32 })) })),
      endpointSelector: decided(SELECTOR, "the policy's namespace is injected"),
      nodeSelector: decided(SELECTOR, "clusterwide policies; needs the host firewall"),
      enableDefaultDeny: decided(
        object({ ingress: decided({ type: "boolean" }), egress: decided({ type: "boolean" }) }),
        "per direction; only where the direction has rules",
      ),
      ingress: decided(list(allow("from", version))),
      ingressDeny: decided(list(deny("from", version))),
      egress: decided(list(allow("to", version))),
      egressDeny: decided(list(deny("to", version))),
    },
    { oneOf: ["endpointSelector", "nodeSelector"], ...(version === "1.17" ? {} : { anyOf: SECTIONS }) },
  );

const shapes = new Map<CiliumVersion, Shape>();

/** A whole policy object; `metadata` and `status` are the API server's own business. */
export const policyShape = (version: CiliumVersion): Shape => {
  const known = shapes.get(version);
  if (known !== undefined) return known;
  const spec = specShape(version);
  const open: Shape = { type: "object", fields: {}, open: true };
  const made = object(
    {
      apiVersion: carried(text()),
      kind: decided(text()),
      metadata: decided(open, "name and namespace"),
      spec: decided(spec),
      specs: decided(list(spec), "each element is a rule of its own"),
      status: carried(open),
    },
    { required: ["metadata"] },
  );
  shapes.set(version, made);
  return made;
};
