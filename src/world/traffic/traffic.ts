import { DAY, HOUR } from "../../facts/clock.ts";
import { podsAt, runsOf, type Pod } from "../cluster/pods.ts";
import type { Timeline } from "../cluster/timeline.ts";
import { hash, pick } from "../hash.ts";
import type { Journey, Talk, Workload } from "../scenario/model.ts";
import { APISERVER_VIP, INSIDE_ZONE, OUTSIDERS } from "../scenario/nodes.ts";
import { JOURNEYS, WORKLOADS, serviceOf } from "../scenario/areas.ts";
import type { Action } from "../state.ts";
import { isOn } from "../switches.ts";
import { deciderOf, type Decider, type Decision } from "./decide.ts";
import type { End } from "./ends.ts";
import { journeyAt, occurrencesBetween, type Cast, type Occurrence } from "./occurrences.ts";
import { shapesOf, type Connection, type DnsQuestion, type Shape } from "./shapes.ts";

/** One Hubble event of the world: a shape and its moment. */
export interface FlowRecord {
  readonly time: number;
  readonly shape: Shape;
  /** The client's ephemeral port. */
  readonly port: number;
  readonly uuid: string;
}

export interface JourneyOutcome {
  readonly through: boolean;
  /** The talk that was dropped, where one was. */
  readonly stoppedAt: string | null;
}

export interface Traffic {
  /** All events in `[from, to)`, in order of time. */
  between(from: number, to: number): FlowRecord[];
  /** What a person would see now; nothing is recorded. */
  walk(journey: string, time: number): JourneyOutcome | null;
  pods(time: number): readonly Pod[];
}

/** What began so long ago may still leave flows. */
const SPILL = 20_000;
/** A lost SYN is sent again after one and three seconds, an unanswered question after five. */
const RETRIES = { TCP: [0, 1_000, 3_000], other: [0, 5_000] } as const;

export const makeTraffic = (world: {
  readonly seed: number;
  readonly start: number;
  readonly timeline: Timeline;
  readonly actions: readonly Action[];
  /** Who runs there besides the scenario's own, and talks to nobody. */
  readonly guests?: readonly Workload[];
}): Traffic => {
  const { seed, start, timeline, actions, guests = [] } = world;
  const shapes = new WeakMap<Decision, Map<string, ReturnType<typeof shapesOf>>>();

  /** Times at which pods or policies change. */
  const edges = [
    ...timeline.states.map((s) => s.from),
    ...actions.flatMap((a) => (a.kind === "restart" || a.kind === "failover" ? [a.time] : [])),
  ].sort((a, b) => a - b);

  const runEdges = (from: number, to: number): number[] =>
    WORKLOADS.flatMap((w) => runsOf(w, actions, start, from, to)).flatMap((run) => [run.from, run.to]);

  const casts = new Map<number, Cast>();
  /** Pods are the same until the next edge; their names and identities are not worked out anew each minute. */
  const castAt = (time: number): Cast => {
    const since = Math.max(start, ...[...edges, ...runEdges(time - DAY, time + 1)].filter((e) => e <= time));
    let cast = casts.get(since);
    if (cast === undefined) {
      cast = { seed, start, actions, pods: podsAt(timeline.at(time), actions, start, time, guests) };
      casts.set(since, cast);
    }
    return cast;
  };

  /** One decision stands for its ends and port; what is left are the few ways in which its packets can be shown. */
  const shapesFor = (connection: Connection): ReturnType<typeof shapesOf> => {
    const { decision, dns, dialled, oneWay, long } = connection;
    const memory = shapes.get(decision) ?? new Map<string, ReturnType<typeof shapesOf>>();
    shapes.set(decision, memory);
    const variant = `${String(long)} ${String(oneWay)} ${dialled?.ip ?? ""} ${dns.map((q) => q.name).join()}`;
    const known = memory.get(variant);
    if (known !== undefined) return known;
    const made = shapesOf(connection);
    memory.set(variant, made);
    return made;
  };

  /** Plays one occurrence; `emit` gets its flows, or null to look only at the outcome. */
  const play = (happens: Occurrence, cast: Cast, decider: Decider, emit: FlowRecord[] | null): JourneyOutcome => {
    const h = hash(cast.seed, happens.dice);
    const uuid = uuids(h, happens.time);
    let serial = 0;
    let time = happens.time;
    const connect = (connection: Connection): boolean => {
      const { shapes, delivered } = shapesFor(connection);
      const tries = delivered ? [0] : connection.protocol === "TCP" ? RETRIES.TCP : RETRIES.other;
      const port = 32_768 + ((h + serial * 7_919) % 28_000);
      for (const wait of emit === null ? [] : tries) {
        for (const shape of shapes) {
          serial += 1;
          emit?.push({ time: time + wait + shape.after, shape, port, uuid: uuid(serial) });
        }
      }
      return delivered;
    };
    const autopath = isOn(cast.actions, "autopath", happens.time, false);
    for (const { talk, source, destination } of happens.steps) {
      if (comesFromOutside(talk) && !isOn(cast.actions, "tunnel", happens.time, true)) {
        return { through: false, stoppedAt: "the tunnel is cut" };
      }
      const lookup =
        talk.asks === null || source.kind !== "pod"
          ? null
          : lookupOf(cast, talk, source.pod, decider, happens.dice, autopath);
      if (lookup !== null) {
        if (!connect(lookup)) return { through: false, stoppedAt: `${talk.id} (asking for ${talk.asks ?? ""})` };
        time += 12;
      }
      // Names count only where the proxy saw the answer (C B.4.3).
      const proxied = lookup !== null && lookup.decision.verdict.egress.outcome === "allowed-l7";
      const name = proxied ? (lookup?.dns.at(-1)?.name ?? null) : null;
      const to: End = destination.kind === "world" ? { ...destination, name } : destination;
      const delivered = connect({
        source,
        destination: to,
        protocol: talk.protocol,
        port: talk.port,
        decision: decider.decide(source, to, talk.protocol, talk.port),
        world: decider.worldLabels,
        dns: [],
        dialled: showsSocket(talk) ? dialledBy(talk) : null,
        oneWay: talk.oneWay,
        long: happens.long,
      });
      if (!delivered) return { through: false, stoppedAt: talk.id };
      time += 80;
    }
    return { through: true, stoppedAt: null };
  };

  return {
    between: (from, to) => {
      const records: FlowRecord[] = [];
      const first = Math.max(start, from - SPILL);
      const cuts = [
        first,
        ...[...edges, ...runEdges(first, to)].filter((e) => e > first && e < to).sort((a, b) => a - b),
        to,
      ];
      for (const [index, since] of cuts.slice(0, -1).entries()) {
        const until = cuts[index + 1] ?? to;
        const cast = castAt(since);
        const decider = deciderOf(timeline.at(since));
        for (const happens of occurrencesBetween(cast, since, until)) play(happens, cast, decider, records);
      }
      return records.filter((r) => r.time >= from && r.time < to).sort((a, b) => a.time - b.time);
    },
    walk: (journey, time) => {
      const found: Journey | undefined = JOURNEYS.find((j) => j.id === journey);
      if (found === undefined) return null;
      const cast = castAt(time);
      const happens = journeyAt(cast, found, time);
      return happens === null
        ? { through: false, stoppedAt: "a pod that does not run" }
        : play(happens, cast, deciderOf(timeline.at(time)), null);
    },
    pods: (time) => castAt(time).pods,
  };
};

/** What people outside ask for comes in through the tunnel's pod and by no other way. */
const comesFromOutside = ({ from, to }: Talk): boolean =>
  from.kind === "workload" && from.id === "network/tunnel" && to.kind === "workload";

/** Socket translation is shown for what is rare enough to matter to a reader. */
const showsSocket = (talk: Talk): boolean => talk.cadence.kind !== "steady" || talk.cadence.every >= HOUR;

/** A name of the zone resolves to the gateway's outside address, a Service's name to its cluster address. */
const dialledBy = (talk: Talk): { readonly ip: string; readonly port: number } | null => {
  if (talk.to.kind === "apiserver") return { ip: APISERVER_VIP, port: 443 };
  const [id = "", port = ""] = talk.via?.split(":") ?? [];
  const service = serviceOf(id);
  if (service === null) return null;
  const inside = talk.asks?.endsWith(`.${INSIDE_ZONE}`) === true;
  return { ip: inside ? (service.loadBalancerIp ?? service.clusterIp) : service.clusterIp, port: Number(port) };
};

const hex = (n: number, width: number): string => n.toString(16).padStart(width, "0").slice(-width);

/** Ids of one occurrence's events: its dice and moment, and a count. */
const uuids = (dice: number, time: number): ((serial: number) => string) => {
  const [head, tail] = [`${hex(dice, 8)}-`, `-4${hex(dice >>> 4, 3)}-8000-${hex(time, 12)}`];
  return (serial) => head + hex(serial, 4) + tail;
};

/** The question a pod asks before it talks: through its search domains first, because ndots is 5 (C B.4.4). */
const lookupOf = (
  cast: Cast,
  talk: Talk,
  pod: Pod,
  decider: Decider,
  dice: string,
  autopath: boolean,
): Connection | null => {
  const servers = cast.pods.filter((p) => p.workload.id === "kube-system/coredns");
  const server = pick(servers, cast.seed, "dns", dice);
  const { asks } = talk;
  if (server === null || asks === null) return null;
  const source: End = { kind: "pod", pod };
  const destination: End = { kind: "pod", pod: server };
  const search = [`${pod.namespace}.svc.cluster.local`, "svc.cluster.local", "cluster.local"];
  const expanded = search.map((domain) => `${asks}.${domain}`);
  // With autopath the server finds the answer under the first name asked, and that name is what Cilium keeps.
  const dns: DnsQuestion[] = autopath
    ? [{ name: expanded[0] ?? asks, ips: answersFor(asks) }]
    : [...expanded.map((name) => ({ name, ips: [] })), { name: asks, ips: answersFor(asks) }];
  return {
    source,
    destination,
    protocol: "UDP",
    port: 53,
    decision: decider.decide(source, destination, "UDP", 53),
    world: decider.worldLabels,
    dns,
    dialled: null,
    oneWay: false,
    long: false,
  };
};

const answersFor = (name: string): readonly string[] => {
  const outsider = OUTSIDERS.find((o) => o.name === name);
  if (outsider !== undefined) return outsider.ips;
  if (name.endsWith(`.${INSIDE_ZONE}`)) {
    const gateway = serviceOf("network/envoy-internal");
    return gateway?.loadBalancerIp === undefined || gateway.loadBalancerIp === null ? [] : [gateway.loadBalancerIp];
  }
  const [service = "", namespace = ""] = name.split(".");
  const found = serviceOf(`${namespace}/${service}`);
  return found === null ? [] : [found.clusterIp];
};
