import { expect, test } from "vitest";
import { onlyLoosens, semanticDiff, turnsDefaultDeny } from "../../src/cilium/questions.ts";
import { cnp, compile, networkPolicy, pod } from "./policies.ts";

const web = pod("web");
const db = pod("db");
const PODS = [web, db];
const LOCKED = cnp("default-deny", { ingress: [{}], egress: [{}] });
const PG = cnp("pg", {
  endpointSelector: { matchLabels: { app: "db" } },
  enableDefaultDeny: { ingress: false, egress: false },
  ingress: [
    { fromEndpoints: [{ matchLabels: { app: "web" } }], toPorts: [{ ports: [{ port: "5432", protocol: "TCP" }] }] },
  ],
});

test("an additive allow turns nothing default-deny, a NetworkPolicy and a CNP without the switch do", () => {
  const empty = compile([]);
  expect(turnsDefaultDeny(empty, compile([PG]), PODS)).toEqual([]);
  const vanilla = compile([networkPolicy("np", { podSelector: { matchLabels: { app: "db" } }, ingress: [{}] })]);
  expect(turnsDefaultDeny(empty, vanilla, PODS)).toMatchObject([{ endpoint: db, direction: "ingress" }]);
  expect(turnsDefaultDeny(empty, compile([LOCKED]), PODS)).toHaveLength(4);
  expect(turnsDefaultDeny(compile([LOCKED]), compile([LOCKED, PG]), PODS)).toEqual([]);
});

test("a rollback of default deny only loosens; taking an allow away does not", () => {
  expect(onlyLoosens(compile([LOCKED, PG]), compile([PG]), PODS)).toEqual({ value: true, counter: [] });
  const lost = onlyLoosens(compile([LOCKED, PG]), compile([LOCKED]), PODS);
  expect(lost.value).toBe(false);
  expect(lost.counter.map((c) => [c.subject.labels, c.peer.labels, c.protocol, c.port])).toEqual([
    [db.labels, web.labels, "TCP", 5432],
  ]);
});

test("a diff names what is gained and lost, at the borders of ports and prefixes", () => {
  const range = (first: string, last: number): ReturnType<typeof cnp> =>
    cnp("range", {
      egress: [{ toCIDR: ["10.0.0.0/8"], toPorts: [{ ports: [{ port: first, endPort: last, protocol: "TCP" }] }] }],
    });
  const diff = semanticDiff(compile([range("100", 200)]), compile([range("101", 201)]), [web]);
  const seen = (list: typeof diff.gains): unknown =>
    [...new Set(list.map((c) => `${c.peer.ip ?? "-"} ${c.port}`))].sort();
  expect(seen(diff.gains)).toEqual(["10.0.0.0 201", "10.255.255.255 201"]);
  expect(seen(diff.losses)).toEqual(["10.0.0.0 100", "10.255.255.255 100"]);
});

test("a first DNS rule only redirects, and that is said", () => {
  const dns = cnp("dns", {
    enableDefaultDeny: { ingress: false, egress: false },
    egress: [
      {
        toEndpoints: [{}],
        toPorts: [{ ports: [{ port: "53", protocol: "UDP" }], rules: { dns: [{ matchPattern: "*" }] } }],
      },
    ],
  });
  const diff = semanticDiff(compile([]), compile([dns]), PODS);
  expect(diff.losses).toEqual([]);
  expect(diff.redirects.map((c) => [c.protocol, c.port])).toContainEqual(["UDP", 53]);
  expect(onlyLoosens(compile([]), compile([dns]), PODS).value).toBe(false);
});

test("endpoints whose rules say the same are not asked, whoever says it", () => {
  const renamed = cnp("other-name", { ingress: [{}], egress: [{}] });
  expect(semanticDiff(compile([LOCKED]), compile([renamed]), PODS)).toEqual({
    gains: [],
    losses: [],
    unclear: [],
    redirects: [],
  });
});
