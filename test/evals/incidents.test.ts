import { replayed, soaks } from "./trials.ts";

replayed("what is tried on the sample's first day", (incident) => !soaks(incident));
