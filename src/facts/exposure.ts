import type { GatewayFact, Inventory, ServiceFact, WorkloadFact } from "./inventory.ts";
import { selects } from "./landing.ts";

/** Whether the kubelet of the pod's own node probes this container port. */
export const isProbe = (workload: WorkloadFact, port: number): boolean =>
  workload.containers.some((container) =>
    container.probePorts.some((probe) =>
      typeof probe === "number" ? probe === port : container.ports.some((p) => p.name === probe && p.port === port),
    ),
  );

const reaches = (service: ServiceFact, workload: WorkloadFact, port: number): boolean => {
  if (service.namespace !== workload.namespace || service.selector === null) return false;
  if (!selects(service.selector, workload.podLabels)) return false;
  return service.ports.some((p) => p.containerPort === null || p.containerPort === port);
};

export const isDataPlane = (gateway: GatewayFact, workload: WorkloadFact): boolean =>
  gateway.podNamespace === workload.namespace && selects(gateway.podLabels, workload.podLabels);

/** Balanced from outside, unless it is known that the client's address is kept (C D.3). */
export const isBalanced = (
  inventory: Pick<Inventory, "services" | "gateways">,
  workload: WorkloadFact,
  port: number,
): boolean => {
  const fronts = inventory.services.filter(
    (s) => (s.type === "LoadBalancer" || s.type === "NodePort") && reaches(s, workload, port),
  );
  if (fronts.length > 0) return fronts.some((s) => s.externalTrafficPolicy !== "Local");
  return inventory.gateways.some((g) => isDataPlane(g, workload));
};
