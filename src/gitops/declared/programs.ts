import type { DeclaredEdge, WorkloadFact } from "../../facts/inventory.ts";
import { PROGRAMS, type Reach } from "../knowledge/programs.ts";
import { edge } from "./reading.ts";

const imageName = (image: string): string => image.split("@")[0]?.split("/").at(-1)?.split(":")[0] ?? "";

/** What a workload runs, by its images and, where nobody wrote them, by its chart. */
const programsOf = (workload: WorkloadFact): readonly string[] => {
  const images = workload.containers.flatMap((c) => (c.image === null ? [] : [imageName(c.image)]));
  return images.length > 0 || workload.from.kind !== "chart" ? images : [workload.from.name];
};

const edgesOf = (workload: WorkloadFact, name: string, reach: Reach): readonly DeclaredEdge[] => {
  const { origin } = workload;
  if (origin === null) return [];
  const to = (target: DeclaredEdge["target"], protocol: "TCP" | "UDP"): DeclaredEdge => ({
    ...edge(workload, target, reach.port, protocol, "program", name, origin),
    sure: "likely",
  });
  if ("why" in reach) return [to({ kind: "outside", why: reach.why }, reach.protocol)];
  const protocols = reach.udp === true ? (["TCP", "UDP"] as const) : (["TCP"] as const);
  return reach.hosts.flatMap((host) => protocols.map((protocol) => to({ kind: "host", host }, protocol)));
};

/** What programs that many clusters run reach by themselves. */
export const declaredByPrograms = (workloads: readonly WorkloadFact[]): readonly DeclaredEdge[] =>
  workloads.flatMap((workload) =>
    programsOf(workload).flatMap((name) =>
      PROGRAMS.filter((p) => p.names.includes(name)).flatMap(({ reaches }) =>
        reaches.flatMap((reach) => edgesOf(workload, name, reach)),
      ),
    ),
  );
