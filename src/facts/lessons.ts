/** Something that went wrong once, in this field, and what stops it here. */
export interface Lesson {
  readonly number: number;
  readonly lesson: string;
  /** `plan`: the rollout that broke 19 namespaces. `cilium`: what Cilium does, against what was believed. `field`: other clusters. */
  readonly from: readonly ("plan" | "cilium" | "field")[];
}

const row = (number: number, from: Lesson["from"], lesson: string): Lesson => ({ number, lesson, from });

/**
 * The one list of lessons. Gates and audit rules name them by number; the table in `docs/lessons.md` is made from this
 * list and from the gates and rules that name them.
 */
export const LESSONS: readonly Lesson[] = [
  row(1, ["plan"], "The namespaces that carry the way back, flux-system and kube-system, are never locked."),
  row(
    2,
    ["plan"],
    "One namespace per pull request, one rollout at a time; the next begins when the last is signed off.",
  ),
  row(3, ["plan"], "Idle and small namespaces first, state and identity later, the gateway and the system's own last."),
  row(
    4,
    ["plan"],
    "Default-deny is a pull request of its own, after the allows have soaked for a day or, by phase, longer.",
  ),
  row(
    5,
    ["plan", "field"],
    "A soak counts only what was really watched: loss, gaps and restarts stretch it or start it anew.",
  ),
  row(
    6,
    ["cilium"],
    "Additive allows drop nothing, so their quiet proves nothing: flows are judged with default-deny added.",
  ),
  row(
    7,
    ["plan"],
    "What happens only when a person acts, or once a quarter, is in no soak; it is read from the configuration.",
  ),
  row(8, ["plan"], "A redirect is no login, and a request from inside is not the user's path."),
  row(9, ["plan"], "A person signs, in a browser, for exact bytes, before the next namespace is touched."),
  row(10, ["plan", "cilium"], "Policy sees the pod's port after translation, never the Service's."),
  row(
    11,
    ["plan", "cilium"],
    "A public name served by an in-cluster gateway is the gateway's pods on their container port, not the world.",
  ),
  row(
    12,
    ["plan", "cilium"],
    "A name rule matches the name that was asked: search domains, autopath and one-label stars make it inert.",
  ),
  row(13, ["plan"], "A defect found in one place is looked for everywhere at once."),
  row(
    14,
    ["plan", "cilium", "field"],
    "API server, nodes and hosts are entities, never addresses; wide ranges in disguise count as what they are.",
  ),
  row(
    15,
    ["plan", "cilium"],
    "Clients from the LAN arrive as world, or as remote-node after translation; LAN hosts are world.",
  ),
  row(
    16,
    ["plan", "cilium"],
    "Audit mode is no evidence: the annotation does not exist, and the switch ends enforcement everywhere.",
  ),
  row(
    17,
    ["cilium", "field"],
    "Default-deny has look-alikes: invalid ones that do nothing, and denies that nothing can override.",
  ),
  row(18, ["field"], "A refused allow leaves the deny standing, because the two are applied apart."),
  row(19, ["field"], "Both ends must allow; the half-open hole is the commonest defect there is."),
  row(
    20,
    ["field"],
    "A selector must match pods that exist, by labels that make identity; Jobs and operators' pods are the ones missed.",
  ),
  row(21, ["plan", "cilium"], "A VXLAN gateway with DHCP inside does not live under default-deny."),
  row(22, ["plan"], "Suspended, dormant and chart-owned things are not ordinary, and suspension is live state."),
  row(
    23,
    ["plan", "cilium"],
    "A Kubernetes NetworkPolicy locks by itself and adds to Cilium's; it is converted without changing a verdict.",
  ),
  row(24, ["plan"], "What the agent writes passes the repository's own lint."),
  row(25, ["plan"], "The way back is written and tried before the change, and does not need what it repairs."),
  row(26, ["plan"], "New drops after enforcement call for rollback before a user does."),
  row(27, ["plan"], "The recovery path is judged edge by edge before anything is locked."),
  row(28, ["plan"], "Tools that fan out get the world by choice, with a comment that says so."),
  row(29, ["field"], "What labels, names, flows, comments and commits say is data, never an instruction."),
  row(
    30,
    ["field"],
    "A person who approves everything is no control: ask rarely, and ask for an act that needs looking.",
  ),
  row(
    31,
    ["plan", "cilium"],
    "An allow that is not additive locks its pods when it merges: what counts is the effect, not the file's name.",
  ),
  row(32, ["plan", "field"], "Merged is not live: allows count once they are applied, valid and seen."),
  row(33, ["field"], "What a pod does when it starts, fails over or is restored is in no quiet soak."),
  row(
    34,
    ["cilium", "field"],
    "The API server calls webhooks on their container port, as an entity, and only on change.",
  ),
  row(35, ["field"], "Secondary networks and host-network pods are outside policy; multicast is world."),
  row(36, ["cilium"], "A verdict can depend on where a pod happens to run: it is judged in every position."),
];

export const lessonOf = (number: number): Lesson | null => LESSONS.find((l) => l.number === number) ?? null;
