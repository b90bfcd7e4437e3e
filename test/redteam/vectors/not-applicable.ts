/** Ways of the field notes that this program has no place for, and what shows that: a test of this name proves it. */
export const NOT_APPLICABLE: Readonly<Record<string, { readonly what: string; readonly why: string }>> = {
  V18: {
    what: "approval switched off by the caller's context",
    why: "nothing here is guarded by LangChain's middleware, and the seal passes no context on",
  },
  V22: {
    what: "a subgraph's state edited through its namespace",
    why: "no node is a subgraph: the builder refuses one, and the seal refuses the namespace",
  },
  V36: {
    what: "a sibling tool call runs again on resume",
    why: "there is no tool node: one node runs reading tools one after the other, and no pause is in it",
  },
  V39: {
    what: "a second exported graph that begins behind the gate",
    why: "langgraph.json exports one graph, and its module one thing",
  },
  V40: {
    what: "the graph as somebody else's tool",
    why: "the server that comes with the command line has neither /mcp nor /a2a",
  },
};
