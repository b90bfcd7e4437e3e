import { parsePrefix } from "../cilium/cidr.ts";
import type { LeftOut, Need } from "./need.ts";

const NAMESPACE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What flows and manifests say is data and may be anything; what no API server would take becomes no rule. */
const unwritable = ({ peer, protocol, port }: Need): string | null => {
  const isIcmp = protocol.startsWith("ICMP");
  // An echo reply belongs to its request; in a rule, type 0 would mean every type.
  if (isIcmp && port === 0) return "ICMP type 0 is an answer, which needs no rule";
  if (!Number.isInteger(port) || port < 1 || port > (isIcmp ? 255 : 65_535)) return `${port} is no port of ${protocol}`;
  if (peer.kind === "pods" && !NAMESPACE.test(peer.namespace))
    return "its namespace has no name that Kubernetes accepts";
  if (peer.kind === "cidr" && parsePrefix(peer.cidr) === null) return "its address is none";
  return null;
};

/** Needs that can become rules, and those that cannot, each with its reason. */
export const writable = (
  needs: readonly Need[],
): { readonly needs: readonly Need[]; readonly leftOut: readonly LeftOut[] } => {
  const kept: Need[] = [];
  const leftOut: LeftOut[] = [];
  for (const need of needs) {
    const why = unwritable(need);
    if (why === null) kept.push(need);
    else leftOut.push({ what: `${need.direction} of ${need.subject.kind} ${need.subject.name}`, why });
  }
  return { needs: kept, leftOut };
};
