import { layersOf, type Layer, type Vector } from "./vector.ts";
import { NOT_APPLICABLE } from "./vectors/not-applicable.ts";
import { VECTORS } from "./vectors/index.ts";

const NAMES: Readonly<Record<Layer, string>> = {
  L0: "door",
  gate: "gate",
  L1: "builder",
  L2: "seal",
  L3: "server",
  L4: "checkpoints",
};

/** One line for one way, on however many lanes it is tried. */
const lines = (): readonly string[] => {
  const rows = new Map<string, { readonly vector: Vector; lanes: number }>();
  for (const vector of VECTORS) {
    const what = vector.what.replace(/ \([a-z.-]+\)$/, "");
    const key = [vector.id, what, vector.over].join("\n");
    const known = rows.get(key);
    if (known === undefined) rows.set(key, { vector: { ...vector, what }, lanes: 1 });
    else known.lanes += 1;
  }
  const number = (id: string): number => Number(id.slice(1)) + (id.startsWith("X") ? 100 : 0);
  return [...rows.values()]
    .toSorted((a, b) => number(a.vector.id) - number(b.vector.id))
    .map(({ vector, lanes }) => {
      const { id, what, who, over, stops } = vector;
      const met = layersOf(vector).map((layer) => NAMES[layer]);
      return `| ${id} | ${what}${lanes > 1 ? ", on every lane" : ""} | ${who} | ${over} | ${met.join(", then ")} | \`${stops[0]}\` |`;
    });
};

const PROSE = `# Who might want past a gate, and what stands in the way

The promise is that no branch, pull request, green check, sign-off or rollback happens without all gates of its lane having passed
on exactly those bytes. An edge of a graph does not keep such a promise by itself: callers, nodes, tools, forks and the checkpoint
store can all write a node's input. So every effect stands behind several layers, each of which holds when those before it fail.

| layer | what it does | where |
| --- | --- | --- |
| server | default deny: a bearer token or a session, plain input and answers, nothing else of a request is taken | \`src/server/\` |
| seal | the compiled graph takes plain input at the head of a thread, and an answer where a pause waits for one | \`src/graph/seal.ts\` |
| checkpoints | rows are encrypted and authenticated with a key of the state folder; an edited row does not load | \`src/store/sealed-serializer.ts\` |
| builder | a graph in which an effect can be had without the pass edge of a gate does not compile; nodes only update fields | \`src/graph/guarded.ts\` |
| door | in the effect's own call every fact is read again, every gate judges again, and a clearance is made and spent once | \`src/graph/door.ts\` |
| forge | the default branch's ruleset: approval by somebody else, no bypass, the check's source pinned; without it, dry run | outside |

| who | has | does not get |
| --- | --- | --- |
| a caller | the token, the API, the LangGraph server | jumps, edited state, forks, another's name, a signature |
| a hostile model, hostile text | the operator's turn; labels, names, comments, bodies | a path through the graph, a shell, unescaped output |
| another contributor | the source | a graph that compiles, unless the test that names the lesson is changed with it |
| somebody with the database | checkpoints, evidence, sign-offs, rehearsals, ledger | a row that is believed: each is sealed, signed or chained |
| somebody who can push | branches, pull requests | green without the gates; their commit is never taken for ours |

What does not hold: whoever has the state folder's keys and can change the program is the program. A ledger whose tail was cut off
looks whole from inside; compare its head with one kept elsewhere. Facts are only as true as the cluster, the forge and Hubble.

## What the LangGraph server leaves open

\`langgraphjs dev\` asks \`src/server/langgraph-auth.ts\` before it answers, and without the token that is 401 for every route it
declares, the socket of its thread protocol and \`/internal/truncate\` among them; \`test/server/dev-server.test.ts\` starts it and
tries each one. It does not ask for

- \`GET /info\`: the versions of the server and of LangGraph, and which of its own features are on. Nothing of threads, graph or state;
- \`GET /ui…\`: files of a user interface that \`langgraph.json\` would have to name. It names none, so it is 404;
- \`OPTIONS\`: pages of any origin may ask it. They bring no token, and no cookie counts there.

It has no \`/docs\`, \`/openapi.json\`, \`/mcp\` or \`/a2a\`; the store is switched off, crons are not built. With the token an update of state,
a copy of a thread and whatever else \`langgraph-auth.ts\` does not name is 403. It speaks plain HTTP and keeps its threads unsealed
in \`.langgraph_api/\` beside its configuration: for this machine alone. What a thread there says is believed by no gate.

## Trying it

\`\`\`sh
npm run redteam                                # every way below, with every layer in place
npm run redteam -- --mutants                   # each layer taken out: the next must refuse, and behind the last is the effect
npm run redteam -- --attempts 10000 --seed 1   # generated: library, LangGraph server, our API; shrunk where one gets through
\`\`\`

\`--attempts\` plays sequences of requests, commands, edits, forks, answers and replays, of things that happen in the world meanwhile
(pushes, merges, gates that turn, bytes that are swapped, processes that die), and of what a hostile model says. A watch stands where
the world is written and knows nothing of doors: what is written must have been read, as those bytes, while every gate of the lane
was green. \`npm test\` plays 300 of them with a fixed seed.

A new layer, lane or effect needs no line there: ways are tried on every lane that is built. A new way past a gate is one entry in
\`test/redteam/vectors/\`; it names what should refuse it, and its mutants must then get through.`;

/** \`docs/threat-model.md\`: the ways as the tests try them. */
export const threatModel = (): string =>
  [
    PROSE,
    "",
    "## Ways that are tried",
    "",
    "V1 to V40 are ways that work on a plain graph, X ones were found beside them. Layers stand in the order in which a way meets them;",
    "the code is what the first one says. Made from the tests by `npm test` with `UPDATE_DOCS=1`.",
    "",
    "| way | what | who | over | stopped by | first |",
    "| --- | --- | --- | --- | --- | --- |",
    ...lines(),
    "",
    "## Ways that have no place here",
    "",
    "| way | what | why |",
    "| --- | --- | --- |",
    ...Object.entries(NOT_APPLICABLE).map(([id, { what, why }]) => `| ${id} | ${what} | ${why} |`),
    "",
  ].join("\n");
