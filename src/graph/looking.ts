import { audit } from "../audit/audit.ts";
import { draftDefaultDeny } from "../drafting/default-deny.ts";
import { draftAllows } from "../drafting/draft.ts";
import { DAY } from "../facts/clock.ts";
import type { Coverage } from "../facts/coverage.ts";
import type { Draft } from "../facts/draft.ts";
import type { Edge } from "../facts/edge.ts";
import { OperatorError } from "../facts/errors.ts";
import type { Writer } from "../facts/writer.ts";
import { replay } from "../replay/replay.ts";
import { replayJson } from "../replay/json.ts";
import { walkFlows, type ExpectedFlow } from "../replay/walk.ts";
import { inventoryAt } from "../rollout/inventory-at.ts";
import { nodesOf } from "../rollout/soak-facts.ts";
import { watchDrops, type DropWatch } from "../rollout/drop-watch.ts";
import { survey, type Survey, type SurveyPorts } from "../rollout/survey.ts";
import { holdsAllows } from "./facts/holds-allows.ts";
import type { Look, NamespaceStatus } from "../../tools/look.ts";

export interface LookPorts extends SurveyPorts {
  readonly writer: Writer;
}

/** What a walk must cause and what was seen of it, read up to a moment; null where nobody reads Hubble. */
export interface WalkView {
  readonly flows: readonly ExpectedFlow[];
  /** Milliseconds since the epoch. */
  readonly readUntil: number | null;
}

/** What a draft is made from, for whoever only wants to see one. */
export interface LookingGlass extends Look {
  /** From main's inventory and the evidence since a moment, without a survey: it is asked every few seconds. */
  walk(namespace: string, since: number): Promise<WalkView>;
  survey(): Promise<Survey>;
  /** New drops since each rollout's last merge; null where there is no evidence. */
  drops(survey: Survey): Promise<readonly DropWatch[] | null>;
  draftOf(namespace: string, kind: "allows" | "default-deny"): Promise<Draft>;
}

const NOTHING_SEEN = { edges: [], coverage: null } as const;

/** Read-only answers from the same sources that gates read; nothing here is believed by any of them. */
export const lookAround = (ports: LookPorts): LookingGlass => {
  const here = (): Promise<Survey> => survey({ ...ports, holdsAllows: holdsAllows(ports) });

  const seen = async (
    main: Survey,
    namespace: string,
  ): Promise<{ readonly edges: readonly Edge[]; readonly coverage: Coverage | null }> => {
    const { evidence } = ports;
    const span = evidence === null ? null : await evidence.span();
    if (evidence === null || span === null) return NOTHING_SEEN;
    const window = { from: span.from, to: main.now };
    const starts = await evidence.starts({ ...window, namespace });
    const nodes = main.live.known ? nodesOf(namespace, main.live.value.pods, starts) : null;
    return {
      edges: await evidence.edges({ namespace, window }),
      coverage: await evidence.coverage({ ...window, namespace, nodes }),
    };
  };

  const draftOf = async (namespace: string, kind: "allows" | "default-deny"): Promise<Draft> => {
    const main = await here();
    const { tree, inventory } = main;
    const { writer, facts, settings } = ports;
    if (kind === "default-deny") return draftDefaultDeny({ tree, inventory, namespace, writer });
    return draftAllows({ tree, inventory, namespace, facts, settings, writer, ...(await seen(main, namespace)) });
  };

  const walk = async (namespace: string, since: number): Promise<WalkView> => {
    const { forge, evidence, settings, facts, readInventory } = ports;
    const [tree, span] = await Promise.all([forge.head().then((head) => forge.tree(head)), evidence?.span() ?? null]);
    const window = span === null ? null : { from: Math.max(span.from, since), to: span.to + 1 };
    const edges = window === null ? [] : ((await evidence?.edges({ namespace, window })) ?? []);
    const inventory = inventoryAt(readInventory, tree);
    return { flows: walkFlows({ inventory, edges, settings, facts, namespace }), readUntil: span?.to ?? null };
  };

  return {
    survey: here,
    drops: async (main) => (ports.evidence === null ? null : watchDrops(main, ports.evidence)),
    walk,
    draftOf,
    draft: (namespace) => draftOf(namespace, "allows"),
    status: async () =>
      (await here()).placed.map(({ namespace, stage, waitingFor, pullRequest }): NamespaceStatus => ({
        name: namespace,
        stage,
        waitingFor,
        pullRequest:
          pullRequest === null
            ? null
            : { number: pullRequest.number, url: pullRequest.url, branch: pullRequest.branch },
      })),
    edges: async (namespace) => {
      const main = await here();
      const { edges, coverage } = await seen(main, namespace);
      if (coverage === null)
        throw new OperatorError("outside", "there is no evidence yet", {
          remedy: "Collect some: network-operator flows collect.",
        });
      return { edges, coverage };
    },
    inspect: async (namespace) => {
      const { inventory } = await here();
      const fact = inventory.namespaces.find((ns) => ns.name === namespace);
      if (fact === undefined)
        throw new OperatorError("input", `the repository knows no namespace ${JSON.stringify(namespace)}`, {
          remedy: `It knows ${inventory.namespaces.map((ns) => ns.name).join(", ")}.`,
        });
      const own = <T extends { readonly namespace: string }>(all: readonly T[]): readonly T[] =>
        all.filter((one) => one.namespace === namespace);
      return {
        namespace: fact,
        workloads: own(inventory.workloads),
        services: own(inventory.services),
        routes: inventory.routes.filter(
          (r) => r.namespace === namespace || r.backends.some((b) => b.namespace === namespace),
        ),
        policies: inventory.policies.filter((p) => p.ref.namespace === namespace),
        declared: inventory.declared.filter((d) => d.source.namespace === namespace),
        problems: inventory.problems,
      };
    },
    audit: async (namespace) => {
      const { inventory, now } = await here();
      return audit(inventory, ports.facts, { namespace, settings: ports.settings, now }).findings;
    },
    replay: async ({ namespace, withDefaultDeny }) => {
      const main = await here();
      const window = { from: main.now - 30 * DAY, to: main.now };
      const edges = (await ports.evidence?.edges({ namespace, window })) ?? [];
      const result = replay({
        edges,
        policies: main.inventory.policies,
        settings: ports.settings,
        inventory: main.inventory,
        namespace,
        with: { defaultDenyFor: withDefaultDeny ? [namespace] : [] },
      });
      const { edges: rows, summary } = replayJson(result, null);
      return { edges: rows, summary };
    },
  };
};
