import { DatabaseSync } from "node:sqlite";
import { OperatorError } from "../facts/errors.ts";

/** Milliseconds another process may hold the write lock before we give up. */
const BUSY = 10_000;

/**
 * A database in a file of its own, shared between processes: readers never wait for the writer (WAL), writers wait for each
 * other up to a limit.
 * @throws OperatorError `input` when the file is no database or cannot be opened
 */
export const openDatabase = (path: string, schema: string): DatabaseSync => {
  try {
    const database = new DatabaseSync(path, { timeout: BUSY });
    database.exec("pragma journal_mode = wal; pragma synchronous = full");
    database.exec(schema);
    return database;
  } catch (cause) {
    throw new OperatorError("input", `this database cannot be opened: ${String(cause)}`, {
      where: path,
      remedy: "Move the file away to start a new one; what it held is then gone.",
      cause,
    });
  }
};

/** Everything or nothing. Immediate, so that two writers queue instead of failing half way. */
export const inTransaction = <T>(database: DatabaseSync, work: () => T): T => {
  database.exec("begin immediate");
  try {
    const result = work();
    database.exec("commit");
    return result;
  } catch (error) {
    database.exec("rollback");
    throw error;
  }
};
