import type { DeclaredEdge } from "../../facts/inventory.ts";
import { isAddress } from "../../facts/landing.ts";
import { certificatesOf, SOLVER_NAME, SOLVER_PORT, solversOf } from "../certificates.ts";
import { at, isRecord, list, scalar, strings, text, type Path } from "../json.ts";
import { apiHosts, providerIn } from "../knowledge/providers.ts";
import { byName, edge, hasLabels, hostOrAddress, place, to, type Reading, type Source } from "./reading.ts";

/** Providers of cert-manager that name their server themselves: the field, and the port where it names none. */
const NAMED_SERVERS: Readonly<Record<string, { readonly field: string; readonly port: number }>> = {
  acmeDNS: { field: "host", port: 443 },
  rfc2136: { field: "nameserver", port: 53 },
  akamai: { field: "serviceConsumerDomain", port: 443 },
};

const withDatagrams = (edges: readonly DeclaredEdge[]): readonly DeclaredEdge[] =>
  edges.flatMap((e) => (e.port === 53 ? [e, { ...e, protocol: "UDP" as const }] : [e]));

/** A webhook's solver runs in pods of its own, which are known by the provider in their name. */
const solverPods = ({ contents }: Reading, provider: string): readonly Source[] =>
  contents.workloads.filter((w) => !w.transient && /webhook/i.test(w.name) && providerIn(w.name) === provider);

const dns01 = (reading: Reading, controllers: readonly Source[], base: Path): readonly DeclaredEdge[] => {
  const { object } = reading;
  const solver = at(object.object, ...base);
  if (!isRecord(solver)) return [];
  return Object.entries(solver).flatMap(([provider, section]) => {
    if (!isRecord(section)) return [];
    const path = [...base, provider];
    const key = `spec.acme.solvers.dns01.${provider}`;
    const origin = object.locate(path) ?? object.origin;
    const server = Object.hasOwn(NAMED_SERVERS, provider) ? NAMED_SERVERS[provider] : undefined;
    const written = scalar(section[server?.field ?? ""]);
    if (server !== undefined && written !== null) {
      const target = place(written);
      const where = object.locate([...path, server.field]) ?? origin;
      return withDatagrams(
        controllers.map((s) =>
          edge(s, hostOrAddress(target?.host ?? written), target?.port ?? server.port, "TCP", "acme", key, where),
        ),
      );
    }
    const isWebhook = provider === "webhook";
    const name = isWebhook
      ? (providerIn(text(section["solverName"]) ?? text(section["groupName"]) ?? "") ?? "")
      : provider;
    const sources = isWebhook ? solverPods(reading, name) : controllers;
    // Only with a role to assume does Route 53 ask the token service.
    const field = (wanted: string): string | null =>
      wanted === "region" && text(section["role"]) === null ? null : text(section[wanted]);
    return apiHosts(name, field).flatMap((host) =>
      sources.map((s) => edge(s, { kind: "host", host }, 443, "TCP", "acme", key, origin)),
    );
  });
};

/** Said on the command line or in the chart's values: ask recursive servers alone, never those of the zone. */
const asksResolversOnly = ({ contents }: Reading): boolean =>
  contents.releases.some(
    ({ chart, values }) =>
      chart.name === "cert-manager" &&
      (values["dns01RecursiveNameserversOnly"] === true ||
        strings(values["extraArgs"]).some((arg) => /^--dns01-recursive-nameservers-only(=true)?$/.test(arg))),
  );

/** Before it tells the authority, cert-manager looks whether the zone's own servers answer with the record. */
const propagation = (reading: Reading, controllers: readonly Source[], base: Path): readonly DeclaredEdge[] => {
  const { object } = reading;
  if (asksResolversOnly(reading)) return [];
  const origin = object.locate(base) ?? object.origin;
  const why = "the record is looked up at the zone's own servers, which DNS alone names";
  return withDatagrams(
    controllers.map((s) => edge(s, { kind: "outside", why }, 53, "TCP", "acme", "spec.acme.solvers.dns01", origin)),
  );
};

/** HTTP-01: cert-manager asks each name itself on port 80 before the authority does, from outside, by the same way. */
const selfCheck = (reading: Reading, controllers: readonly Source[]): readonly DeclaredEdge[] =>
  certificatesOf(reading.object, reading.objects).flatMap(({ names, object, path }) =>
    names
      .filter((name) => !name.startsWith("*.") && !isAddress(name))
      .flatMap((host) =>
        controllers.map((s) =>
          edge(s, { kind: "host", host }, 80, "TCP", "acme", path.join("."), object.locate(path) ?? object.origin),
        ),
      ),
  );

/** The gateways that a solver attaches its route to: theirs are the pods that call the solver. */
const proxiesOf = ({ object, contents }: Reading, base: Path, namespace: string): readonly Source[] => {
  const solver = at(object.object, ...base);
  const parents = list(at(solver, "gatewayHTTPRoute", "parentRefs")).map(
    (parent) => `${text(at(parent, "namespace")) ?? namespace}/${text(at(parent, "name")) ?? ""}`,
  );
  const className = text(at(solver, "ingress", "ingressClassName")) ?? text(at(solver, "ingress", "class"));
  const serving = contents.gateways.filter((g) =>
    isRecord(at(solver, "ingress"))
      ? g.ingressClass !== undefined && (className === null || g.ingressClass === className)
      : parents.includes(`${g.namespace}/${g.name}`),
  );
  return contents.workloads.filter((w) =>
    serving.some((g) => g.podNamespace === w.namespace && hasLabels(w, g.podLabels)),
  );
};

const challenge = (reading: Reading, base: Path): readonly DeclaredEdge[] => {
  const namespaces = new Set(certificatesOf(reading.object, reading.objects).map((c) => c.namespace));
  const origin = reading.object.locate(base) ?? reading.object.origin;
  return [...namespaces].flatMap((namespace) => {
    const target = { kind: "workload", namespace, name: SOLVER_NAME } as const;
    return proxiesOf(reading, base, namespace).map((s) =>
      edge(s, target, SOLVER_PORT, "TCP", "acme", "spec.acme.solvers.http01", origin),
    );
  });
};

/** An issuer that speaks ACME: the authority, and how it is shown that a name is ours. */
export const issuer = (reading: Reading): readonly DeclaredEdge[] => {
  const { object, contents } = reading;
  const controllers = byName(contents, "cert-manager").slice(0, 1);
  const web = solversOf(object, "http01");
  return [
    ...to(reading, controllers, ["spec", "acme", "server"], "acme"),
    ...solversOf(object, "dns01").flatMap((base) => [
      ...dns01(reading, controllers, base),
      ...propagation(reading, controllers, base),
    ]),
    ...(web.length > 0 ? selfCheck(reading, controllers) : []),
    ...web.flatMap((base) => challenge(reading, base)),
  ];
};
