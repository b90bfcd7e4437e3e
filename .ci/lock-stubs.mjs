// Optional platform packages that the registry at hand did not offer are missing from the lock file, and `npm ci`
// refuses a lock file with holes. This fills them with stubs (no integrity: re-lock on a full registry when possible).
// Run after every change of package-lock.json:  node .ci/lock-stubs.mjs
import fs from "node:fs";

const lock = JSON.parse(fs.readFileSync("package-lock.json", "utf8"));
const packages = lock.packages;
const systems = ["darwin", "win32", "linux", "freebsd", "android", "openharmony"];
const cpus = ["arm64", "x64", "ia32", "arm", "armv7", "ppc64le", "ppc64", "s390x", "riscv64", "loong64", "wasm32"];
for (const [at, entry] of Object.entries({ ...packages })) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const top = `node_modules/${name}`;
    if (packages[`${at === "" ? "" : `${at}/`}${top}`] || packages[top]) continue;
    const parts = name.split(/[/-]/);
    const os = parts.find((part) => systems.includes(part));
    if (os === undefined && !parts.includes("wasm32")) continue;
    const cpu =
      parts.find((part) => cpus.includes(part)) ?? (/gnueabihf|musleabihf|eabi/.test(name) ? "arm" : undefined);
    packages[top] = {
      version: range.replace(/^[\^~=]/, ""),
      optional: true,
      ...(packages[at]?.dev ? { dev: true } : {}),
      ...(os === undefined ? {} : { os: [os] }),
      ...(cpu === undefined ? {} : { cpu: [cpu === "armv7" ? "arm" : cpu] }),
    };
  }
}
fs.writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
