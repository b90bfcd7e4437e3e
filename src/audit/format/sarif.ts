import type { Finding, Severity } from "../../facts/finding.ts";
import type { AuditReport, Waived } from "../audit.ts";
import { KNOWN_RULES } from "../audit.ts";
import type { Edit } from "../edit.ts";
import { regionOf } from "../edit.ts";
import { plain } from "./plain.ts";

/** The part of SARIF 2.1.0 that is written here, by the names of the standard. */
interface Location {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string; readonly uriBaseId: "%SRCROOT%" };
    readonly region: { readonly startLine: number; readonly startColumn?: number };
  };
  readonly message?: { readonly text: string };
}

interface SarifFix {
  readonly description: { readonly text: string };
  readonly artifactChanges: readonly {
    readonly artifactLocation: Location["physicalLocation"]["artifactLocation"];
    readonly replacements: readonly {
      readonly deletedRegion: {
        readonly startLine: number;
        readonly startColumn: number;
        readonly endLine: number;
        readonly endColumn: number;
      };
      readonly insertedContent?: { readonly text: string };
    }[];
  }[];
}

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: "error" | "warning" | "note";
  readonly message: { readonly text: string };
  readonly locations: readonly Location[];
  readonly relatedLocations?: readonly Location[];
  readonly partialFingerprints: Readonly<Record<string, string>>;
  readonly fixes?: readonly SarifFix[];
  readonly suppressions?: readonly { readonly kind: "external" | "inSource"; readonly justification: string }[];
}

export interface Sarif {
  readonly $schema: string;
  readonly version: "2.1.0";
  readonly runs: readonly [
    {
      readonly tool: {
        readonly driver: {
          readonly name: "network-operator";
          readonly semanticVersion: string;
          readonly rules: readonly {
            readonly id: string;
            readonly shortDescription: { readonly text: string };
            readonly help: { readonly text: string };
            readonly defaultConfiguration: { readonly level: Result["level"] };
            readonly properties: { readonly tags: readonly string[] };
          }[];
        };
      };
      readonly columnKind: "utf16CodeUnits";
      readonly results: readonly Result[];
    },
  ];
}

const LEVEL: Readonly<Record<Severity, Result["level"]>> = { error: "error", warning: "warning", info: "note" };

const FINGERPRINT = "networkOperatorDefect/v1";

/** A path as a relative URI reference; what a URI gives a meaning is escaped. */
const uri = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

const artifact = (path: string): Location["physicalLocation"]["artifactLocation"] => ({
  uri: uri(path),
  uriBaseId: "%SRCROOT%",
});

const locationOf = (file: string, line: number, column: number | null, message: string | null): Location => ({
  physicalLocation: {
    artifactLocation: artifact(file),
    region: { startLine: Math.max(1, line), ...(column === null ? {} : { startColumn: Math.max(1, column) }) },
  },
  ...(message === null ? {} : { message: { text: plain(message) } }),
});

const fixOf = (
  finding: Finding,
  edits: readonly Edit[],
  read: (path: string) => string | null,
): readonly SarifFix[] => {
  const changes = [...Map.groupBy(edits, (e) => e.at.file)].flatMap(([file, all]) => {
    const text = read(file);
    if (text === null) return [];
    const lines = text.split("\n");
    const replacements = all.flatMap((edit) => {
      const region = regionOf(edit, lines);
      if (region === null) return [];
      const { text: inserted, ...deletedRegion } = region;
      return [{ deletedRegion, ...(inserted === "" ? {} : { insertedContent: { text: inserted } }) }];
    });
    return replacements.length === 0 ? [] : [{ artifactLocation: artifact(file), replacements }];
  });
  return changes.length === 0
    ? []
    : [{ description: { text: plain(finding.fix ?? "Repair") }, artifactChanges: changes }];
};

const suppressionOf = ({ waiver }: Waived): NonNullable<Result["suppressions"]> => [
  { kind: waiver.policy === null ? "external" : "inSource", justification: plain(waiver.reason) },
];

/**
 * The report for code scanning. `read` gives a file's text, for fixes; waived findings are written as suppressed, so that
 * the service neither shows nor forgets them.
 */
export const auditSarif = (
  report: AuditReport,
  options: { readonly version: string; readonly read: (path: string) => string | null },
): Sarif => {
  const index = new Map(KNOWN_RULES.map((rule, i) => [rule.id, i]));
  const resultOf = (f: Finding, waived: Waived | null): Result => {
    const fixes = fixOf(f, report.edits.get(f.fingerprint) ?? [], options.read);
    return {
      ruleId: f.rule,
      ruleIndex: index.get(f.rule) ?? -1,
      level: LEVEL[f.severity],
      message: { text: plain(f.message) },
      locations: [locationOf(f.origin.file, f.origin.line, f.origin.column, null)],
      ...(f.related.length === 0
        ? {}
        : { relatedLocations: f.related.map((r) => locationOf(r.file, r.line, null, r.message)) }),
      partialFingerprints: { [FINGERPRINT]: f.fingerprint },
      ...(fixes.length === 0 ? {} : { fixes }),
      ...(waived === null ? {} : { suppressions: suppressionOf(waived) }),
    };
  };
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "network-operator",
            semanticVersion: options.version,
            rules: KNOWN_RULES.map((rule) => ({
              id: rule.id,
              shortDescription: { text: rule.about },
              help: { text: rule.remedy },
              defaultConfiguration: { level: LEVEL[rule.severity] },
              properties: {
                tags: ["cilium", "networkpolicy", ...(rule.lesson === null ? [] : [`lesson-${rule.lesson}`])],
              },
            })),
          },
        },
        columnKind: "utf16CodeUnits",
        results: [
          ...report.findings.map((f) => resultOf(f, null)),
          ...report.waived.map((w) => resultOf(w.finding, w)),
        ],
      },
    ],
  };
};
