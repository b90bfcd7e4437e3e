import type { AuditReport } from "../audit.ts";
import { count } from "../audit.ts";

/** The report as other programs rely on it: version 1, paths relative to the folder that was read. */
export const auditJson = (report: AuditReport, path: string): unknown => ({
  version: 1,
  repository: { path, commit: report.commit },
  summary: { namespaces: report.namespaces, policies: report.policies, findings: count(report.findings) },
  findings: report.findings.map((f) => ({
    rule: f.rule,
    severity: f.severity,
    namespace: f.namespace,
    policy: f.policy,
    message: f.message,
    file: f.origin.file,
    line: f.origin.line,
    column: f.origin.column,
    related: f.related,
    fingerprint: f.fingerprint,
    cause: f.cause,
    lesson: f.lesson,
    fix: f.fix,
  })),
});
