import { OperatorError } from "../facts/errors.ts";
import { JOURNEYS, WORKLOADS } from "./scenario/areas.ts";
import type { Pod } from "./cluster/pods.ts";
import type { Action, SwitchName } from "./state.ts";

/** What `sample do` understands, as a person would type it. */
export const KNOWN_ACTIONS: readonly { readonly words: string; readonly about: string }[] = [
  ...JOURNEYS.map((j) => ({ words: j.id, about: j.about })),
  { words: "restart POD", about: "delete a pod; its successor starts (a name, or namespace/workload)" },
  { words: "failover pg-main", about: "the next instance of pg-main leads" },
  { words: "suspend KIND/NAMESPACE/NAME", about: "flux suspend, for a Kustomization or a GitRepository" },
  { words: "resume KIND/NAMESPACE/NAME", about: "flux resume" },
  { words: "cut tunnel", about: "nothing from outside gets in; everything inside still works" },
  { words: "mend tunnel", about: "the tunnel's edge is reachable again" },
  { words: "revoke rollback", about: "the role binding of the rollback's identity is gone" },
  { words: "grant rollback", about: "the rollback's identity has its role again" },
  { words: "autopath on", about: "CoreDNS answers search domains itself, so the asked name is the expanded one" },
  { words: "autopath off", about: "pods walk their search domains themselves again" },
];

const SWITCHES: Readonly<Record<string, { readonly name: SwitchName; readonly on: boolean } | undefined>> = {
  "cut tunnel": { name: "tunnel", on: false },
  "mend tunnel": { name: "tunnel", on: true },
  "revoke rollback": { name: "rollback", on: false },
  "grant rollback": { name: "rollback", on: true },
  "autopath on": { name: "autopath", on: true },
  "autopath off": { name: "autopath", on: false },
};

/** The action that the words mean; throws an input error that lists what there is. */
export const parseAction = (words: string, time: number, pods: readonly Pod[]): Action => {
  const text = words.trim().replaceAll(/\s+/g, " ");
  const journey = JOURNEYS.find((j) => j.id === text);
  if (journey !== undefined) return { kind: "journey", time, journey: journey.id };
  const turned = SWITCHES[text];
  if (turned !== undefined) return { kind: "switch", time, ...turned };
  const [verb = "", object = "", ...rest] = text.split(" ");
  if (rest.length === 0 && object !== "") {
    if (verb === "restart") return restart(object, time, pods);
    if (verb === "failover" && object === "pg-main") return failover("databases/pg-main", time, pods);
    if ((verb === "suspend" || verb === "resume") && /^(Kustomization|GitRepository)\/[^/]+\/[^/]+$/.test(object)) {
      return { kind: "suspend", time, object, suspend: verb === "suspend" };
    }
  }
  throw new OperatorError("input", `the sample cluster knows no action ${JSON.stringify(text.slice(0, 80))}`, {
    remedy: `It knows: ${KNOWN_ACTIONS.map((a) => a.words).join(", ")}.`,
  });
};

const restart = (name: string, time: number, pods: readonly Pod[]): Action => {
  const pod = pods.find(
    (p) => p.name === name || `${p.namespace}/${p.name}` === name || p.workload.id === name || p.workload.name === name,
  );
  if (pod !== undefined) return { kind: "restart", time, workload: pod.workload.id, replica: pod.replica };
  throw new OperatorError(
    "input",
    `no pod or workload ${JSON.stringify(name.slice(0, 80))} runs in the sample cluster`,
    {
      remedy: `Workloads: ${WORKLOADS.map((w) => w.id).join(", ")}.`,
    },
  );
};

const failover = (workload: string, time: number, pods: readonly Pod[]): Action => {
  const instances = pods.filter((p) => p.workload.id === workload);
  const leader = instances.find((p) => p.primary);
  if (leader !== undefined)
    return { kind: "failover", time, workload, primary: (leader.replica + 1) % instances.length };
  throw new OperatorError("input", `${workload} does not run, so nothing can fail over`, {
    remedy: "Apply its Kustomization first.",
  });
};
