import { randomBytes } from "node:crypto";
import { MINUTE, type Clock } from "../facts/clock.ts";
import { openDatabase, sealOf, type ConfirmationRecord } from "./confirmations.ts";

/** Long enough for the command to carry it out, too short to be kept for later. */
const LIFE = 15 * MINUTE;

/**
 * Writes down that a person said yes, to exactly this digest, once. Only the operator's terminal gets here: an import test
 * keeps the graph, the server and the tools away, and without the key in its file the rows are worth nothing.
 */
export const confirm = (
  place: { readonly path: string; readonly key: string; readonly clock: Clock },
  word: { readonly namespace: string; readonly digest: string; readonly by: string },
): string => {
  const at = place.clock.now();
  const record: ConfirmationRecord = {
    id: randomBytes(16).toString("base64url"),
    namespace: word.namespace,
    digest: word.digest,
    by: word.by,
    at,
    expiresAt: at + LIFE,
  };
  const database = openDatabase(place.path);
  try {
    database
      .prepare("insert into confirmations (id, record, seal) values (?, ?, ?)")
      .run(record.id, JSON.stringify(record), sealOf(record, place.key));
  } finally {
    database.close();
  }
  return record.id;
};
