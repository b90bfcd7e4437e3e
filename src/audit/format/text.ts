import type { Finding } from "../../facts/finding.ts";
import type { AuditReport } from "../audit.ts";
import { count } from "../audit.ts";
import type { Cause } from "./causes.ts";
import { causesOf } from "./causes.ts";
import { plain } from "./plain.ts";

const MOST_PLACES = 8;

const where = (f: Finding): string => `${f.origin.file}:${f.origin.line}:${f.origin.column}`;

const number = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`;

const single = (f: Finding): readonly string[] => [
  `${f.severity.padEnd(7)} ${plain(where(f))}  ${f.rule}`,
  `        ${plain(f.message)}`,
  ...f.related.slice(0, 4).map((r) => `        see ${plain(`${r.file}:${r.line}`)}: ${plain(r.message)}`),
  ...(f.fix === null ? [] : [`        fix: ${plain(f.fix)}`]),
];

/** One root with its places, each on a line of its own; many places of one file are still many places. */
const shared = (cause: Cause): readonly string[] => {
  const [first] = cause.findings;
  if (first === undefined) return [];
  const namespaces = new Set(cause.findings.map((f) => f.namespace).filter((n) => n !== null));
  const places = cause.findings.map((f) => `          ${f.namespace ?? "-"}  ${plain(where(f))}`);
  const more = places.length - MOST_PLACES;
  return [
    `${cause.severity.padEnd(7)} ${plain(cause.at ?? where(first))}  ${cause.rule}`,
    `        ${plain(first.message)}`,
    `        one cause, ${number(cause.findings.length, "place")} in ${number(namespaces.size, "namespace")}:`,
    ...places.slice(0, MOST_PLACES),
    ...(more > 0 ? [`          and ${more} more`] : []),
    ...(first.fix === null ? [] : [`        fix: ${plain(first.fix)}`]),
  ];
};

const block = (cause: Cause): string => {
  const [first, second] = cause.findings;
  return (second === undefined && first !== undefined ? single(first) : shared(cause)).join("\n");
};

const closing = (report: AuditReport): string => {
  const { error, warning, info } = count(report.findings);
  const waived = report.waived.length === 0 ? "" : `, ${report.waived.length} waived`;
  const causes = causesOf(report.findings.filter((f) => f.severity !== "info")).length;
  return `${number(report.namespaces, "namespace")}, ${number(report.policies, "policy").replace("policys", "policies")}: ${number(error, "error")}, ${number(warning, "warning")} (${number(causes, "cause")}), ${number(info, "remark")}${waived}`;
};

/** What a person reads in a terminal: causes with their places, the gravest first, remarks only counted unless asked for. */
export const auditText = (report: AuditReport, options: { readonly remarks?: boolean } = {}): string => {
  const shown = report.findings.filter((f) => f.severity !== "info" || options.remarks === true);
  return [...causesOf(shown).map(block), closing(report)].join("\n");
};
