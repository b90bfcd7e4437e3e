import type { Attestation, WalkedUrl } from "../facts/attestation.ts";
import type { Inventory } from "../facts/inventory.ts";

const NAMES_APP: ReadonlySet<string> = new Set(["HTTPRoute", "Ingress"]);

type Published = Pick<Inventory, "routes" | "declared">;

/** Public hostnames that lead to pods of a namespace: what a person can open. */
export const publicUrls = (inventory: Published, namespace: string): readonly string[] => [
  ...new Set(
    inventory.routes
      .filter((r) => NAMES_APP.has(r.kind) && r.backends.some((b) => b.namespace === namespace))
      .flatMap((r) => r.hostnames)
      .filter((host) => !host.startsWith("*."))
      .map((host) => `https://${host}/`),
  ),
];

/** Hosts whose pods are configured with an identity provider: a login there is a round trip, not a page. */
const hostsWithLogin = (inventory: Published, namespace: string): ReadonlySet<string> => {
  const own = inventory.declared.filter((d) => d.source.namespace === namespace);
  const clients = new Set(own.filter((d) => d.why === "issuer").map((d) => d.source.workload));
  if (clients.size === 0) return new Set();
  const redirects = own
    .filter((d) => d.why === "redirect" && clients.has(d.source.workload))
    .flatMap((d) => (d.target.kind === "host" ? [d.target.host] : []));
  const routed = inventory.routes
    .filter((r) => r.backends.some((b) => b.namespace === namespace && clients.has(b.service)))
    .flatMap((r) => r.hostnames);
  return new Set([...redirects, ...routed]);
};

const hostOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : url);

const wrong = (url: string, walk: WalkedUrl | undefined, login: boolean): string | null => {
  if (walk === undefined) return `${url} was not walked`;
  if (!walk.external) return `${url} was not opened from outside`;
  if (walk.outcome !== "app-loaded")
    return `${url}: ${walk.outcome === "failed" ? "the app did not load" : "not tried"}`;
  if (walk.login === "not-completed") return `${url}: the login did not come back to a loaded app`;
  if (login && walk.login !== "completed") return `${url} has a login, and nobody completed it`;
  return null;
};

/** What a walk leaves open: every public URL to a loaded app, logins included (lesson 8). Empty: complete. */
export const openSteps = (attestation: Attestation, inventory: Published, namespace: string): readonly string[] => {
  const urls = [...new Set([...publicUrls(inventory, namespace), ...attestation.request.urls])];
  const byHost = new Map(attestation.walked.map((w) => [hostOf(w.url), w]));
  const logins = hostsWithLogin(inventory, namespace);
  return urls.map((url) => wrong(url, byHost.get(hostOf(url)), logins.has(hostOf(url)))).filter((w) => w !== null);
};

/** Why a signature does not hold; null when a person's passkey signed exactly this record in its life. */
export const signatureFault = ({ request, signature, signedAt }: Attestation): string | null => {
  if (signature.state !== "valid") return `the signature does not hold: ${signature.why}`;
  if (signedAt < request.createdAt || signedAt > request.expiresAt) return "it was signed outside the request's life";
  return null;
};
