import { tool } from "@langchain/core/tools";
import { z } from "zod";
import type { EdgeEnd } from "../src/facts/edge.ts";
import type { Look, NamespaceStatus } from "./look.ts";

/** What a model can take in at once; more rows than this are counted, not shown. */
const ROWS = 120;
const CHARACTERS = 40_000;

const NAMESPACE = z.string().min(1).max(253).describe("One namespace, by its exact name.");

/**
 * Rows as JSON, cut at a row and never inside one, so that what arrives is always whole. Everything in it is data: names,
 * labels and DNS names are written by whoever runs a pod.
 */
const show = (head: Readonly<Record<string, unknown>>, rows: readonly unknown[]): string => {
  const shown: unknown[] = [];
  let size = JSON.stringify(head).length;
  for (const row of rows.slice(0, ROWS)) {
    size += JSON.stringify(row).length + 1;
    if (size > CHARACTERS) break;
    shown.push(row);
  }
  return JSON.stringify({ ...head, rows: shown, notShown: rows.length - shown.length });
};

/** Names are never cut: whoever asks for a namespace has to be told whether it exists. */
const statusText = (statuses: readonly NamespaceStatus[]): string =>
  show({ names: statuses.map(({ name }) => name) }, statuses);

const end = ({ id, names }: EdgeEnd): string => (names[0] === undefined ? id : `${id} (${names[0]})`);

/** Read-only tools over `look`. A namespace reaches the port as a string to compare, never as a path. */
export const readingTools = (look: Look) =>
  [
    tool(async () => statusText(await look.status()), {
      name: "rollout_status",
      description: "Every namespace with its stage, what it waits for and its open pull request.",
      schema: z.object({}),
    }),
    tool(
      async ({ namespace }) => {
        const { edges, coverage } = await look.edges(namespace);
        const rows = edges.map((edge) => ({
          from: end(edge.source),
          to: end(edge.destination),
          port: `${edge.port}/${edge.protocol}`,
          flows: edge.flows,
          drops: edge.drops.reduce((sum, drop) => sum + drop.flows, 0),
        }));
        const { completeness, vacuous, from, to } = coverage;
        return show({ namespace, coverage: { completeness, vacuous, from, to } }, rows);
      },
      {
        name: "read_hubble_edges",
        description: "Who really talks to whom in a namespace, from Hubble, with how complete the recording is.",
        schema: z.object({ namespace: NAMESPACE }),
      },
    ),
    tool(
      async ({ namespace }) => {
        const view = await look.inspect(namespace);
        const head = {
          namespace: view.namespace.name,
          suspended: view.namespace.suspended,
          policies: view.policies.map(({ ref, origin }) => ({ ...ref, file: origin?.file ?? null })),
          services: view.services.map(({ name, ports }) => ({ name, ports })),
          routes: view.routes.map(({ name, hostnames }) => ({ name, hostnames })),
          problems: view.problems.map(({ what, remedy }) => ({ what, remedy })),
        };
        const workloads = view.workloads.map(({ kind, name, suspended, hostNetwork, containers }) => ({
          workload: `${kind}/${name}`,
          suspended,
          hostNetwork,
          ports: containers.flatMap(({ ports }) => ports.map(({ port, protocol }) => `${port}/${protocol}`)),
        }));
        const declared = view.declared.map(({ source, target, port, key, origin }) => ({
          declares: `${source.kind}/${source.workload}`,
          target,
          port,
          key,
          at: `${origin.file}:${origin.line}`,
        }));
        return show(head, [...workloads, ...declared]);
      },
      {
        name: "inspect_namespace",
        description:
          "What the repository says exists in a namespace: workloads, Services, routes, policies, declared edges.",
        schema: z.object({ namespace: NAMESPACE }),
      },
    ),
    tool(
      async ({ namespace }) => {
        const draft = await look.draft(namespace);
        const head = {
          namespace,
          kind: draft.kind,
          files: draft.files.map(({ path, text }) => ({ path, text })),
          neededElsewhere: draft.neededElsewhere,
          notes: draft.notes,
        };
        const rules = draft.rules.map(({ summary, source, lesson, unexercised }) => ({
          summary,
          source,
          lesson,
          unexercised,
        }));
        return show(head, [...rules, ...draft.leftOut]);
      },
      {
        name: "draft_policies",
        description:
          "The policies that would be proposed for a namespace, each rule with where it comes from. Opens nothing.",
        schema: z.object({ namespace: NAMESPACE }),
      },
    ),
    tool(
      async ({ namespace }) => {
        const findings = await look.audit(namespace);
        const rows = findings.map(({ rule, severity, message, origin, fix }) => ({
          rule,
          severity,
          message,
          at: `${origin.file}:${origin.line}`,
          fix,
        }));
        return show({ namespace }, rows);
      },
      {
        name: "run_audit",
        description: "What the linter finds wrong in the policies of one namespace, or of the whole repository.",
        schema: z.object({ namespace: NAMESPACE.nullable().default(null) }),
      },
    ),
    tool(
      async ({ namespace, with_default_deny: withDefaultDeny }) => {
        const { edges, summary } = await look.replay({ namespace, withDefaultDeny });
        const worst = { dropped: 0, unknown: 1, allowed: 2 } as const;
        return show(
          { namespace, summary },
          edges.toSorted((a, b) => worst[a.verdict] - worst[b.verdict]),
        );
      },
      {
        name: "replay_flows",
        description: "Recorded flows decided again under the policies, with or without the namespace's default-deny.",
        schema: z.object({ namespace: NAMESPACE, with_default_deny: z.boolean().default(true) }),
      },
    ),
  ] as const;

export type ReadingTool = ReturnType<typeof readingTools>[number];
