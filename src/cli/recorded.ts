import type { Coverage } from "../facts/coverage.ts";
import { OperatorError } from "../facts/errors.ts";
import type { EvidenceReader } from "../facts/ports.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { Face } from "./face.ts";

/** What a recording holds, and how much of its window it really saw. */
export interface Recorded {
  readonly evidence: EvidenceReader;
  readonly coverage: Coverage;
  /** What was read badly or not at all, for people. */
  readonly remarks: readonly string[];
}

/** Reads exporter files, a folder of them, or standard input (`-`) into memory. */
export const readRecording = async (
  paths: readonly string[],
  face: Face,
  namespace: string | null,
): Promise<Recorded> => {
  const [{ readFlows }, { memoryEvidence }] = await Promise.all([
    import("../hubble/files.ts"),
    import("../store/evidence.ts"),
  ]);
  const files = await readFlows(paths, {
    onProgress: ({ bytes, ofBytes }) => face.progress.step("reading flows", bytes, ofBytes ?? undefined),
    stdin: process.stdin,
  });
  const evidence = memoryEvidence(files.hours, { loss: face.config.campaign.maxLoss });
  const span = await evidence.span();
  if (span === null)
    throw new OperatorError("input", "there are no flows in it", {
      where: paths.join(", "),
      remedy: "Record some: hubble observe --last 100000 -o jsonpb > flows.json",
    });
  const remarks = [
    ...files.badLines.map(({ at, why }) => `${at}: ${why}; the line was left out`),
    ...(files.bad > files.badLines.length ? [`${files.bad} lines in all could not be read`] : []),
    ...files.cut.map(({ file, why }) => `${file}: ${why}; what came before it counts`),
    ...(files.other === 0
      ? []
      : [
          `${files.other} line(s) of other kinds (node status, agent events, what only a newer Cilium knows) say nothing of flows`,
        ]),
    ...files.repeated.map(({ file, of }) => `${file} holds what ${of} holds and was read once`),
  ];
  return { evidence, coverage: await evidence.coverage({ ...span, namespace, nodes: null }), remarks };
};

/** A namespace that was named has to exist. */
export const needNamespace = (inventory: Inventory, namespace: string, where: string): void => {
  if (inventory.namespaces.some((ns) => ns.name === namespace)) return;
  throw new OperatorError("input", `the repository knows no namespace ${JSON.stringify(namespace)}`, {
    where,
    remedy: `It knows ${inventory.namespaces.map((ns) => ns.name).join(", ")}.`,
  });
};
