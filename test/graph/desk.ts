import type { BaseCheckpointSaver } from "@langchain/langgraph";
import type { Attestation, SignOffRequest } from "../../src/facts/attestation.ts";
import { known } from "../../src/facts/known.ts";
import type { Inventory } from "../../src/facts/inventory.ts";
import { buildGraph, type OperatorGraph } from "../../src/graph/build.ts";
import type { GraphPorts } from "../../src/graph/ports.ts";
import { openField, type Field } from "./field.ts";
import { everythingLocked } from "./locked.ts";

const empty: Inventory = {
  commit: null,
  namespaces: [],
  kustomizations: [],
  objects: [],
  policies: [],
  workloads: [],
  services: [],
  gateways: [],
  routes: [],
  declared: [],
  orphans: [],
  problems: [],
};

/** A field in which a namespace is enforced and somebody may sign for it. */
export interface Desk {
  readonly field: Field;
  readonly ports: GraphPorts;
  readonly requests: SignOffRequest[];
  readonly attestations: Attestation[];
  readonly recorded: { attestation: string; namespace: string }[];
  /** What was done to locks. */
  readonly undone: readonly string[];
  graph(): OperatorGraph;
}

export const openDesk = (checkpointer?: BaseCheckpointSaver, more: Parameters<typeof openField>[0] = {}): Desk => {
  const field = openField({ ...more, ...(checkpointer === undefined ? {} : { checkpointer }) });
  const requests: SignOffRequest[] = [];
  const attestations: Attestation[] = [];
  const recorded: { attestation: string; namespace: string }[] = [];
  field.stages["selfhosted"] = { name: "selfhosted", stage: "enforced", waitingFor: null, pullRequest: null };
  const locked = everythingLocked();
  field.tamper = (facts) => ({
    ...locked.facts(facts),
    inventory: { before: known(empty), after: known(empty) },
    live: known({
      pods: [],
      services: [],
      policies: [],
      kustomizations: [],
      sources: [],
      namespaces: [],
      nodes: [],
    }),
    attestations: known([...attestations]),
  });
  const ports: GraphPorts = {
    ...field.ports,
    rollback: locked.hands,
    signOff: {
      putRequest: (request) => void requests.unshift(request),
      requests: (namespace) => requests.filter((request) => namespace === null || request.namespace === namespace),
      record: (attestation, namespace) => {
        if (recorded.some((entry) => entry.attestation === attestation)) return false;
        recorded.push({ attestation, namespace });
        return true;
      },
      recorded: () => recorded,
      page: (request) => `https://operator.example/signoff/${request}`,
    },
  };
  const { undone } = locked;
  return { field, ports, requests, attestations, recorded, undone, graph: () => buildGraph(ports) };
};

/** A person walks and signs; by default for what was asked last. */
export const sign = (desk: Desk, id = "attestation-1", request = desk.requests[0]): string => {
  if (request === undefined) throw new Error("nothing was asked");
  const signature = { state: "valid" } as const;
  desk.attestations.push({ id, request, walked: [], signedAt: 1, by: "robin", keyId: "k", signature });
  return id;
};
