import { createWriteStream } from "node:fs";
import { once } from "node:events";

/**
 * A seeded generator of flow logs as the exporter writes them: about 1.5 KB a line, 10 % DNS, 30 % replies, 5 % drops with
 * their twins, 5 nodes, 1,500 edges. The same seed gives the same bytes.
 */
export interface Mix {
  readonly flows: number;
  readonly seed: number;
  readonly edges?: number;
  readonly nodes?: number;
  /** Flow time runs over this many minutes. */
  readonly minutes?: number;
}

/** mulberry32: 32 bits of state are plenty for a bench. */
export const random = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
};

interface Pod {
  readonly far: string;
  readonly near: string;
  readonly ip: string;
  readonly node: number;
}

interface Link {
  readonly source: Pod;
  readonly destination: Pod;
  readonly port: number;
  readonly udp: boolean;
}

const APPS = 240;
const REPLICAS = 2;
const HASH = "bcdfghjklmnpqrstvwxz2456789";

const podsOf = (next: () => number, nodes: number): Pod[] => {
  const pods: Pod[] = [];
  const letters = (n: number): string =>
    Array.from({ length: n }, () => HASH[Math.floor(next() * HASH.length)]).join("");
  for (let app = 0; app < APPS; app++) {
    const namespace = `team-${app % 24}`;
    const name = `service-${app}`;
    const labels = [
      `k8s:app.kubernetes.io/instance=${name}`,
      `k8s:app.kubernetes.io/name=${name}`,
      `k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=${namespace}`,
      `k8s:io.cilium.k8s.policy.cluster=default`,
      `k8s:io.cilium.k8s.policy.serviceaccount=${name}`,
      `k8s:io.kubernetes.pod.namespace=${namespace}`,
    ];
    const replica = letters(9);
    for (let i = 0; i < REPLICAS; i++) {
      const pod = `${name}-${replica}-${letters(5)}`;
      const who = `"identity":${20_000 + app},"cluster_name":"default","namespace":"${namespace}","labels":${JSON.stringify(labels)},"pod_name":"${pod}"`;
      const node = Math.floor(next() * nodes);
      pods.push({
        far: `{${who}}`,
        near: `{"ID":${100 + pods.length},${who},"workloads":[{"name":"${name}","kind":"Deployment"}]}`,
        ip: `10.42.${node}.${1 + (pods.length % 250)}`,
        node,
      });
    }
  }
  return pods;
};

const START = Date.UTC(2026, 4, 17, 9, 0, 0);

/** Lines without their ends. */
export const flowLines = function* (mix: Mix): Generator<string> {
  const { flows, seed, edges = 1_500, nodes = 5, minutes = 90 } = mix;
  const next = random(seed);
  const pods = podsOf(next, nodes);
  const pick = (): Pod => pods[Math.floor(next() * pods.length)] as Pod;
  const links: Link[] = Array.from({ length: edges }, (_, i) => ({
    source: pick(),
    destination: pick(),
    port: i % 10 === 0 ? 53 : ([8080, 5432, 6379, 9090, 443][i % 5] ?? 80),
    udp: i % 10 === 0,
  }));
  const dns = links.filter((l) => l.udp);
  const uuid = (): string => {
    const hex = (): string =>
      Math.floor(next() * 4_294_967_296)
        .toString(16)
        .padStart(8, "0");
    const [a, b, c, d] = [hex(), hex(), hex(), hex()];
    return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-9${c.slice(1, 4)}-${c.slice(4)}${d}`;
  };

  for (let i = 0; i < flows; i++) {
    const kind = next();
    const isDns = kind < 0.1;
    const isReply = kind >= 0.1 && kind < 0.4;
    const isDrop = kind >= 0.4 && kind < 0.45;
    const link = (isDns ? dns : links)[Math.floor(next() * (isDns ? dns : links).length)] as Link;
    const atSource = isDns || isDrop || next() < 0.5;
    const seenAt = atSource ? link.source.node : link.destination.node;
    const time = new Date(START + Math.floor((i / flows) * minutes * 60_000)).toISOString().replace("Z", "456789Z");
    const client = 32_768 + Math.floor(next() * 28_000);
    const [from, to] = isReply ? [link.destination, link.source] : [link.source, link.destination];
    const [sport, dport] = isReply ? [link.port, client] : [client, link.port];
    const isVerdict = !isDns && !isReply && !isDrop && i % 4 === 0;
    const end = (pod: Pod): string => (pod.node === seenAt ? pod.near : pod.far);
    const l4 = link.udp
      ? `{"UDP":{"source_port":${sport},"destination_port":${dport}}}`
      : `{"TCP":{"source_port":${sport},"destination_port":${dport},"flags":{${isReply ? `"PSH":true,"ACK":true` : `"SYN":true`}}}}`;
    const direction = atSource ? "EGRESS" : "INGRESS";
    const head = (verdict: string): string =>
      `{"flow":{"time":"${time}","uuid":"${uuid()}","emitter":{"name":"Hubble","version":"1.19.4"},"verdict":"${verdict}"`;
    const middle =
      `,"ethernet":{"source":"aa:bb:cc:00:00:01","destination":"aa:bb:cc:00:00:02"}` +
      `,"IP":{"source":"${from.ip}","destination":"${to.ip}","ipVersion":"IPv4"},"l4":${l4}` +
      `,"source":${end(from)},"destination":${end(to)}`;
    const tail = `},"node_name":"default/worker-${seenAt}","time":"${time}"}`;
    const node = `,"node_name":"default/worker-${seenAt}"`;
    if (isDns) {
      const host = Math.floor(next() * 400);
      const query = `service-${host}.example.com.`;
      const isAnswer = i % 2 === 1;
      const answer = isAnswer ? `"ips":["203.0.113.${(host + (i % 3)) % 250}"],"ttl":30,` : "";
      yield `${head("FORWARDED")}${middle},"Type":"L7"${node},"l7":{"type":"${isAnswer ? "RESPONSE" : "REQUEST"}","dns":{"query":"${query}",${answer}"observation_source":"proxy","qtypes":["A"]}},"event_type":{"type":129},"traffic_direction":"EGRESS","is_reply":${isAnswer},"Summary":"DNS Query ${query} A"${tail}`;
      continue;
    }
    if (isDrop) {
      const reason = `,"drop_reason_desc":"POLICY_DENIED","Summary":"TCP Flags: SYN"`;
      const told = (event: string): string =>
        `${head("DROPPED")},"drop_reason":133${middle},"Type":"L3_L4"${node},"event_type":${event},"traffic_direction":"${direction}"${reason}${tail}`;
      yield told(`{"type":5}`);
      i += 1;
      if (i < flows) yield told(`{"type":1,"sub_type":133}`);
      continue;
    }
    const allowed = `"egress_allowed_by":[{"name":"allow-all","namespace":"team-1","labels":["k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy","k8s:io.cilium.k8s.policy.name=allow-all"],"revision":"57","kind":"CiliumNetworkPolicy"}]`;
    const event = isVerdict
      ? `"event_type":{"type":5},"traffic_direction":"${direction}","policy_match_type":2,"is_reply":false,"Summary":"TCP Flags: SYN",${allowed}`
      : atSource
        ? `"event_type":{"type":4,"sub_type":3},"traffic_direction":"${direction}","trace_observation_point":"TO_STACK","trace_reason":"NEW","is_reply":${isReply},"Summary":"TCP Flags: SYN"`
        : `"event_type":{"type":4},"traffic_direction":"${direction}","trace_observation_point":"TO_ENDPOINT","trace_reason":"NEW","is_reply":${isReply},"Summary":"TCP Flags: SYN"`;
    yield `${head("FORWARDED")}${middle},"Type":"L3_L4"${node},${event}${tail}`;
  }
};

export const writeFlows = async (path: string, mix: Mix): Promise<void> => {
  const out = createWriteStream(path, { highWaterMark: 1 << 22 });
  let block: string[] = [];
  for (const line of flowLines(mix)) {
    block.push(line);
    if (block.length < 2_000) continue;
    if (!out.write(`${block.join("\n")}\n`)) await once(out, "drain");
    block = [];
  }
  out.end(block.length === 0 ? "" : `${block.join("\n")}\n`);
  await once(out, "finish");
};
