import { OperatorError } from "../facts/errors.ts";
import { connect, type Connection, type Identity, type Reply } from "./connection.ts";
import { field, items, text } from "./objects.ts";

const PAGE = 500;

export const messageOf = ({ body, status }: Reply): string => text(field(body, "message")) ?? `status ${status}`;

export const outside = (connection: Connection, what: string, remedy: string): OperatorError =>
  new OperatorError("outside", what, { where: connection.server, remedy });

/** Connects once, when first asked; a failed attempt is tried again. */
export const lazily = (identity: Identity): (() => Promise<Connection>) => {
  let connection: Promise<Connection> | null = null;
  return () => {
    connection ??= connect(identity).catch((error: unknown) => {
      connection = null;
      throw error;
    });
    return connection;
  };
};

/** Every object at a path, page by page; null where the API server does not know the resource. */
const listAll = async (connection: Connection, path: string): Promise<readonly unknown[] | null> => {
  const found: unknown[] = [];
  for (let next: string | null = "", pages = 0; next !== null && pages < 1_000; pages++) {
    const query: string = next === "" ? `limit=${PAGE}` : `limit=${PAGE}&continue=${encodeURIComponent(next)}`;
    const reply = await connection.send({ method: "GET", path: `${path}?${query}` });
    if (reply.status === 404) return null;
    if (reply.status === 401 || reply.status === 403)
      throw outside(
        connection,
        `the cluster refuses to list ${path}: ${messageOf(reply)}`,
        "Give this identity the right to get, list and watch it",
      );
    if (reply.status !== 200)
      throw outside(
        connection,
        `the cluster cannot list ${path}: ${messageOf(reply)}`,
        "Ask again; if it stays, look at the API server",
      );
    found.push(...items(field(reply.body, "items")));
    next = text(field(reply.body, "metadata", "continue"));
  }
  return found;
};

/** Objects of a resource that may be missing, in the first version that is there: a cluster without Flux, or without Cilium. */
export const optional = async (connection: Connection, ...paths: readonly string[]): Promise<readonly unknown[]> => {
  for (const path of paths) {
    const found = await listAll(connection, path);
    if (found !== null) return found;
  }
  return [];
};

export const required = async (connection: Connection, path: string): Promise<readonly unknown[]> => {
  const found = await listAll(connection, path);
  if (found === null)
    throw outside(connection, `there is nothing at ${path}`, "Check that this is a Kubernetes API server");
  return found;
};

/** Objects that only make an answer better: without the right to read them, it is given without. */
export const ifAllowed = async (connection: Connection, path: string): Promise<readonly unknown[]> => {
  try {
    return await optional(connection, path);
  } catch (error) {
    if (error instanceof OperatorError) return [];
    throw error;
  }
};
