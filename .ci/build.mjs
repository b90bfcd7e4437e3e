// What a package ships: compiled code under dist/, with the files that the code finds beside itself.
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });

const copy = (folder) => {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name === "assembly") continue;
    if (statSync(path).isDirectory()) copy(path);
    else if (!/\.(ts|proto)$/.test(name)) cpSync(path, join("dist", path));
  }
};
for (const folder of ["src", "prompts", "tools", "evals"]) copy(folder);
cpSync("package.json", "dist/package.json");
