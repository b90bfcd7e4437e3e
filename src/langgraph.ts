import { join, resolve } from "node:path";
import { openAgent } from "./compose.ts";
import { loadConfig } from "./config/load.ts";
import { secretFile } from "./store/secret.ts";

/**
 * The one graph that `langgraph.json` exports: for Studio, the chat interfaces and the SDK. The server brings its own
 * checkpoints; the seal, the gates and the door are the same. Who asks is the server's word, which is why `auth` is
 * configured there, and the token that it wants is made before anybody can ask for it.
 */
const state = resolve(process.env["NETWORK_OPERATOR_STATE"] ?? ".network-operator");
const { config } = loadConfig(process.env["NETWORK_OPERATOR_CONFIG"] ?? null);
const progress = { step: () => {}, clear: () => {} };

const agent = await openAgent({ config, state, progress }, { trustServerUser: true });
secretFile(join(state, "token"));

export const graph = agent.graph;
