import { soaks } from "../../evals/harness.ts";
import { replayed } from "./trials.ts";

replayed("what is tried on the sample's first day", (incident) => !soaks(incident));
