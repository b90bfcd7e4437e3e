import type { LiveEndpoints } from "../facts/ports.ts";
import type { Protocol } from "../facts/verdict.ts";
import { field, items, namespaceOf, number, text, texts } from "./objects.ts";

const PROTOCOLS: Readonly<Record<string, Protocol>> = { TCP: "TCP", UDP: "UDP", SCTP: "SCTP" };

/** What stands behind each Service now, from its EndpointSlices; several slices of one Service stay several. */
export const liveEndpoints = (slices: readonly unknown[]): readonly LiveEndpoints[] =>
  slices.flatMap((slice) => {
    const service = text(field(slice, "metadata", "labels", "kubernetes.io/service-name"));
    if (service === null) return [];
    return [
      {
        namespace: namespaceOf(slice),
        service,
        ports: items(field(slice, "ports")).flatMap((written) => {
          const port = number(field(written, "port"));
          const protocol = PROTOCOLS[text(field(written, "protocol")) ?? "TCP"];
          return port === null || protocol === undefined
            ? []
            : [{ name: text(field(written, "name")), port, protocol }];
        }),
        endpoints: items(field(slice, "endpoints")).flatMap((endpoint) => {
          const pod =
            text(field(endpoint, "targetRef", "kind")) === "Pod" ? text(field(endpoint, "targetRef", "name")) : null;
          return texts(field(endpoint, "addresses")).map((address) => ({ address, pod }));
        }),
      },
    ];
  });
