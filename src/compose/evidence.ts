import { existsSync } from "node:fs";
import { join } from "node:path";
import { DAY } from "../facts/clock.ts";
import type { EvidenceReader } from "../facts/ports.ts";
import type { EvidenceStore } from "../store/evidence.ts";
import type { Setting } from "./setting.ts";

/** Evidence with its key in the state folder: whoever lacks the key cannot make any. Postgres by URL, else SQLite. */
export const openEvidence = async (setting: Setting): Promise<EvidenceStore> => {
  const { secretFile } = await import("../store/secret.ts");
  const { campaign, store } = setting.config;
  const options = {
    key: secretFile(join(setting.state, "keys", "evidence")),
    retention: store.retentionDays * DAY,
    rules: { loss: campaign.maxLoss },
  };
  if (store.postgres !== null) {
    const { openPostgresEvidence } = await import("../store/postgres.ts");
    return openPostgresEvidence({ url: store.postgres, ...options });
  }
  const { openEvidenceStore } = await import("../store/evidence-sqlite.ts");
  return openEvidenceStore({ path: join(setting.state, "evidence.sqlite"), ...options });
};

export type Evidence = EvidenceReader & { dispose(): Promise<void> };

/** What gates read: the store, or the export files that the configuration names. Null where there is neither. */
export const evidenceToRead = async (setting: Setting, sampled: boolean): Promise<Evidence | null> => {
  const { flows, store, campaign } = setting.config;
  if (flows.relay === null && flows.files.length > 0) {
    const [{ readFlows }, { memoryEvidence }] = await Promise.all([
      import("../hubble/files.ts"),
      import("../store/evidence.ts"),
    ]);
    const { hours } = await readFlows(flows.files, {
      onProgress: ({ bytes, ofBytes }) => setting.progress.step("reading flows", bytes, ofBytes ?? undefined),
    });
    return { ...memoryEvidence(hours, { loss: campaign.maxLoss }), dispose: async () => undefined };
  }
  const kept = existsSync(join(setting.state, "evidence.sqlite"));
  return sampled || flows.relay !== null || store.postgres !== null || kept ? openEvidence(setting) : null;
};
