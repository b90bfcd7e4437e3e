import { END, reached, type Topology } from "./topology.ts";

export const PASS = "pass";
export const REFUSE = "refuse";

/** An effect that can be had without a gate of its lane, or not at all. */
export interface Unguarded {
  readonly effect: string;
  /** Null: no gate is to blame, the effect has none or nothing leads to it. */
  readonly gate: string | null;
  readonly why: string;
}

export interface Proof {
  readonly holds: boolean;
  readonly unguarded: readonly Unguarded[];
}

/**
 * Pass-edge dominance: delete the ways labelled `pass` out of any gate of a lane, and its effect must become
 * unreachable. That the gate merely comes first would not do: a stray static edge out of the gate, or a refuse edge that
 * comes back to the effect by a detour, has the gate in front of it too.
 */
export const prove = ({ nodes, ways, effects }: Topology): Proof => {
  const unguarded: Unguarded[] = [];
  const all = reached(ways);
  const listed = new Set(effects.map(({ id }) => id));
  for (const { id, kind } of nodes)
    if (kind === "effect" && !listed.has(id))
      unguarded.push({ effect: id, gate: null, why: "belongs to no lane, so no gate stands before it" });
  for (const { id: effect, gates } of effects) {
    if (gates.length === 0) unguarded.push({ effect, gate: null, why: "has no gate" });
    if (!all.has(effect)) unguarded.push({ effect, gate: null, why: "cannot be reached: its lane is broken" });
    for (const gate of gates) {
      const left = reached(ways, (way) => way.label === PASS && way.sources.includes(gate));
      if (left.has(effect)) unguarded.push({ effect, gate, why: `can be reached without the pass edge of ${gate}` });
    }
  }
  return { holds: unguarded.length === 0, unguarded };
};

/** Nodes that no run can reach, and nodes that no run can leave for the end. */
export const deadNodes = ({
  nodes,
  ways,
}: Topology): { unreachable: readonly string[]; endless: readonly string[] } => {
  const forward = reached(ways);
  const toEnd = new Set([END]);
  for (let before = 0; before !== toEnd.size;) {
    before = toEnd.size;
    for (const way of ways) if (toEnd.has(way.target)) for (const source of way.sources) toEnd.add(source);
  }
  return {
    unreachable: nodes.filter(({ id }) => !forward.has(id)).map(({ id }) => id),
    endless: nodes.filter(({ id }) => forward.has(id) && !toEnd.has(id)).map(({ id }) => id),
  };
};
