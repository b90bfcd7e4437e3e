import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { OperatorError } from "../src/facts/errors.ts";
import { ASKED_LANES, GATES } from "../src/facts/rollout.ts";

/** A file as somebody writes it: whole, from the incident's folder; or what stands, with words replaced. */
const edit = z.union([
  z.strictObject({ path: z.string(), file: z.string().describe("a file of the incident's folder") }),
  z.strictObject({
    path: z.string().describe("a file that the draft writes, or that main holds"),
    replace: z.array(z.strictObject({ from: z.string(), to: z.string() })).min(1),
  }),
  z.strictObject({ path: z.string(), remove: z.literal(true) }),
]);

const edits = z.array(edit).default([]);

/** How a person walked the page: only what differs from a good walk is written down. */
const walk = z.strictObject({
  /** By URL; all others were opened from the page, loaded, and logged in where there is a login. */
  but: z
    .array(
      z.strictObject({
        url: z.string(),
        opened: z.boolean().default(true),
        outcome: z.enum(["app-loaded", "failed", "not-tried"]).default("app-loaded"),
        login: z.enum(["completed", "none", "not-completed"]).default("none"),
      }),
    )
    .default([]),
});

/** Hours after the turn begins in which nobody watched a node. */
const hole = z.strictObject({ node: z.string(), from: z.number(), to: z.number() });

const request = z.strictObject({
  kind: z.enum([...ASKED_LANES, "propose"]),
  namespace: z.string(),
  edits,
  /** A sign-off: what a person does on its page before the lane goes on. */
  walk: walk.optional(),
  /** A rollback: what a person confirmed in the terminal before the lane goes on. */
  confirm: z.enum(["this", "another namespace's"]).optional(),
  /** What happens between the signature, or the confirmation, and the answer. */
  meanwhile: z.array(z.lazy((): z.ZodType<Step> => step)).default([]),
});

const check = z.strictObject({ check: z.number().int().describe("the check of the pull request with this number") });

const words = z.strictObject({
  ask: z.string(),
  model: z.literal("obedient").describe("a language model that does whatever anything it reads tells it to"),
});

export type Edit = z.infer<typeof edit>;
export type Walk = z.infer<typeof walk>;
export type LaneRequest = {
  readonly kind: (typeof ASKED_LANES)[number] | "propose";
  readonly namespace: string;
  readonly edits: readonly Edit[];
  readonly walk?: Walk | undefined;
  readonly confirm?: "this" | "another namespace's" | undefined;
  readonly meanwhile: readonly Step[];
};

/** What happened before, in order. */
export type Step =
  | { readonly turn: string; readonly hole?: z.infer<typeof hole> | undefined }
  | { readonly do: string }
  | { readonly commit: readonly Edit[]; readonly message: string }
  | { readonly open: readonly Edit[]; readonly branch: string }
  | { readonly propose: LaneRequest; readonly merge: true }
  | { readonly "sign-off": LaneRequest }
  | { readonly "roll-back": LaneRequest }
  | { readonly check: number };

const step: z.ZodType<Step> = z.union([
  z.strictObject({
    turn: z.string().describe("turn the clock, e.g. +24h"),
    hole: hole.optional(),
  }),
  z.strictObject({ do: z.string().describe("what a person or the cluster does") }),
  z.strictObject({
    commit: z.array(edit).min(1).describe("what a person pushes to main, without asking the agent"),
    message: z.string().default("by hand"),
  }),
  z.strictObject({
    open: z.array(edit).min(1).describe("a pull request of somebody else's"),
    branch: z.string(),
  }),
  z.strictObject({ propose: request, merge: z.literal(true).describe("and a person merges the pull request") }),
  z.strictObject({ "sign-off": request }),
  z.strictObject({ "roll-back": request }),
  check,
]);

const list = <T extends z.ZodType>(item: T) =>
  z
    .union([item, z.array(item).min(1)])
    .transform((given) => (Array.isArray(given) ? given : [given]) as readonly z.infer<T>[]);

const common = {
  id: z.string(),
  title: z.string(),
  source: z.string(),
  lesson: z.number().int(),
  story: z.string(),
  config: z.record(z.string(), z.unknown()).default({}),
  steps: z.array(step).default([]),
};

const attempted = {
  /** Gates that also hold it: the mutant takes them out as well, and the gate alone must hold without them. */
  besides: z.array(z.enum(GATES)).default([]),
  /** What happens first, besides the incident's own steps. */
  after: z.array(step).default([]),
};

/** Held by a gate: every attempt is refused, nothing moves, and without the gate it goes through. */
const gated = z.strictObject({
  ...common,
  gate: z.enum(GATES),
  attempt: list(z.union([request.extend(attempted), words.extend(attempted), check.extend(attempted)])),
});

/** Seen by an audit rule: what somebody wrote is found where it stands, mended it is not, and no other rule sees it. */
const audited = z.strictObject({
  ...common,
  rule: z.string(),
  attempt: z.strictObject({
    edits,
    at: z.string().describe("the file in which it is found"),
    besides: z.array(z.string()).default([]),
  }),
  mended: z.array(edit).optional(),
});

const SOURCES = ["observed", "declared", "required"] as const;

/** Told by the watch over drops: what a tick says of a namespace, and would not say without it. */
const watched = z.strictObject({
  ...common,
  watch: z.literal("drops"),
  attempt: z.strictObject({
    namespace: z.string(),
    drops: z.string().describe("who was dropped on the way to whom: SOURCE > DESTINATION:PORT"),
  }),
});

/** Known to the draft: under it and default-deny the talk still passes; without that source of edges it would not. */
const drafted = z.strictObject({
  ...common,
  edges: z.enum(SOURCES),
  attempt: z.strictObject({
    draft: z.string().describe("the namespace"),
    keeps: z.array(z.string()).min(1).describe("who talks to whom in the sample, as its scenario names it"),
    besides: z.array(z.enum(SOURCES)).default([]),
  }),
});

const schema = z.union([gated, audited, drafted, watched]);

export type GatedIncident = z.infer<typeof gated> & { readonly folder: string };
export type AuditedIncident = z.infer<typeof audited> & { readonly folder: string };
export type DraftedIncident = z.infer<typeof drafted> & { readonly folder: string };
export type WatchedIncident = z.infer<typeof watched> & { readonly folder: string };
export type Incident = GatedIncident | AuditedIncident | DraftedIncident | WatchedIncident;
export type Attempt = GatedIncident["attempt"][number];

/** What holds it: a gate, an audit rule, a source of edges, or the watch over drops. */
export const guardOf = (incident: Incident): string => {
  if ("gate" in incident) return incident.gate;
  if ("rule" in incident) return incident.rule;
  return "edges" in incident ? `${incident.edges} edges` : `watch over ${incident.watch}`;
};

/** A rollout that does everything right: what the gates are for is to let it through. */
const rolloutSchema = z.strictObject({
  id: z.string(),
  title: z.string(),
  story: z.string(),
  config: z.record(z.string(), z.unknown()).default({}),
  steps: z.array(step).min(1),
});
export type HonestRollout = z.infer<typeof rolloutSchema> & { readonly folder: string };

/** Steps that lead to a state of the sample, and where their files lie. */
export type Prepared = Pick<HonestRollout, "id" | "folder" | "config" | "steps">;

const FOLDERS = { incident: join(import.meta.dirname, "incidents"), rollout: join(import.meta.dirname, "rollouts") };
type Kind = keyof typeof FOLDERS;

const read = <T extends { id: string }>(kind: Kind, id: string, type: z.ZodType<T>): T & { folder: string } => {
  const folder = join(FOLDERS[kind], id);
  const file = join(folder, `${kind}.yaml`);
  const result = type.safeParse(parse(readFileSync(file, "utf8")));
  if (result.success && result.data.id === id) return { ...result.data, folder };
  const issue = result.success
    ? "its id is not the folder's name"
    : z.prettifyError(result.error).replaceAll("\n", " ");
  throw new OperatorError("input", `this ${kind} cannot be read (${issue})`, {
    where: file,
    remedy: "Compare it with another one.",
  });
};

const ids = (kind: Kind): readonly string[] =>
  readdirSync(FOLDERS[kind], { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(FOLDERS[kind], entry.name, `${kind}.yaml`)))
    .map((entry) => entry.name)
    .sort();

/** Every incident, by folder name; or only one. */
export const readIncidents = (only: string | null): readonly Incident[] => {
  const known = ids("incident");
  if (only === null) return known.map((id) => read("incident", id, schema));
  if (known.includes(only)) return [read("incident", only, schema)];
  throw new OperatorError("input", `there is no incident ${JSON.stringify(only)}`, {
    where: "evals/incidents",
    remedy: `There are: ${known.join(", ")}.`,
  });
};

export const readRollouts = (): readonly HonestRollout[] =>
  ids("rollout").map((id) => read("rollout", id, rolloutSchema));
