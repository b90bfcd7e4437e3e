import type { Coverage } from "../facts/coverage.ts";
import type { Edge } from "../facts/edge.ts";
import { OperatorError } from "../facts/errors.ts";
import type { RelayAddress } from "../hubble/relay.ts";
import { openCluster } from "./cluster.ts";
import { openEvidence } from "./evidence.ts";
import { openPlace, type Place } from "./place.ts";
import { watchFirstDay } from "./sample.ts";
import type { Setting } from "./setting.ts";

/** Evidence for a person: what is in the store, and a collector for weeks. */
export interface Flows {
  readonly place: Place;
  summary(namespace: string | null): Promise<{ readonly edges: readonly Edge[]; readonly coverage: Coverage }>;
  collect(stop: AbortSignal): Promise<{ readonly flows: number; readonly lost: number; readonly bad: number }>;
  dispose(): Promise<void>;
}

/** Relay as configured; the sample's flows come only while its clock is turned. */
export const relayOf = ({ config }: Setting): RelayAddress => {
  const { relay, tls } = config.flows;
  if (relay === null)
    throw new OperatorError("input", "no Relay is configured", {
      where: "flows.relay",
      remedy: "Name Hubble Relay's host:port. On the sample, flows are read while its clock turns: sample clock +24h.",
    });
  const { ca, certificate, key, serverName } = tls;
  const named = { ca, cert: certificate, key, serverName };
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== null));
  return { address: relay, tls: tls.enabled ? given : null };
};

export const openFlows = async (setting: Setting): Promise<Flows> => {
  const place = await openPlace(setting);
  const evidence = await openEvidence(setting);
  if (place.world !== null) await watchFirstDay(place.world, evidence, setting.progress);
  return {
    place,
    summary: async (namespace) => {
      const span = await evidence.span();
      if (span === null)
        throw new OperatorError("input", "there is no evidence yet", {
          where: setting.state,
          remedy: "Collect some: network-operator flows collect.",
        });
      const served = (await place.world?.serve()) ?? null;
      try {
        const cluster = await openCluster(setting, served);
        const pods = (await cluster?.pods()) ?? null;
        const hosts = pods?.filter((pod) => pod.namespace === namespace && !pod.hostNetwork).map((pod) => pod.node);
        const nodes = namespace === null || hosts === undefined ? null : [...new Set(hosts)];
        return {
          edges: await evidence.edges(namespace === null ? {} : { namespace }),
          coverage: await evidence.coverage({ ...span, namespace, nodes }),
        };
      } finally {
        await served?.close();
      }
    },
    collect: async (stop) => {
      const { collect } = await import("../hubble/collector.ts");
      return collect({
        relay: relayOf(setting),
        writer: evidence,
        follow: true,
        signal: stop,
        onProgress: ({ flows, lost, nodes }) =>
          setting.progress.step(`${flows} flows from ${nodes} nodes, ${lost} reported lost`),
      });
    },
    dispose: async () => {
      await evidence.dispose();
      await place.dispose();
    },
  };
};
