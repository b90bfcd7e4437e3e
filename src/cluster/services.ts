import type { LiveService } from "../facts/ports.ts";
import type { Protocol } from "../facts/verdict.ts";
import { field, items, nameOf, namespaceOf, number, stringMap, text, texts } from "./objects.ts";

const PROTOCOLS: Readonly<Record<string, Protocol>> = { TCP: "TCP", UDP: "UDP", SCTP: "SCTP" };

const portsOf = (service: unknown): LiveService["ports"] =>
  items(field(service, "spec", "ports")).flatMap((written) => {
    const port = number(field(written, "port"));
    const protocol = PROTOCOLS[text(field(written, "protocol")) ?? "TCP"];
    if (port === null || protocol === undefined) return [];
    const target = field(written, "targetPort");
    const targetPort = number(target) ?? text(target) ?? port;
    return [{ name: text(field(written, "name")), port, targetPort, protocol }];
  });

/** Addresses at which a Service really answers: headless and ExternalName Services have none of their own. */
const clusterIps = (service: unknown): readonly string[] => {
  const several = texts(field(service, "spec", "clusterIPs"));
  const single = text(field(service, "spec", "clusterIP"));
  return [...new Set([...several, ...(single === null ? [] : [single])])].filter((ip) => ip !== "None");
};

export const liveServices = (services: readonly unknown[]): readonly LiveService[] =>
  services.map((service) => {
    const selector = stringMap(field(service, "spec", "selector"));
    return {
      namespace: namespaceOf(service),
      name: nameOf(service),
      type: text(field(service, "spec", "type")) ?? "ClusterIP",
      selector: Object.keys(selector).length === 0 ? null : selector,
      clusterIps: clusterIps(service),
      loadBalancerIps: [
        ...items(field(service, "status", "loadBalancer", "ingress")).flatMap(
          (entry) => text(field(entry, "ip")) ?? [],
        ),
        ...texts(field(service, "spec", "externalIPs")),
      ],
      ports: portsOf(service),
      externalTrafficPolicy: text(field(service, "spec", "externalTrafficPolicy")),
    };
  });
