import { soaks } from "../../evals/harness.ts";
import { replayed } from "./trials.ts";

replayed("what is tried on a rollout that is under way", soaks);
