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
    expect(chosen(red, blue)).toEqual({ labels: { colour: "red" }, shared: [] });
    const one = of("one", { app: "a", part: "x" });
    const two = of("two", { app: "a", part: "y" });
    const three = of("three", { app: "b", part: "x" });
    expect(chosen(one, two, three)).toEqual({ labels: { app: "a", part: "x" }, shared: [] });
  });

  it("are all of them, with the others named, where nothing tells the pods apart", () => {
    const web = of("web", { app: "web" });
    const twin = of("twin", { app: "web" });
    expect(chosen(web, twin)).toEqual({ labels: { app: "web" }, shared: [twin] });
  });

  it("take a database's cluster and the Jobs that belong to it for one", () => {
    const pg = of("pg", { "cnpg.io/cluster": "pg", role: "primary" });
    const job = of("pg-join", { "cnpg.io/cluster": "pg", "cnpg.io/jobRole": "join" });
    expect(chosen(pg, job)).toEqual({ labels: { "cnpg.io/cluster": "pg" }, shared: [] });
  });

  it("are none where there is nothing to go by", () => {
    expect(chosen(of("web", {}))).toBeNull();
    expect(chosen(of("web", { "bad key": "x", app: "not a value!" }))).toBeNull();
  });
});
