import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { audit } from "../../src/audit/audit.ts";
import type { FileChange } from "../../src/facts/changeset.ts";
import { defaultClusterFacts } from "../../src/facts/cluster-facts.ts";
import type { Finding } from "../../src/facts/finding.ts";
import { overlay } from "../../src/facts/tree.ts";
import { folderTree } from "../../src/gitops/folder-tree.ts";
import { readInventory } from "../../src/gitops/inventory.ts";

const world = resolve(import.meta.dirname, "../../src/world");
const sample = folderTree(resolve(world, "sample"));
const facts = { ...defaultClusterFacts, insideZones: ["sample.example"] };

/** In a file of the sample, one text for another; a file that is not there is added whole. */
type Change = readonly [path: string, from: string, to: string];

const changeOf = ([path, from, to]: Change): FileChange => {
  const text = sample.read(path) ?? "";
  if (!text.includes(from)) throw new Error(`${path} does not hold ${JSON.stringify(from)}`);
  return { path, mode: "100644", text: text.replace(from, to) };
};

const findings = (...changes: readonly Change[]): readonly Finding[] =>
  audit(readInventory(overlay(sample, changes.map(changeOf)), facts), facts, { now: 0 }).findings;

const asShipped = findings();
const MEDIA = "kubernetes/apps/media/player/app";
const PLAYER = `${MEDIA}/networkpolicy.yaml`;
const BASELINE = "kubernetes/components/network-policy/baseline";
const DENY = "kubernetes/components/network-policy/default-deny/default-deny.yaml";

const egress = (rule: string): Change => [PLAYER, "  egress:\n", `  egress:\n${rule}`];
const environment = (name: string, value: string): Change => [
  `${MEDIA}/deployment.yaml`,
  "          env:\n",
  `          env:\n            - name: ${name}\n              value: ${value}\n`,
];
const listed = (file: string): Change => [
  `${MEDIA}/kustomization.yaml`,
  "  - ./service.yaml\n",
  `  - ./service.yaml\n  - ./${file}\n`,
];

const NIGHTLY = `apiVersion: batch/v1
kind: CronJob
metadata:
  name: nightly
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: copy
              image: registry.example/copy:1.0.0
              command: ["rsync", "-a", "/media/", "rsync://vault.outside.example/media"]
`;

const OPEN_LOCK = `apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata:
  name: allow-broker
spec:
  endpointSelector:
    matchLabels:
      app.kubernetes.io/name: broker
  egress:
    - toFQDNs:
        - matchName: results.outside.example
      toPorts:
        - ports:
            - port: "443"
              protocol: TCP
`;

/** One defect for each lesson that an audit can see, and the finding that it must be. */
const PLANTED: readonly (readonly [lesson: string, rule: string, changes: readonly Change[]])[] = [
  [
    "7, a dependency that no rule allows",
    "declared-dependency-dropped",
    [environment("PLAYER_LYRICS_URL", "https://api.lyrics.example")],
  ],
  ["10, the Service's port for the pod's", "service-port-not-target-port", [[PLAYER, 'port: "8096"', 'port: "80"']]],
  [
    "11, a public name that an in-cluster gateway serves",
    "gateway-backend-not-world",
    [environment("PLAYER_OIDC_ISSUER", "https://auth.sample.example")],
  ],
  [
    "12, a pattern that never holds the name that is asked",
    "fqdn-rule-cannot-match",
    [[PLAYER, "matchName: metadata.films.example", "matchPattern: metadata.films.example.*"]],
  ],
  [
    "14, the API server by its address",
    "apiserver-by-cidr",
    [
      egress(
        '    - toCIDR:\n        - 192.0.2.10/32\n      toPorts:\n        - ports:\n            - port: "6443"\n              protocol: TCP\n',
      ),
    ],
  ],
  [
    "15, a machine on the LAN taken for a node",
    "lan-host-is-world",
    [
      egress(
        '    - toEntities:\n        - host\n        - remote-node\n      toPorts:\n        - ports:\n            - port: "8554"\n              protocol: TCP\n',
      ),
      environment("PLAYER_CAMERA", "rtsp://192.0.2.40:8554/door"),
    ],
  ],
  [
    "16, the annotation that does not exist",
    "audit-annotation-has-no-effect",
    [
      [
        PLAYER,
        "  name: allow-player\n",
        "  name: allow-player\n  annotations:\n    policy.cilium.io/audit-mode: enabled\n",
      ],
    ],
  ],
  [
    "17, a section without a value",
    "invalid-policy",
    [
      [
        PLAYER,
        '    - fromEndpoints:\n        - matchLabels:\n            k8s:io.kubernetes.pod.namespace: network\n            app.kubernetes.io/name: envoy\n      toPorts:\n        - ports:\n            - port: "8096"\n              protocol: TCP\n',
        "",
      ],
    ],
  ],
  [
    "17, a deny that nothing overrides",
    "deny-overrides-allows",
    [[DENY, "  ingress:\n    - {}\n", "  ingressDeny:\n    - fromEntities: [all]\n"]],
  ],
  ["19, the server's half forgotten", "route-backend-without-ingress", [[PLAYER, "name: envoy", "name: tunnel"]]],
  [
    "20, a selector that no pod has",
    "selector-matches-nothing",
    [[PLAYER, "app.kubernetes.io/name: player", "app.kubernetes.io/name: palyer"]],
  ],
  [
    "20, a Job that no policy can select",
    "unselected-workload",
    [listed("nightly.yaml"), [`${MEDIA}/nightly.yaml`, "", NIGHTLY]],
  ],
  [
    "27, the resolver on a port it does not open",
    "dns-not-allowed",
    [
      [
        `${BASELINE}/allow-dns.yaml`,
        'port: "53"\n              protocol: UDP',
        'port: "8053"\n              protocol: UDP',
      ],
    ],
  ],
  [
    "31, an allow that locks before the namespace's turn",
    "allow-locks-its-pods",
    [
      [
        "kubernetes/apps/iot/kustomization.yaml",
        "resources:\n",
        "components:\n  - ../../components/network-policy/baseline\nresources:\n",
      ],
      ["kubernetes/apps/iot/broker/app/kustomization.yaml", "resources:\n", "resources:\n  - ./networkpolicy.yaml\n"],
      ["kubernetes/apps/iot/broker/app/networkpolicy.yaml", "", OPEN_LOCK],
    ],
  ],
  [
    "35, a ping that no ICMP rule allows",
    "ping-needs-icmps",
    [
      [
        `${MEDIA}/deployment.yaml`,
        "      containers:\n",
        '      initContainers:\n        - name: wait\n          image: registry.example/tools:1.0.0\n          command: ["ping", "-c1", "192.0.2.40"]\n      containers:\n',
      ],
    ],
  ],
];

describe("the sample cluster", () => {
  it("has exactly the faults that it names itself", () => {
    const named = parse(readFileSync(resolve(world, "faults.yaml"), "utf8")) as { rule: string; file: string }[];
    expect(asShipped.map((f) => `${f.rule} ${f.origin.file}`).sort()).toEqual(
      named.map((f) => `${f.rule} ${f.file}`).sort(),
    );
  });

  it.each(PLANTED)("with lesson %s planted, shows exactly that one more", (_, rule, changes) => {
    const planted = findings(...changes);
    const known = new Set(asShipped.map((f) => f.fingerprint));
    const now = new Set(planted.map((f) => f.fingerprint));
    expect(planted.filter((f) => !known.has(f.fingerprint)).map((f) => f.rule)).toEqual([rule]);
    expect(planted.find((f) => f.rule === rule)?.severity).not.toBe("info");
    expect(asShipped.filter((f) => !now.has(f.fingerprint)).map((f) => f.rule)).toEqual([]);
  });
});
