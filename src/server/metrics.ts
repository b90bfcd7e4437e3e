import type { StatusReport } from "../facts/status.ts";

/** Prometheus text. Stages are a fixed list, so that nobody can multiply the series. */
export const stageMetrics = ({ namespaces }: StatusReport): string => {
  const stages = new Map<string, number>();
  for (const { stage } of namespaces) stages.set(stage, (stages.get(stage) ?? 0) + 1);
  return [
    "# HELP network_operator_namespaces Namespaces by stage.",
    "# TYPE network_operator_namespaces gauge",
    ...[...stages].map(([stage, count]) => `network_operator_namespaces{stage="${stage}"} ${count}`),
  ].join("\n");
};
