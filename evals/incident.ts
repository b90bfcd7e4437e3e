import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { OperatorError } from "../src/facts/errors.ts";
import { ASKED_LANES, GATES } from "../src/facts/rollout.ts";

const edit = z.union([
  z.strictObject({ path: z.string(), file: z.string().describe("a file of the incident's folder") }),
  z.strictObject({
    path: z.string().describe("a file that the draft writes"),
    replace: z.array(z.strictObject({ from: z.string(), to: z.string() })).min(1),
  }),
]);

const request = z.strictObject({
  kind: z.enum([...ASKED_LANES, "propose"]),
  namespace: z.string(),
  edits: z.array(edit).default([]),
});

const step = z.union([
  z.strictObject({ turn: z.string().describe("turn the clock, e.g. +24h") }),
  z.strictObject({ do: z.string().describe("what a person or the cluster does") }),
  z.strictObject({ propose: request, merge: z.literal(true).describe("and a person merges the pull request") }),
]);

const schema = z.strictObject({
  id: z.string(),
  title: z.string(),
  source: z.string(),
  lesson: z.number().int(),
  gate: z.enum(GATES),
  /** Gates that also hold it; the mutant takes them out as well, and the gate alone must hold without them. */
  besides: z.array(z.enum(GATES)).default([]),
  story: z.string(),
  config: z.record(z.string(), z.unknown()).default({}),
  steps: z.array(step).default([]),
  attempt: request,
});

export type Incident = z.infer<typeof schema> & { readonly folder: string };
export type IncidentRequest = z.infer<typeof request>;

const FOLDER = join(import.meta.dirname, "incidents");

const readIncident = (id: string): Incident => {
  const folder = join(FOLDER, id);
  const file = join(folder, "incident.yaml");
  const result = schema.safeParse(parse(readFileSync(file, "utf8")));
  if (result.success && result.data.id === id) return { ...result.data, folder };
  const issue = result.success
    ? "its id is not the folder's name"
    : `${result.error.issues[0]?.path.join(".")}: ${result.error.issues[0]?.message}`;
  throw new OperatorError("input", `this incident cannot be read (${issue})`, {
    where: file,
    remedy: "Compare it with another incident.",
  });
};

/** Every incident, by folder name. */
export const readIncidents = (only: string | null): readonly Incident[] => {
  const ids = readdirSync(FOLDER, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(FOLDER, entry.name, "incident.yaml")))
    .map((entry) => entry.name)
    .sort();
  if (only === null) return ids.map(readIncident);
  if (ids.includes(only)) return [readIncident(only)];
  throw new OperatorError("input", `there is no incident ${JSON.stringify(only)}`, {
    where: "evals/incidents",
    remedy: `There are: ${ids.join(", ")}.`,
  });
};
