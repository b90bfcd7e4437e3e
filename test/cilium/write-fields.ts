import { writeFileSync } from "node:fs";
import path from "node:path";
import { fieldsPage } from "../../src/cilium/fields.ts";

writeFileSync(path.join(import.meta.dirname, "..", "..", "docs", "cnp-fields.md"), fieldsPage());
