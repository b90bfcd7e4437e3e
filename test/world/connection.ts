import { compilePolicies } from "../../src/cilium/policy-set.ts";
import { labelSet } from "../../src/facts/labels.ts";
import type { Verdict } from "../../src/facts/verdict.ts";
import type { LegitimateEnd, LegitimateFlow } from "../../src/world/legitimate.ts";
import { SETTINGS, policyDocuments } from "../../src/world/traffic/decide.ts";
import { WORLD_START } from "../../src/world/world.ts";
import { trafficOf } from "./traffic.ts";

/** Judges legitimate flows under the policies that stand in the fresh sample cluster. */
export const connectionUnder = async (options: { at?: number }): Promise<(flow: LegitimateFlow) => Verdict> => {
  const { timeline } = await trafficOf();
  const set = compilePolicies(policyDocuments(timeline.at(options.at ?? WORLD_START)), SETTINGS);
  const peer = (end: LegitimateEnd) => ({
    labels: end.names[0] === undefined ? end.labels : labelSet([...end.labels, `fqdn:${end.names[0]}`]),
    ip: end.ip,
    names: end.names,
    endpoint: end.endpoint,
  });
  return ({ source, destination, protocol, port }) =>
    set.connection({ source: peer(source), destination: peer(destination), protocol, port }).verdict;
};
