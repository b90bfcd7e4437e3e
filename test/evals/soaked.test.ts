import { replayed, soaks } from "./trials.ts";

replayed("what is tried on a rollout that is under way", soaks);
