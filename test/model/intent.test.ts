import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { intentOf, type Intent } from "../../src/model/intent.ts";

const NAMES = ["selfhosted", "media", "network", "default", "kube-system", "my-app", "app"];

const lock = (namespace: string): Intent => ({ kind: "lock", namespace });

describe("what a sentence asks for", () => {
  it.each<[string, Intent]>([
    ["lock down selfhosted", lock("selfhosted")],
    ["Lock down `selfhosted`, please.", lock("selfhosted")],
    ["please lock down the selfhosted namespace", lock("selfhosted")],
    ["lockdown media", { kind: "unclear" }],
    ["lock media down", lock("media")],
    ["LOCK DOWN MEDIA!", lock("media")],
    ["isolate my-app", lock("my-app")],
    ["propose the next pull request for media", lock("media")],
    ["media: lock it down", lock("media")],
    ["selfhosted", lock("selfhosted")],
    ["lock down the network", lock("network")],
    ["lock down app", lock("app")],
    ["lock down kube-system", lock("kube-system")],
    ["lock down selfhosted and media", { kind: "several", names: ["selfhosted", "media"] }],
    ["lock down selfhosted, media & network", { kind: "several", names: ["selfhosted", "media", "network"] }],
    ["lock down selfhosted and nowhere", { kind: "several", names: ["selfhosted", "nowhere"] }],
    ["lock down nowhere", { kind: "unknown-namespace", name: "nowhere" }],
    ["lock it down", { kind: "which" }],
    ["lock down", { kind: "which" }],
    ["don't lock down selfhosted", { kind: "unclear" }],
    ["never lock media", { kind: "unclear" }],
    ["status", { kind: "status", namespace: null }],
    ["what is the status of media", { kind: "status", namespace: "media" }],
    ["why is selfhosted waiting?", { kind: "status", namespace: "selfhosted" }],
    ["how do I lock down media?", { kind: "status", namespace: "media" }],
    ["roll back media", { kind: "rollback", namespace: "media" }],
    ["rollback media", { kind: "rollback", namespace: "media" }],
    ["sign off selfhosted", { kind: "sign-off", namespace: "selfhosted" }],
    ["hello there", { kind: "unclear" }],
    ["", { kind: "unclear" }],
    ["锁定 selfhosted", { kind: "unclear" }],
  ])("%j", (text, wanted) => {
    expect(intentOf(text, NAMES)).toEqual(wanted);
  });

  it("never aims at a namespace that was not written", () => {
    const word = fc.constantFrom(...NAMES, "lock", "down", "and", "not", ",", "the", "roll", "back", "x/../y", "<b>");
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string()), { maxLength: 12 }), (words) => {
        const text = words.join(" ");
        const intent = intentOf(text, NAMES);
        if ("namespace" in intent && intent.namespace !== null) expect(text.toLowerCase()).toContain(intent.namespace);
      }),
      { numRuns: 300 },
    );
  });

  it("reads any text in bounded time", () => {
    const long = "lock down ".repeat(100_000);
    expect(intentOf(long, NAMES).kind).toBe("which");
  });
});
