/** A name that was asked, and the search domain a resolver had put behind it, if any. */
export interface AskedName {
  readonly name: string;
  readonly searchDomain: string | null;
}

/**
 * Takes the cluster's search domains off a name whose answer lies outside the cluster: with `ndots: 5` a pod asks
 * `api.example.com.shop.svc.cluster.local` first, and with CoreDNS autopath that is the name which gets the answer and the
 * only one Cilium ever sees (C B.4.4). Nothing outside is really called that. Where it is not known which namespaces there
 * are, the domain asked first is taken to be the one.
 */
export const askedName = (
  name: string,
  clusterDomain = "cluster.local",
  isNamespace: (label: string) => boolean = () => true,
): AskedName => {
  const end = `.${clusterDomain}`;
  if (!name.endsWith(end)) return { name, searchDomain: null };
  const labels = name.slice(0, -end.length).split(".");
  const isService = labels.at(-1) === "svc";
  const namespace = labels.at(-2) ?? "";
  const taken = isService ? (isNamespace(namespace) ? 2 : 1) : 0;
  const host = labels.slice(0, labels.length - taken);
  // One label alone is a Service, or a word that means nothing outside.
  if (host.length < 2) return { name, searchDomain: null };
  const asked = host.join(".");
  return { name: asked, searchDomain: name.slice(asked.length + 1) };
};
