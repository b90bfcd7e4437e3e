import type { GateCatalog } from "../gate.ts";
import { allowsFirst } from "./allows-first.ts";
import { allowsLive } from "./allows-live.ts";
import { compatible } from "./compatible.ts";
import { confirmed } from "./confirmed.ts";
import { enforced } from "./enforced.ts";
import { externalPath } from "./external-path.ts";
import { fleet } from "./fleet.ts";
import { lint } from "./lint.ts";
import { noAuditMode } from "./no-audit-mode.ts";
import { oneNamespace } from "./one-namespace.ts";
import { onlyLoosens } from "./only-loosens.ts";
import { recoveryPath } from "./recovery-path.ts";
import { replay } from "./replay.ts";
import { restrictsNothing } from "./restricts-nothing.ts";
import { rollbackRehearsed } from "./rollback-rehearsed.ts";
import { scope } from "./scope.ts";
import { signed } from "./signed.ts";
import { soaked } from "./soaked.ts";
import { turn } from "./turn.ts";
import { unexercised } from "./unexercised.ts";
import { valid } from "./valid.ts";

/** Every gate, by id. A lesson joins by one file beside this one, one line here and one in a lane. */
export const gates = {
  scope,
  "one-namespace": oneNamespace,
  turn,
  "allows-first": allowsFirst,
  "allows-live": allowsLive,
  soaked,
  replay,
  unexercised,
  "recovery-path": recoveryPath,
  compatible,
  "no-audit-mode": noAuditMode,
  valid,
  lint,
  fleet,
  "rollback-rehearsed": rollbackRehearsed,
  enforced,
  "external-path": externalPath,
  signed,
  confirmed,
  "only-loosens": onlyLoosens,
  "restricts-nothing": restrictsNothing,
} as const satisfies GateCatalog;
