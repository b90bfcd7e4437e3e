import type { FileChange } from "../../../src/facts/changeset.ts";
import { policyId } from "../../../src/facts/policy.ts";
import type { ForgeReader, ForgeWriter, LivePolicy } from "../../../src/facts/ports.ts";
import { changeLaneOf, reportLaneOf, type GateId, type LaneId } from "../../../src/facts/rollout.ts";
import { differences } from "../../../src/facts/tree.ts";
import type { GateFacts } from "../../../src/graph/gate.ts";
import { gatesOf, LANES } from "../../../src/graph/lanes.ts";
import type { GraphPorts } from "../../../src/graph/ports.ts";

/** What was read in one pass, and which gates would have refused over it. */
interface Reading {
  readonly facts: GateFacts;
  readonly red: ReadonlySet<GateId>;
}

/** Stands where the world is written, and knows nothing of doors: what is written must have been read green, as those bytes. */
export interface Watch {
  /** Every write that reached the world. */
  readonly effects: { readonly what: string; readonly fault: string | null }[];
  /** Something else was done to the world; `fault` where nobody should have been able to. */
  reach(what: string, fault: string | null): void;
  read(facts: GateFacts, red: ReadonlySet<GateId>): void;
  forge(inner: ForgeReader & ForgeWriter, isTheirs: (commit: string) => boolean): ForgeReader & ForgeWriter;
  check(inner: GraphPorts["check"]): GraphPorts["check"];
  rollback(inner: GraphPorts["rollback"]): GraphPorts["rollback"];
  signOff(
    inner: NonNullable<GraphPorts["signOff"]>,
    isSigned: (id: string, namespace: string) => boolean,
  ): NonNullable<GraphPorts["signOff"]>;
}

const laneOfReading = ({ request, reported }: GateFacts): LaneId => {
  const change = changeLaneOf(request.lane);
  return reported === null || change === null ? request.lane : reportLaneOf(change);
};

const isGreen = ({ facts, red }: Reading, effect: string): boolean => {
  const lane = LANES.find(({ id }) => id === laneOfReading(facts));
  return lane?.effect === effect && gatesOf(lane).length > 0 && gatesOf(lane).every((gate) => !red.has(gate));
};

const sameFiles = (a: readonly FileChange[], b: readonly FileChange[]): boolean => {
  const key = (files: readonly FileChange[]) =>
    JSON.stringify(
      files
        .toSorted((x, y) => (x.path < y.path ? -1 : 1))
        .map(({ path, mode, text }) => [path, text === null ? null : mode, text]),
    );
  return key(a) === key(b);
};

/** `netpol/<namespace>` and `netpol/<namespace>.<what for>`, for names that a namespace can have. */
const BRANCH = /^netpol\/[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z-]+)?$/;

export const watch = (): Watch => {
  const readings: Reading[] = [];
  const effects: Watch["effects"] = [];
  const written = new Set<string>();
  const seen = (what: string, fault: string | null): void => void effects.push({ what, fault });
  return {
    effects,
    reach: seen,
    read: (facts, red) => void readings.push({ facts, red }),
    forge: (inner, isTheirs) => ({
      ...inner,
      writeBranch: async (request) => {
        const result = await inner.writeBranch(request);
        if (!result.done) return result;
        const { base, branch, files } = request;
        const green = readings.some(
          (reading) =>
            isGreen(reading, "open-pull-request") &&
            reading.facts.base === base &&
            sameFiles(reading.facts.changeset.files, files),
        );
        const stands = differences(await inner.tree(base), await inner.tree(result.commit)).files;
        written.add(result.commit);
        seen(
          `${branch} written`,
          !green
            ? "no pass of all its gates over these bytes"
            : !BRANCH.test(branch)
              ? "no name that a branch of ours can have"
              : !sameFiles(stands, files)
                ? `it holds other changes: ${stands.map(({ path }) => path).join(", ")}`
                : null,
        );
        return result;
      },
      openPullRequest: async (request) => {
        const head = (await inner.branchHead(request.branch)) ?? "";
        const pull = await inner.openPullRequest(request);
        seen(`${request.branch} proposed`, written.has(head) || isTheirs(head) ? null : "nobody cleared its head");
        return pull;
      },
      updatePullRequest: async (request) => {
        const pull = await inner.updatePullRequest(request);
        seen(
          `#${request.number} reworded`,
          written.has(pull.head) || isTheirs(pull.head) ? null : "nobody cleared its head",
        );
        return pull;
      },
    }),
    check: (inner) => ({
      ...inner,
      green: {
        green: async (word) => {
          await inner.green.green(word);
          const green = readings.some(
            (reading) => isGreen(reading, "post-green") && reading.facts.reported?.head === word.head,
          );
          seen(`green on ${word.head.slice(0, 8)}`, green ? null : "no pass of all its gates over that head");
        },
      },
    }),
    rollback: (inner) => {
      if (inner === null) return null;
      const undone = (what: string, means: (facts: GateFacts) => boolean): void => {
        const green = readings.some((reading) => isGreen(reading, "roll-back") && means(reading.facts));
        seen(what, green ? null : "no pass of both its gates over that lock");
      };
      const ofLock =
        ({ ref }: LivePolicy) =>
        (facts: GateFacts) =>
          facts.undo.known && facts.undo.value.policies.some((p) => policyId(p.ref) === policyId(ref));
      return {
        ...inner,
        writer: {
          suspend: (id, on) => {
            undone(`${id} ${on ? "suspended" : "resumed"}`, ({ undo }) =>
              undo.known ? undo.value.policies.some(({ owner }) => owner?.id === id) : false,
            );
            return inner.writer.suspend(id, on);
          },
          disarm: (policy) => {
            undone(`${policyId(policy.ref)} disarmed`, ofLock(policy));
            return inner.writer.disarm(policy);
          },
          remove: (policy) => {
            undone(`${policyId(policy.ref)} removed`, ofLock(policy));
            return inner.writer.remove(policy);
          },
        },
      };
    },
    signOff: (inner, isSigned) => ({
      ...inner,
      record: (id, namespace) => {
        const done = inner.record(id, namespace);
        if (!done) return done;
        const green = readings.some(
          (reading) =>
            isGreen(reading, "record-sign-off") &&
            reading.facts.request.answer === id &&
            reading.facts.request.namespace === namespace,
        );
        seen(
          `${namespace} signed off`,
          !green ? "no pass of all its gates" : isSigned(id, namespace) ? null : "nobody signed for that namespace",
        );
        return done;
      },
    }),
  };
};
