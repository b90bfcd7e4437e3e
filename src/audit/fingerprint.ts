import { createHash } from "node:crypto";
import type { PolicyRef } from "../facts/policy.ts";
import { policyId } from "../facts/policy.ts";

const digest = (parts: readonly string[]): string =>
  createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 24);

/**
 * Names defects so that the same defect has the same name tomorrow. It is made of the rule, the place in the cluster
 * (never in the file) and what is wrong; where the very same defect stands twice, of its turn, so that two are two.
 */
export class Fingerprints {
  readonly #seen = new Map<string, number>();

  of(rule: string, namespace: string | null, policy: PolicyRef | null, key: readonly string[]): string {
    const base = [rule, namespace ?? "", policy === null ? "" : policyId(policy), ...key];
    const id = JSON.stringify(base);
    const turn = this.#seen.get(id) ?? 0;
    this.#seen.set(id, turn + 1);
    return turn === 0 ? digest(base) : digest([...base, `again ${turn}`]);
  }
}
