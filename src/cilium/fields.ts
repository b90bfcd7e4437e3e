import type { Field, Shape, Treatment } from "./schema.ts";
import { specShape } from "./schema-cnp.ts";

/** One field of a CiliumNetworkPolicy and what the kernel does with it. */
export interface FieldRow {
  /** `egress[].toPorts[].ports[].port`, under `spec` or an element of `specs`. */
  readonly path: string;
  readonly treatment: Treatment;
  readonly note: string;
}

const rowsOf = (field: Field, path: string): readonly FieldRow[] => [
  { path, treatment: field.treatment, note: field.note ?? "" },
  ...inside(field.shape, path),
];

const inside = (shape: Shape, path: string): readonly FieldRow[] => {
  if (shape.type === "list") return inside(shape.item, `${path}[]`);
  if (shape.type !== "object") return [];
  const prefix = path === "" ? "" : `${path}.`;
  return Object.entries(shape.fields).flatMap(([key, field]) => rowsOf(field, `${prefix}${key}`));
};

/** Every field of the schema, in its order. */
export const cnpFields = (): readonly FieldRow[] => inside(specShape("1.19"), "");

/** The sections share their fields: a row stands for all sections in which it is the same. */
const folded = (rows: readonly FieldRow[]): readonly FieldRow[] => {
  const groups = new Map<string, { readonly sections: string[]; readonly row: FieldRow; readonly rest: string }>();
  for (const row of rows) {
    const section = /^(ingress|ingressDeny|egress|egressDeny)\[\]\.(.*)$/.exec(row.path);
    const [sections, rest] = section === null ? ["", row.path] : [section[1] ?? "", section[2] ?? ""];
    const key = section === null ? row.path : `${rest} ${row.treatment} ${row.note}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, { sections: sections === "" ? [] : [sections], row, rest });
    else known.sections.push(sections);
  }
  return [...groups.values()].map(({ sections, row, rest }) => ({
    ...row,
    path: sections.length === 0 ? row.path : `${sections.join(", ")}: ${rest}`,
  }));
};

const cell = (text: string): string => text.replaceAll("|", "\\|");

/** A Markdown table with aligned columns, as the formatter wants it. */
const table = (lines: readonly (readonly string[])[]): readonly string[] => {
  const widths = lines.reduce<number[]>((all, line) => line.map((text, i) => Math.max(all[i] ?? 3, text.length)), []);
  const join = (line: readonly string[], fill: string): string =>
    `| ${line.map((text, i) => text.padEnd(widths[i] ?? 0, fill)).join(" | ")} |`;
  const [head = [], ...body] = lines;
  return [
    join(head, " "),
    join(
      head.map(() => ""),
      "-",
    ),
    ...body.map((line) => join(line, " ")),
  ];
};

/** The page `docs/cnp-fields.md`; a test checks that it is current. */
export const fieldsPage = (): string => {
  const rows = folded(cnpFields());
  const count = (treatment: Treatment): number => cnpFields().filter((r) => r.treatment === treatment).length;
  return [
    "# What is decided of a CiliumNetworkPolicy",
    "",
    "Made by `node test/cilium/write-fields.ts` from the schema that the kernel checks; a test keeps it current. Fields stand under",
    "`spec`, and under each element of `specs`, of a CiliumNetworkPolicy or CiliumClusterwideNetworkPolicy.",
    "",
    `- **decided** (${count("decided")}): it changes verdicts, and the kernel follows Cilium's engine.`,
    `- **carried** (${count("carried")}): it cannot change a verdict at L3 or L4; the verdict says that the proxy or authentication has a word.`,
    `- **not decided** (${count("not decided")}): it can change a verdict, and the answer is then \`unknown\` and names it.`,
    "",
    ...table([["field", "treatment", "how"], ...rows.map((r) => [`\`${cell(r.path)}\``, r.treatment, cell(r.note)])]),
    "",
  ].join("\n");
};
