import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { wire } from "../../../src/graph/build.ts";
import { openCheckpoints } from "../../../src/store/checkpoints.ts";
import { all, effectsOf, on, openGround, prepare, TARGETS, type LibraryGround } from "../ground.ts";
import { vector, type Layer, type Refusal, type Vector } from "../vector.ts";

const KEY = "the key of the state folder, of two hundred and fifty-six bits";

interface StoreGround extends LibraryGround {
  readonly path: string;
  /** What the attacker seals with: their own key, or with the seal of the store out the right one. */
  readonly key: string;
}

const open = (out: ReadonlySet<Layer>): StoreGround => {
  const folder = mkdtempSync(join(tmpdir(), "redteam-store-"));
  const path = join(folder, "checkpoints.sqlite");
  const checkpointer = openCheckpoints(path, KEY);
  return {
    ...openGround(out, { checkpointer }),
    path,
    key: out.has("L4") ? KEY : "a key of the attacker's own",
    close: async () => {
      checkpointer.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const edit = (path: string, sql: string, ...values: (string | Uint8Array)[]): void => {
  const database = new DatabaseSync(path);
  database.prepare(sql).run(...values);
  database.close();
};

const [ALLOWS] = TARGETS;
if (ALLOWS === undefined) throw new Error("no lane is built");

const WAYS: readonly {
  readonly what: string;
  readonly stops: readonly Refusal[];
  readonly attack: (place: StoreGround) => Promise<unknown>;
}[] = [
  {
    what: "a forged checkpoint is put behind the last one",
    stops: ["L4/tampered", "L0/door"],
    attack: async ({ graph, desk, path, key }) => {
      const theirs = openCheckpoints(path, key);
      // The last honest row would not open with another key: the forged past begins where there is none.
      const unsealed = wire(desk.ports).compile({ checkpointer: theirs });
      await unsealed.updateState(on("forged"), ALLOWS.forged(), ALLOWS.lastGate);
      theirs.dispose();
      await graph.invoke(null, on("forged"));
    },
  },
  {
    what: "an honest thread's rows are put under another thread's name, and carried on",
    stops: ["L0/door"],
    attack: async ({ graph, path }) => {
      for (const table of ["checkpoints", "writes"]) edit(path, `update ${table} set thread_id = 'moved'`);
      const history = await all(graph.getStateHistory(on("moved")));
      const before = history.find(({ next }) => next.includes(ALLOWS.effect));
      if (before === undefined) return;
      edit(
        path,
        "delete from checkpoints where checkpoint_id > ?",
        String(before.config.configurable?.["checkpoint_id"]),
      );
      await graph.invoke(null, on("moved"));
    },
  },
];

export const store: readonly Vector[] = WAYS.map(({ what, stops, attack }, at) =>
  vector({
    id: at === 0 ? "V38" : "X4",
    what,
    who: "somebody with the database",
    over: "library",
    stops,
    open,
    attack: async (place: StoreGround) => {
      if (at === 0) await prepare(place, ALLOWS);
      // The last gate passed honestly; then the process was killed before the effect, and the world turned.
      else {
        const died = new Error("killed");
        place.desk.field.forge.onWrite = () => {
          throw died;
        };
        await place.graph.invoke({ request: { ...ALLOWS.request, edits: [] } }, on()).catch(() => undefined);
        place.desk.field.forge.onWrite = () => {};
      }
      place.turnRed();
      await attack(place);
    },
    reached: ({ desk }: StoreGround) => effectsOf(desk) > 0,
  }),
);
