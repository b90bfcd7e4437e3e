/**
 * Where the APIs of DNS providers and secret stores answer over HTTPS, by the names that cert-manager, external-dns,
 * Traefik, Caddy and External Secrets give them. `{x}` is a field of the provider's own section; a host whose field is
 * not there is left out. Sources: the providers' own API documentation.
 */
const HOSTS: Readonly<Record<string, readonly string[]>> = {
  alidns: ["alidns.aliyuncs.com"],
  aws: ["route53.amazonaws.com", "sts.{region}.amazonaws.com"],
  azure: ["management.azure.com", "login.microsoftonline.com"],
  bunny: ["api.bunny.net"],
  civo: ["api.civo.com"],
  cloudflare: ["api.cloudflare.com"],
  desec: ["desec.io"],
  digitalocean: ["api.digitalocean.com"],
  dnsimple: ["api.dnsimple.com"],
  dnsmadeeasy: ["api.dnsmadeeasy.com"],
  dnspod: ["dnspod.tencentcloudapi.com"],
  duckdns: ["www.duckdns.org"],
  dynu: ["api.dynu.com"],
  exoscale: ["api-ch-gva-2.exoscale.com"],
  gandi: ["api.gandi.net"],
  godaddy: ["api.godaddy.com"],
  google: ["dns.googleapis.com", "oauth2.googleapis.com"],
  hetzner: ["dns.hetzner.com", "api.hetzner.cloud"],
  infomaniak: ["api.infomaniak.com"],
  inwx: ["api.domrobot.com"],
  ionos: ["api.hosting.ionos.com"],
  linode: ["api.linode.com"],
  namecheap: ["api.namecheap.com"],
  namedotcom: ["api.name.com"],
  netcup: ["ccp.netcup.net"],
  njalla: ["njal.la"],
  ns1: ["api.nsone.net"],
  ovh: ["eu.api.ovh.com"],
  porkbun: ["api.porkbun.com"],
  scaleway: ["api.scaleway.com"],
  transip: ["api.transip.nl"],
  vultr: ["api.vultr.com"],
  // Secret stores.
  akeyless: ["api.akeyless.io"],
  bitwarden: ["api.bitwarden.com", "identity.bitwarden.com"],
  doppler: ["api.doppler.com"],
  gcpsm: ["secretmanager.googleapis.com", "oauth2.googleapis.com"],
  infisical: ["app.infisical.com"],
  onepassword: ["my.1password.com"],
  parameterstore: ["ssm.{region}.amazonaws.com", "sts.{region}.amazonaws.com"],
  pulumi: ["api.pulumi.com"],
  scalewaysecrets: ["api.scaleway.com"],
  secretsmanager: ["secretsmanager.{region}.amazonaws.com", "sts.{region}.amazonaws.com"],
};

/** Other names of the same. */
const ALIASES: Readonly<Record<string, string>> = {
  azuredns: "azure",
  clouddns: "google",
  gandiv5: "gandi",
  gcp: "google",
  "google-clouddns": "google",
  onepasswordsdk: "onepassword",
  route53: "aws",
};

/** These words stand for a great deal besides DNS: alone they say nothing. */
const AMBIGUOUS = new Set(["aws", "azure", "google", "gcp", "onepassword", "bitwarden", "pulumi"]);

const plain = (name: string): string => {
  const lower = name.trim().toLowerCase();
  return ALIASES[lower] ?? lower;
};

const knownAs = (name: string): readonly string[] | null => {
  const key = plain(name);
  return Object.hasOwn(HOSTS, key) ? (HOSTS[key] ?? null) : null;
};

/** The hosts behind a provider's name; `field` gives a field of its section. Empty for a provider nobody here knows. */
export const apiHosts = (name: string, field: (key: string) => string | null): readonly string[] =>
  (knownAs(name) ?? []).flatMap((host) => {
    let whole = true;
    const filled = host.replace(/\{(\w+)\}/g, (_, key: string) => {
      const value = field(key);
      whole &&= value !== null && /^[\w.-]+$/.test(value);
      return value ?? "";
    });
    return whole ? [filled] : [];
  });

/** Whether a bare word under a key like `provider` names one of them and can mean nothing else. */
export const isProviderName = (name: string): boolean => knownAs(name) !== null && !AMBIGUOUS.has(plain(name));

/** The provider in the name of a cert-manager or external-dns webhook: `cert-manager-webhook-ovh`, `external-dns-unifi-webhook`. */
export const providerIn = (name: string): string | null =>
  name
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .find((word) => word !== "webhook" && isProviderName(word)) ?? null;
