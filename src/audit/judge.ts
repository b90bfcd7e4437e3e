import { podIdentityLabels } from "../cilium/labels.ts";
import type { PolicySet } from "../cilium/policy-set.ts";
import type { Inventory } from "../facts/inventory.ts";
import type { LabelSet } from "../facts/labels.ts";
import type { RuleRef } from "../facts/policy.ts";
import type { CiliumSettings } from "../facts/settings.ts";
import type { Direction, DirectionVerdict, Endpoint, Peer, Protocol } from "../facts/verdict.ts";
import type { PodView } from "./pods.ts";

/** Labels of peers that are no pods. */
export const WORLD: Peer = { labels: ["reserved:world"], ip: null, names: null };
export const HOST: Peer = { labels: ["reserved:host"] };
export const REMOTE_NODE: Peer = { labels: ["reserved:remote-node"] };
/** An API server on another node of the cluster (C D.5). */
export const APISERVER: Peer = { labels: ["reserved:kube-apiserver", "reserved:remote-node"] };

export const podPeer = (endpoint: Endpoint): Peer => ({
  labels: endpoint.labels,
  ...(endpoint.namedPorts === undefined ? {} : { namedPorts: endpoint.namedPorts }),
});

/** Asks the kernel, and remembers. */
export class Judge {
  readonly #kernel: PolicySet;
  readonly #plain = new Map<string, Endpoint>();
  readonly #namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly #cluster: string;
  readonly #locks = new Map<string, { readonly value: boolean; readonly by: readonly RuleRef[] }>();
  readonly #verdicts = new Map<string, DirectionVerdict>();
  readonly #byArray = new WeakMap<LabelSet, number>();
  readonly #byText = new Map<string, number>();

  constructor(kernel: PolicySet, inventory: Inventory, settings: CiliumSettings) {
    this.#kernel = kernel;
    this.#cluster = settings.clusterName;
    this.#namespaceLabels = new Map(inventory.namespaces.map((n) => [n.name, n.labels]));
  }

  /** A pod that carries these labels and no others. */
  endpoint(namespace: string, podLabels: Readonly<Record<string, string>> = {}): Endpoint {
    const bare = Object.keys(podLabels).length === 0;
    const known = bare ? this.#plain.get(namespace) : undefined;
    if (known !== undefined) return known;
    const labels = podIdentityLabels({
      podLabels,
      namespace,
      namespaceLabels: this.#namespaceLabels.get(namespace) ?? {},
      cluster: this.#cluster,
    });
    const made = { labels };
    if (bare) this.#plain.set(namespace, made);
    return made;
  }

  /** Which rules put an endpoint's direction under default deny. */
  defaultDeny(endpoint: Endpoint, direction: Direction): { readonly value: boolean; readonly by: readonly RuleRef[] } {
    const key = `${direction} ${this.#idOf(endpoint.labels)}`;
    const known = this.#locks.get(key);
    if (known !== undefined) return known;
    const found = this.#kernel.defaultDeny(endpoint, direction);
    this.#locks.set(key, found);
    return found;
  }

  /** Whether a pod without any label of its own is under default deny there: the namespace as a whole is locked. */
  locked(namespace: string, direction: Direction): boolean {
    return this.defaultDeny(this.endpoint(namespace), direction).value;
  }

  lockedAnyWay(namespace: string): boolean {
    return this.locked(namespace, "ingress") || this.locked(namespace, "egress");
  }

  ask(direction: Direction, subject: Endpoint, peer: Peer, protocol: Protocol, port: number): DirectionVerdict {
    const key = `${direction} ${this.#idOf(subject.labels)} ${this.#peerKey(peer)} ${protocol} ${port}`;
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const verdict = this.#kernel.judge({ direction, subject, peer, protocol, port });
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  /** A short name for a label set: the same labels in another array are the same set. */
  #idOf(labels: LabelSet): number {
    const known = this.#byArray.get(labels);
    if (known !== undefined) return known;
    const text = labels.join(",");
    const id = this.#byText.get(text) ?? this.#byText.size;
    this.#byText.set(text, id);
    this.#byArray.set(labels, id);
    return id;
  }

  #peerKey(peer: Peer): string {
    const who = peer.labels === null ? "?" : this.#idOf(peer.labels);
    const named = Object.entries(peer.namedPorts ?? {}).map(([name, p]) => `${name}=${p.port}`);
    return `${who}|${peer.ip ?? ""}|${peer.names?.join(",") ?? ""}|${named.join(",")}`;
  }

  ingress(to: PodView, from: Peer, protocol: Protocol, port: number): DirectionVerdict {
    return this.ask("ingress", to.endpoint, from, protocol, port);
  }

  egress(from: PodView, to: Peer, protocol: Protocol, port: number): DirectionVerdict {
    return this.ask("egress", from.endpoint, to, protocol, port);
  }
}
