import { randomUUID } from "node:crypto";
import type { SignOffRequest } from "../../facts/attestation.ts";
import { DAY } from "../../facts/clock.ts";
import { code, fill } from "../../model/prompts.ts";
import { publicUrls } from "../../rollout/sign-off.ts";
import { standingDigest } from "../facts/sign-off.ts";
import { policyView } from "../facts/views.ts";
import type { GateFacts } from "../gate.ts";
import type { NodePorts, SignOffDesk } from "../ports.ts";
import type { Readings } from "../readings.ts";
import type { GraphState, GraphUpdate, Pending } from "../state.ts";
import { threadOf, type Node } from "./kit.ts";

/** A walk is done in one sitting; policies move on. */
const LIFE = DAY;

const same = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((entry, at) => entry === b[at]);

/** The request that still stands for exactly this, or a new one; asking twice makes one page. */
const requestFor = (facts: GateFacts, port: SignOffDesk): SignOffRequest | null => {
  const view = policyView(facts);
  if (view === null) return null;
  const { namespace } = facts.request;
  const policiesDigest = standingDigest(view, namespace);
  const urls = publicUrls(view.before, namespace);
  const standing = port
    .requests(namespace)
    .find((r) => r.policiesDigest === policiesDigest && r.expiresAt > facts.now && same(r.urls, urls));
  if (standing !== undefined) return standing;
  const request: SignOffRequest = {
    id: randomUUID(),
    namespace,
    policiesDigest,
    commit: facts.base,
    urls,
    createdAt: facts.now,
    expiresAt: facts.now + LIFE,
  };
  port.putRequest(request);
  return request;
};

const refused = (reason: string, remedy: string): GraphUpdate => ({
  pending: null,
  result: { kind: "refused", refusals: [{ gate: "door", reason, lesson: null, remedy }], waitingFor: null },
});

/** Writes down what a person will be asked, before anybody is asked: the page, the signature and the gates name it. */
export const prepareSignOff =
  ({ signOff, ledger, look }: NodePorts, readings: Readings): Node =>
  async ({ proposal, run }, config) => {
    if (proposal === null || run === null) return refused("there is no proposal", "Ask again.");
    if (signOff === null) return refused("sign-off is not configured", "Configure signoff and its keys.");
    const facts = await readings.of(run.id, proposal);
    const request = requestFor(facts, signOff);
    if (request === null)
      return refused("what is applied cannot be told: it does not build", "Make the repository build first.");
    const { id, namespace, urls, policiesDigest, expiresAt } = request;
    const page = signOff.page(id);
    await ledger.append({
      kind: "pause",
      thread: threadOf(config),
      namespace,
      body: { run: run.id, request: id, digest: policiesDigest },
    });
    const pending: Pending = {
      pause: "sign-off",
      record: id,
      digest: policiesDigest,
      namespace,
      title: `Walk ${namespace} and sign`,
      urls: [...urls],
      lines: [],
      page,
      expiresAt,
    };
    const stage = (await look.status()).find(({ name }) => name === namespace)?.stage ?? null;
    const detail = page ?? `sign-off request ${id}`;
    return {
      pending,
      reply: {
        version: 1,
        thread: threadOf(config),
        outcome: "waiting",
        namespace,
        stage,
        answer: fill("sign-off-asked", {
          namespace: code(namespace),
          count: urls.length === 1 ? "one address" : `${urls.length} addresses`,
          where: page === null ? `Sign-off request ${code(id)}` : page,
        }),
        question: null,
        pullRequest: null,
        refusals: [],
        waitingFor: { what: "sign-off", detail, until: expiresAt },
      },
    };
  };

export const afterPrepare = ({ pending }: GraphState): "asked" | "refused" => (pending === null ? "refused" : "asked");
