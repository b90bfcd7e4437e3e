import { main } from "../audit/mutation/run.ts";

/** What the audit catches of each class of planted defect, and what it says of a repository that works. */
await main();
