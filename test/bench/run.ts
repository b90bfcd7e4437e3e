import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** `npm run bench [kernel|hubble|audit|drafting]`: each in a process of its own, one after the other, so that none disturbs another. */
const BENCHES = ["kernel", "hubble", "audit", "drafting"] as const;
const wanted = process.argv[2];
const chosen = BENCHES.filter((name) => wanted === undefined || name === wanted);
if (chosen.length === 0) {
  process.stderr.write(`There is no bench ${JSON.stringify(wanted)}; there are ${BENCHES.join(" and ")}.\n`);
  process.exitCode = 2;
}
for (const name of chosen) {
  process.stdout.write(`── ${name}\n`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`), ...process.argv.slice(3)], {
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
