// Types, lint and formatting side by side: one of them is single-threaded and leaves the other cores idle.
import { spawn } from "node:child_process";

const run = (script) =>
  new Promise((done) => {
    const child = spawn("npm", ["run", "-s", script], { stdio: ["ignore", "pipe", "pipe"] });
    const said = [];
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => said.push(chunk));
    child.on("error", (error) => done({ script, code: 1, said: `${error.message}\n` }));
    child.on("close", (code) => done({ script, code: code ?? 1, said: Buffer.concat(said).toString() }));
  });

for (const { script, code, said } of await Promise.all(["typecheck", "lint:code", "lint:format"].map(run))) {
  process.stdout.write(said);
  if (code === 0) continue;
  process.stderr.write(`${script} failed\n`);
  process.exitCode = 1;
}
