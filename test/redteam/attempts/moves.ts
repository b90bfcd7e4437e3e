import * as fc from "fast-check";
import { ASKED_LANES, CHANGE_LANES, GATES, type GateId } from "../../../src/facts/rollout.ts";
import { topologyOf } from "../../../src/graph/build.ts";
import { fakeGates } from "../../graph/field.ts";
import { TARGETS } from "../ground.ts";
import { filePath, fileText, junk, namespace, words } from "./words.ts";

export interface EditAsked {
  readonly path: string;
  readonly text: string | null;
}

/** One move of somebody who wants an effect that no gate has passed. Data, so that a failure can be read and shrunk. */
export type Move =
  | {
      readonly do: "ask";
      readonly thread: string;
      readonly kind: string;
      readonly namespace: string;
      readonly edits: readonly EditAsked[];
    }
  | { readonly do: "check"; readonly thread: string; readonly number: number }
  | { readonly do: "say"; readonly thread: string; readonly text: string }
  | {
      readonly do: "goto";
      readonly thread: string;
      readonly lane: number;
      readonly node: string | null;
      readonly namespace: string;
      readonly how: "goto" | "send" | "channel" | "update";
    }
  | {
      readonly do: "edit-state";
      readonly thread: string;
      readonly lane: number;
      readonly namespace: string;
      readonly as: string | null;
      readonly born: boolean;
    }
  | { readonly do: "travel"; readonly thread: string; readonly pick: number; readonly edit: boolean }
  | { readonly do: "answer"; readonly thread: string; readonly resume: unknown }
  | {
      readonly do: "smuggle";
      readonly thread: string;
      readonly input: unknown;
      readonly as: "input" | "message" | "request" | "option" | "configurable";
    }
  | { readonly do: "call"; readonly lane: number; readonly namespace: string }
  | { readonly do: "sign"; readonly namespace: string; readonly id: string }
  | { readonly do: "turn"; readonly gate: GateId; readonly red: boolean; readonly after: number }
  | { readonly do: "swap"; readonly text: string; readonly after: number }
  | { readonly do: "push"; readonly branch: string; readonly path: string; readonly text: string }
  | { readonly do: "settle"; readonly number: number; readonly how: "merge" | "close" }
  | { readonly do: "reword"; readonly number: number; readonly text: string }
  | { readonly do: "die"; readonly at: "branch" | "open" | "update" };

const thread = fc.constantFrom("a", "b");
const lane = fc.nat(TARGETS.length - 1);
const NODES = topologyOf(fakeGates()).nodes.map(({ id }) => id);
const node = fc.option(fc.constantFrom(...NODES), { nil: null, freq: 2 });
const gate = fc.constantFrom(...GATES);
const edits = fc.array(fc.record({ path: filePath, text: fc.option(fileText, { nil: null, freq: 8 }) }), {
  maxLength: 2,
});
const kind = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("propose", ...CHANGE_LANES) },
  { weight: 1, arbitrary: fc.constantFrom(...ASKED_LANES, "question") },
);

const weighted = (weight: number, arbitrary: fc.Arbitrary<Move>) => ({ weight, arbitrary });
const is = <D extends Move["do"]>(what: D) => fc.constant(what);

const hands = [
  weighted(16, fc.record({ do: is("ask"), thread, kind, namespace, edits })),
  weighted(4, fc.record({ do: is("check"), thread, number: fc.integer({ min: 1, max: 4 }) })),
  weighted(2, fc.record({ do: is("say"), thread, text: words })),
  weighted(
    6,
    fc.record({
      do: is("goto"),
      thread,
      lane,
      node,
      namespace,
      how: fc.constantFrom("goto", "send", "channel", "update"),
    }),
  ),
  weighted(2, fc.record({ do: is("edit-state"), thread, lane, namespace, as: node, born: fc.boolean() })),
  weighted(2, fc.record({ do: is("travel"), thread, pick: fc.nat(40), edit: fc.boolean() })),
  weighted(3, fc.record({ do: is("answer"), thread, resume: junk })),
  weighted(
    2,
    fc.record({
      do: is("smuggle"),
      thread,
      input: junk,
      as: fc.constantFrom("input", "message", "request", "option", "configurable"),
    }),
  ),
];

const world = [
  weighted(2, fc.record({ do: is("sign"), namespace, id: fc.constantFrom("attestation-1", "attestation-2") })),
  weighted(3, fc.record({ do: is("turn"), gate, red: fc.boolean(), after: fc.integer({ min: 0, max: 3 }) })),
  weighted(2, fc.record({ do: is("swap"), text: fileText, after: fc.integer({ min: 0, max: 3 }) })),
  weighted(
    2,
    fc.record({
      do: is("push"),
      branch: fc.constantFrom("main", "netpol/selfhosted", "netpol/selfhosted.default-deny", "theirs"),
      path: filePath,
      text: fileText,
    }),
  ),
  weighted(
    1,
    fc.record({ do: is("settle"), number: fc.integer({ min: 1, max: 3 }), how: fc.constantFrom("merge", "close") }),
  ),
  weighted(1, fc.record({ do: is("reword"), number: fc.integer({ min: 1, max: 3 }), text: words })),
  weighted(1, fc.record({ do: is("die"), at: fc.constantFrom("branch", "open", "update") })),
];

/** With the library in hand a node can be called, too. */
export const libraryMove: fc.Arbitrary<Move> = fc.oneof(
  ...hands,
  ...world,
  weighted(2, fc.record({ do: is("call"), lane, namespace })),
);
export const httpMove: fc.Arbitrary<Move> = fc.oneof(...hands, ...world);
/** Our own API takes words alone: what they set going is the model's. */
export const serveMove: fc.Arbitrary<Move> = fc.oneof(
  weighted(24, fc.record({ do: is("say"), thread, text: words })),
  ...hands,
  ...world,
);

export interface Scenario {
  readonly sealed: boolean;
  /** Gates that refuse from the start. */
  readonly red: readonly GateId[];
  /** What the model does when it is asked: tool calls and words. */
  readonly script: readonly {
    readonly text: string;
    readonly calls: readonly { readonly name: string; readonly args: unknown }[];
  }[];
  readonly steps: readonly (Move | { readonly do: "both"; readonly moves: readonly Move[] })[];
}

const call = fc.record({
  name: fc.constantFrom(
    "open_pull_request",
    "request_sign_off",
    "request_rollback",
    "ask_person",
    "run_audit",
    "rm",
    "__proto__",
  ),
  args: fc.oneof(fc.record({ namespace, edits }), fc.record({ namespace }), fc.record({ question: words }), junk),
});
const script = fc.array(fc.record({ text: words, calls: fc.array(call, { maxLength: 2 }) }), { maxLength: 3 });

export const scenario = (move: fc.Arbitrary<Move>, sealed: fc.Arbitrary<boolean>): fc.Arbitrary<Scenario> =>
  fc.record({
    sealed,
    red: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 1, arbitrary: fc.array(gate, { minLength: 1, maxLength: 2 }) },
    ),
    script,
    steps: fc.array(
      fc.oneof(
        { weight: 12, arbitrary: move },
        { weight: 1, arbitrary: fc.record({ do: fc.constant("both" as const), moves: fc.tuple(move, move) }) },
      ),
      { minLength: 2, maxLength: 5 },
    ),
  });
