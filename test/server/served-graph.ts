/** Loaded by the LangGraph server, which takes a file's name; the graph itself comes from whoever started the server. */
const SERVED = Symbol.for("network-operator/served-graph");

const shelf = globalThis as { [SERVED]?: object | undefined };

export const putServedGraph = (served: object | undefined): void => {
  shelf[SERVED] = served;
};

export const graph = (): object | undefined => shelf[SERVED];
