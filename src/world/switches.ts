import type { Action, SwitchName } from "./state.ts";

/** Whether something of the cluster is on at a time; `before`: what it was when the world began. */
export const isOn = (actions: readonly Action[], name: SwitchName, time: number, before: boolean): boolean => {
  const turned = actions.findLast((a) => a.kind === "switch" && a.name === name && a.time <= time);
  return turned?.kind === "switch" ? turned.on : before;
};
