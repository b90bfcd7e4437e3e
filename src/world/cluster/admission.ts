import { isRecord } from "../../facts/json.ts";
import { type KubeObject } from "./objects.ts";

/** What the API server refuses: the message it would answer with, or null when it takes the object. */
export type Admission = (object: KubeObject) => string | null;

const SECTIONS = ["ingress", "ingressDeny", "egress", "egressDeny"] as const;

/**
 * Cilium's CRD schemas, by validators that somebody else generated from Cilium's types (`@kubernetes-models/cilium`), so
 * that the API server's opinion here is not ours. Loaded when first needed: the import takes a tenth of a second.
 */
export const loadAdmission = (): Promise<Admission> => (admission ??= load());

let admission: Promise<Admission> | null = null;

const load = async (): Promise<Admission> => {
  const [{ CiliumNetworkPolicy }, { CiliumClusterwideNetworkPolicy }] = await Promise.all([
    import("@kubernetes-models/cilium/cilium.io/v2/CiliumNetworkPolicy"),
    import("@kubernetes-models/cilium/cilium.io/v2/CiliumClusterwideNetworkPolicy"),
  ]);
  const validators: Readonly<Record<string, (object: KubeObject) => void>> = {
    CiliumNetworkPolicy: (object) => new CiliumNetworkPolicy(object as never).validate(),
    CiliumClusterwideNetworkPolicy: (object) => new CiliumClusterwideNetworkPolicy(object as never).validate(),
  };
  return (object) => {
    if (!NAME.test(object.metadata.name))
      return `metadata.name: Invalid value: ${JSON.stringify(object.metadata.name)}`;
    const validate = object.apiVersion === "cilium.io/v2" ? validators[object.kind] : undefined;
    if (validate === undefined) return null;
    const refused = nullSection(object);
    if (refused !== null) return refused;
    try {
      validate(object);
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
};

const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** A null section is refused under server-side apply, also beside a valid one (C A.7; lesson 17). */
const nullSection = (object: KubeObject): string | null => {
  const rules = [object["spec"], ...(Array.isArray(object["specs"]) ? object["specs"] : [])];
  for (const rule of rules) {
    if (!isRecord(rule)) continue;
    const section = SECTIONS.find((name) => rule[name] === null);
    if (section !== undefined) return `spec.${section} in body must be of type array: "null"`;
  }
  return null;
};
