import type { Finding, Severity } from "../../facts/finding.ts";
import type { AuditReport } from "../audit.ts";
import { plain } from "./plain.ts";

const COMMAND: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", info: "notice" };

/** GitHub's own escapes for workflow commands: data, and properties on top of it. */
const data = (text: string): string => text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");

const annotation = (f: Finding): string => {
  const at = `file=${property(plain(f.origin.file))},line=${f.origin.line},col=${f.origin.column}`;
  return `::${COMMAND[f.severity]} ${at},title=${property(f.rule)}::${data(plain(f.message))}`;
};

/** Workflow commands that GitHub shows on the lines of a pull request, the gravest first. */
export const auditAnnotations = (report: AuditReport): string =>
  report.findings
    .filter((f) => f.severity !== "info")
    .map(annotation)
    .join("\n");
