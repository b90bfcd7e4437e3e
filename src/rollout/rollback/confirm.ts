import type { RollbackScene } from "../../facts/rollback.ts";
import type { CiliumSettings } from "../../facts/settings.ts";
import { DIRECTIONS } from "../../facts/verdict.ts";
import { stillLocked } from "./undo.ts";

export interface Confirmed {
  /** `not-yet`: an agent still enforces what no policy asks for any more; it regenerates in a moment. */
  readonly state: "confirmed" | "not-yet" | "unsaid";
  readonly said: string;
}

const some = (names: readonly string[]): string =>
  names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;

/** Whether a namespace's endpoints are free, from the agents' own policy state; what keeps them locked is named. */
export const confirmationOf = (scene: RollbackScene, namespace: string, settings: CiliumSettings): Confirmed => {
  const { locked } = stillLocked(scene, [], namespace, settings);
  const explained = (who: string, direction: string): boolean =>
    locked.some((line) => line.startsWith(`${who} (${direction}): `));
  const here = scene.endpoints.filter((e) => e.namespace === namespace);
  const late: string[] = [];
  let silent = 0;
  for (const { name, enforcing } of here)
    for (const direction of DIRECTIONS) {
      if (enforcing[direction] === null) silent += 1;
      else if (enforcing[direction] && !explained(`${namespace}/${name}`, direction))
        late.push(`${namespace}/${name} (${direction})`);
    }
  if (late.length > 0)
    return { state: "not-yet", said: `NOT CONFIRMED: Cilium still enforces at ${some(late)}; look at its agents` };
  const rest = locked.length === 0 ? "" : `, but for what was there before: ${some(locked)}`;
  if (here.length === 0)
    return { state: "confirmed", said: `${namespace} has no endpoints now; none would be locked${rest}` };
  if (silent > 0)
    return {
      state: "unsaid",
      said: `by what the API server holds no endpoint is under default-deny${rest}; the agents do not publish their policy state, so look at Hubble or an app`,
    };
  return {
    state: "confirmed",
    said: `confirmed by the policy state of ${here.length} endpoints: none enforces${rest}`,
  };
};
