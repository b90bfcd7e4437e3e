import type { Cadence, Journey } from "./model.ts";

const byDay = (times: number): Cadence => ({ kind: "daily", from: 7, to: 22, times });
const asked: Cadence = { kind: "asked" };

const INSIDE = "client:laptop > network/envoy-internal:10443";
const INSIDE_PHONE = "client:phone > network/envoy-internal:10443";
const OUTSIDE = "network/tunnel > network/envoy-external:10443";

/** What people do in a browser. Only what happens by itself on an ordinary day has a cadence of its own. */
export const JOURNEYS: readonly Journey[] = [
  {
    id: "browse wiki",
    about: "open https://wiki.sample.example from the LAN",
    steps: [INSIDE, "network/envoy-internal > collab/wiki:3000"],
    cadence: byDay(40),
  },
  {
    id: "browse wiki outside",
    about: "open https://wiki.sample.example through the tunnel",
    steps: [OUTSIDE, "network/envoy-external > collab/wiki:3000"],
    cadence: byDay(12),
  },
  {
    id: "browse board",
    about: "open https://board.sample.example from the LAN, logged in since last week",
    steps: [INSIDE_PHONE, "network/envoy-internal > collab/board:8065"],
    cadence: byDay(30),
  },
  {
    id: "browse board outside",
    about: "open https://board.sample.example through the tunnel, logged in since last week",
    steps: [OUTSIDE, "network/envoy-external > collab/board:8065"],
    cadence: byDay(10),
  },
  {
    id: "login board",
    about: "log in at https://board.sample.example: the callback makes board's server call the identity provider",
    steps: [
      OUTSIDE,
      "network/envoy-external > collab/board:8065",
      "network/envoy-external > auth/idp:9091",
      "auth/idp > auth/ldap:3890",
      "auth/idp > databases/pg-main#0:5432",
      "collab/board > network/envoy-internal:10443",
      "network/envoy-internal > auth/idp:9091",
    ],
    cadence: asked,
  },
  {
    id: "browse auth",
    about: "open https://auth.sample.example from the LAN",
    steps: [INSIDE, "network/envoy-internal > auth/idp:9091", "auth/idp > auth/ldap:3890"],
    cadence: byDay(6),
  },
  {
    id: "browse stock",
    about: "open https://stock.sample.example from the LAN",
    steps: [INSIDE, "network/envoy-internal > home/stock:8080", "home/stock > databases/pg-main#0:5432"],
    cadence: byDay(15),
  },
  {
    id: "browse player",
    about: "open https://player.sample.example from the LAN",
    steps: [INSIDE_PHONE, "network/envoy-internal > media/player:8096"],
    cadence: { kind: "daily", from: 16, to: 23, times: 20 },
  },
  {
    id: "browse player outside",
    about: "open https://player.sample.example through the tunnel",
    steps: [OUTSIDE, "network/envoy-external > media/player:8096"],
    cadence: byDay(4),
  },
  {
    id: "browse metrics",
    about: "open https://metrics.sample.example from the LAN",
    steps: [INSIDE, "network/envoy-internal > observability/prometheus:9090"],
    cadence: byDay(3),
  },
  {
    id: "browse fetcher",
    about: "open https://fetcher.sample.example from the LAN",
    steps: [INSIDE, "network/envoy-internal > downloads/fetcher:8080"],
    cadence: byDay(3),
  },
  {
    id: "browse webhook",
    about: "open https://webhook.sample.example through the tunnel",
    steps: [OUTSIDE, "network/envoy-external > selfhosted/webhook:8080"],
    cadence: asked,
  },
  {
    id: "backup pg-main",
    about: "kubectl cnpg backup pg-main -n databases",
    steps: ["databases/pg-main#2 > outside:s3:443"],
    cadence: asked,
  },
];
