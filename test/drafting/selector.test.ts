import { describe, expect, it } from "vitest";
import { selectorFor } from "../../src/drafting/selector.ts";
import { workload } from "../replay/field.ts";

const of = (name: string, labels: Record<string, string>) => workload(`shop/Deployment/${name}`, labels);
const chosen = (subject: ReturnType<typeof of>, ...others: ReturnType<typeof of>[]) =>
  selectorFor(subject, [subject, ...others]);

describe("labels to select by", () => {
  it("are the one that people reach for, where it tells the pods apart", () => {
    const web = of("web", { "app.kubernetes.io/name": "web", "app.kubernetes.io/instance": "web", team: "a" });
    expect(chosen(web)?.labels).toEqual({ "app.kubernetes.io/name": "web" });
  });

  it("are never those that move with a release, or that are no part of the identity", () => {
    const web = of("web", {
      "app.kubernetes.io/version": "1.2.3",
      "helm.sh/chart": "web-1.0",
      "pod-template-hash": "7d9",
      "statefulset.kubernetes.io/pod-name": "web-0",
      tier: "front",
    });
    expect(chosen(web)?.labels).toEqual({ tier: "front" });
  });

  it("are as few as keep two workloads apart", () => {
    const red = of("red", { app: "shop", part: "x", colour: "red" });
    const blue = of("blue", { app: "shop", part: "x", colour: "blue" });
    expect(chosen(red, blue)).toEqual({ labels: { colour: "red" }, absent: [], shared: [] });
    const one = of("one", { app: "a", part: "x" });
    const two = of("two", { app: "a", part: "y" });
    const three = of("three", { app: "b", part: "x" });
    expect(chosen(one, two, three)).toEqual({ labels: { app: "a", part: "x" }, absent: [], shared: [] });
  });

  it("are never a part's name without the name of what it is a part of", () => {
    const main = of("gateway", { "app.kubernetes.io/name": "gateway", "app.kubernetes.io/controller": "main" });
    const hook = of("hook", { "app.kubernetes.io/name": "gateway", "app.kubernetes.io/controller": "hook" });
    expect(chosen(main, hook)?.labels).toEqual({
      "app.kubernetes.io/name": "gateway",
      "app.kubernetes.io/controller": "main",
    });
  });

  it("leave out who carries the same labels and more, by what only the others carry", () => {
    const web = of("web", { app: "web" });
    const cache = of("cache", { app: "web", part: "cache" });
    expect(chosen(web, cache)).toEqual({ labels: { app: "web" }, absent: ["part"], shared: [] });
    expect(chosen(cache, web)).toEqual({ labels: { part: "cache" }, absent: [], shared: [] });
  });

  it("know pods without any label by that, where everybody else carries one", () => {
    const job = of("tidy", { "job-name": "tidy-1" });
    const web = of("web", { "app.kubernetes.io/name": "web", team: "a" });
    const hub = of("hub", { "app.kubernetes.io/name": "hub", team: "b" });
    expect(chosen(job, web, hub)).toEqual({ labels: {}, absent: ["app.kubernetes.io/name"], shared: [] });
    expect(chosen({ ...job, labelsComplete: false }, web, hub)).toBeNull();
    const bare = of("bare", {});
    expect(chosen(job, web, bare)).toEqual({ labels: {}, absent: ["app.kubernetes.io/name"], shared: [bare] });
  });

  it("are all of them, with the others named, where nothing tells the pods apart", () => {
    const web = of("web", { app: "web" });
    const twin = of("twin", { app: "web" });
    expect(chosen(web, twin)).toEqual({ labels: { app: "web" }, absent: [], shared: [twin] });
  });

  it("take a database's cluster and the Jobs that belong to it for one", () => {
    const pg = of("pg", { "cnpg.io/cluster": "pg", role: "primary" });
    const job = of("pg-join", { "cnpg.io/cluster": "pg", "cnpg.io/jobRole": "join" });
    expect(chosen(pg, job)).toEqual({ labels: { "cnpg.io/cluster": "pg" }, absent: [], shared: [] });
  });

  it("are none where there is nothing to go by", () => {
    expect(chosen(of("web", {}))).toBeNull();
    expect(chosen(of("web", { "bad key": "x", app: "not a value!" }))).toBeNull();
  });
});
