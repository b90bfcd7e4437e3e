/**
 * The only way from a configuration to adapters. Each room of `compose/` opens one thing that a face asks for;
 * nobody else imports them.
 */
export { openAgent, openAgents, type Agent } from "./compose/agent.ts";
export { openDoctor, type Doctor } from "./compose/doctor.ts";
export { openFlows, type Flows } from "./compose/flows.ts";
export { openPlace, type Place } from "./compose/place.ts";
export { playRollback, type Played } from "./compose/rehearsal.ts";
export { rehearsalsIn } from "./compose/rehearsals.ts";
export type { RehearsedLock } from "./compose/rollback-parts.ts";
export { openRollbackDesk, type RollbackDesk } from "./compose/rollback.ts";
export { openSample, resetSample, type Sample } from "./compose/sample.ts";
export { openServer } from "./compose/server.ts";
export type { Setting } from "./compose/setting.ts";
export type { Tick } from "./compose/tick.ts";
export { openSignOffDesk, signersOf } from "./compose/signoff.ts";
