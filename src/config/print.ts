import { z } from "zod";
import { stringify } from "yaml";
import { configSchema } from "./schema.ts";
import { defaultConfig } from "./load.ts";

interface JsonSchema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

const block = (schema: JsonSchema, value: Readonly<Record<string, unknown>>, indent: string): string[] =>
  Object.entries(value).flatMap(([key, entry]) => {
    const about = schema.properties?.[key];
    const comment = about?.description === undefined ? [] : [`${indent}# ${about.description}`];
    const nested =
      typeof entry === "object" && entry !== null && !Array.isArray(entry) && about?.properties !== undefined;
    if (!nested)
      return [
        ...comment,
        ...stringify({ [key]: entry })
          .trimEnd()
          .split("\n")
          .map((line) => indent + line),
      ];
    return [...comment, `${indent}${key}:`, ...block(about, entry as Readonly<Record<string, unknown>>, `${indent}  `)];
  });

/** The commented file that `init` writes: every key, its default, and what it means, all from the schema. */
export const printConfig = (): string => {
  const schema = z.toJSONSchema(configSchema, { io: "input" }) as JsonSchema;
  return [
    "# network-operator.yaml: every key with its default; delete what you do not change.",
    "# Secrets come from the environment, never from here.",
    ...block(schema, defaultConfig(), ""),
    "",
  ].join("\n");
};
