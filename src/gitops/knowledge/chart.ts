/**
 * What well-known charts make, as data. In every string `{release}` is the release's name, `{chart}` the chart's, and
 * `{fullname}` what Helm's own scaffold calls the objects: the release's name if it contains the chart's, else both.
 * `{scaleSet}` is a runner scale set's name. Labels are those of the pods. What is written here is `likely`; a chart that is not here is a guess by convention.
 */
export interface ChartWorkload {
  readonly kind: "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob";
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** `name:port`, `name:port/UDP`. */
  readonly ports?: readonly string[];
  readonly hostNetwork?: boolean;
  readonly serviceAccount?: string;
  /** There only where this value is true. */
  readonly when?: string;
  /** There unless this value is false. */
  readonly unlessOff?: string;
  /** Pods that come and go. */
  readonly transient?: boolean;
}

export interface ChartService {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
  /** `port:targetPort`; a target may be a name. */
  readonly ports: readonly string[];
  readonly when?: string;
  readonly unlessOff?: string;
  /** Where the values say how it is published (`type`, `annotations`, ...): a load balancer unless they say otherwise. */
  readonly published?: string;
}

export interface ChartKnowledge {
  readonly charts: readonly string[];
  readonly workloads: readonly ChartWorkload[];
  readonly services?: readonly ChartService[];
}

export const app = (name: string, more: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => ({
  "app.kubernetes.io/name": name,
  "app.kubernetes.io/instance": "{release}",
  ...more,
});
export const component = (name: string, part: string): Readonly<Record<string, string>> =>
  app(name, { "app.kubernetes.io/component": part });
