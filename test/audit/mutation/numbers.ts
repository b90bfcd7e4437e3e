import { isSeq } from "yaml";
import { get, listAt, type DefectClass, type Mutant, type Path } from "./kit.ts";
import { foreign, foreignRules, mutant, peerNamespaces, portsOf, rules, type PortSite } from "./sites.ts";

const ported = (
  id: string,
  change: (p: PortSite) => Readonly<Record<string, unknown>> | null,
  breaks: "spoken" | "names" = "spoken",
): DefectClass => ({
  id,
  breaks,
  plant: (f) =>
    (breaks === "names"
      ? rules(f, "egress")
      : (["ingress", "egress"] as const).flatMap((d) => foreignRules(f, d))
    ).flatMap((r) =>
      portsOf(r).flatMap((p): readonly Mutant[] => {
        const wanted = change(p);
        return wanted === null
          ? []
          : [
              mutant(
                p.site,
                p.portPath,
                JSON.stringify(wanted),
                (d) => d.setIn(p.portPath, wanted),
                breaks === "names" ? f.context.inventory.namespaces.map((n) => n.name) : peerNamespaces(r),
              ),
            ];
      }),
    ),
});

/** Ports, protocols and their ranges. */
export const NUMBERS: readonly DefectClass[] = [
  ported("range that begins after the port", (p) => ({
    port: String(Number(p.port) + 1),
    endPort: Number(p.port) + 10,
    protocol: p.protocol,
  })),
  ported("range in the port's words", (p) => ({
    port: `${p.port}-${String(Number(p.port) + 5)}`,
    protocol: p.protocol,
  })),
  ported("SCTP for TCP", (p) => (p.protocol === "TCP" ? { port: p.port, protocol: "SCTP" } : null)),
  ported("UDP written as TCP", (p) =>
    p.protocol === "UDP" && p.port !== "53" ? { port: p.port, protocol: "TCP" } : null,
  ),
  ported(
    "DNS over TCP only",
    (p) => (p.port === "53" && p.protocol === "UDP" ? { port: "53", protocol: "TCP" } : null),
    "names",
  ),
  {
    id: "ports as a rule of their own",
    plant: (f) =>
      foreign(f).flatMap((p) => {
        const ports = get(p.rule, "toPorts");
        if (ports === undefined) return [];
        const list: Path = p.path.slice(0, -1);
        return [
          mutant(p.site, p.path, "toPorts apart", (d) => {
            d.deleteIn([...p.path, "toPorts"]);
            const items = d.getIn(list);
            if (isSeq(items)) items.items.splice(Number(p.path.at(-1)) + 1, 0, d.createNode({ toPorts: ports }));
          }),
        ];
      }),
  },
  {
    id: "ports directly under toPorts",
    plant: (f) =>
      foreign(f).flatMap((p) => {
        const ports = listAt(p.rule, "toPorts", 0, "ports");
        return ports.length === 0
          ? []
          : [mutant(p.site, p.path, "toPorts: [{port}]", (d) => d.setIn([...p.path, "toPorts"], ports))];
      }),
  },
  {
    id: "HTTP rule for a database",
    plant: (f) =>
      foreign(f).flatMap((p) => {
        const at = portsOf(p).find((q) => ["5432", "6379", "3306", "1883", "27017", "636", "389"].includes(q.port));
        return at === undefined
          ? []
          : [
              mutant(p.site, p.path, "rules.http", (d) =>
                d.setIn([...p.path, "toPorts", 0, "rules"], { http: [{ method: "GET" }] }),
              ),
            ];
      }),
  },
];
