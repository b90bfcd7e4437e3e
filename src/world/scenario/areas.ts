import { APPS } from "./areas/apps.ts";
import { DATABASES } from "./areas/databases.ts";
import { LOGINS } from "./areas/logins.ts";
import { GATEWAY } from "./areas/gateway.ts";
import { MONITORING } from "./areas/monitoring.ts";
import { PLATFORM } from "./areas/platform.ts";
import { THINGS } from "./areas/things.ts";
import { TUNNELS } from "./areas/tunnels.ts";
import { every, talk } from "./make.ts";
import type { Area, Journey, Talk, Workload, WorldService } from "./model.ts";

const AREAS: readonly Area[] = [PLATFORM, GATEWAY, APPS, DATABASES, MONITORING, LOGINS, THINGS, TUNNELS];

export const WORKLOADS: readonly Workload[] = AREAS.flatMap((area) => area.workloads);
export const SERVICES: readonly WorldService[] = AREAS.flatMap((area) => area.services);
/** What people do in a browser. Only what happens by itself on an ordinary day has a cadence of its own. */
export const JOURNEYS: readonly Journey[] = AREAS.flatMap((area) => area.journeys);

/** Some minutes apart, but the idle app's every minute: the positive control of a namespace that nobody visits. */
const PROBES: readonly Talk[] = WORKLOADS.flatMap((w) =>
  w.hostNetwork
    ? []
    : w.probes.slice(0, 1).map((port) => {
        const cadence = every(w.namespace === "selfhosted" ? 1 : 5);
        return talk("kubelet", w.id, String(port), cadence, { atStart: true });
      }),
);

const SCRAPES: readonly Talk[] = WORKLOADS.flatMap((w) => {
  const { metrics } = w;
  if (metrics === null) return [];
  return w.nodes.map((node, replica) => {
    const target = w.hostNetwork ? `node:${node}` : `${w.id}#${String(replica)}`;
    return talk("observability/prometheus", target, String(metrics), every(5));
  });
});

export const TALKS: readonly Talk[] = [...PROBES, ...SCRAPES, ...AREAS.flatMap((area) => area.talks)];

export const serviceOf = (id: string): WorldService | null =>
  SERVICES.find((s) => `${s.namespace}/${s.name}` === id) ?? null;
