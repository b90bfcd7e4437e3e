import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callsBy, callsIn } from "../../../src/gitops/declared/scripts.ts";

const shell = (image = "registry.example/tool:1", environment: Readonly<Record<string, string>> = {}) => ({
  image,
  environment: new Map(Object.entries(environment)),
});

const calls = (script: string, image?: string, environment?: Readonly<Record<string, string>>): readonly string[] =>
  callsIn(script, shell(image, environment)).map(
    (c) => `${c.line + 1} ${c.key}: ${c.target?.host ?? "anywhere"}:${c.port} ${c.sure}`,
  );

describe("what a script's commands go to", () => {
  it("knows where package managers download from", () => {
    expect(calls("set -eu\napk add --no-cache curl jq >/dev/null && curl -fsS http://a.example/x")).toEqual([
      "2 apk add: dl-cdn.alpinelinux.org:443 likely",
    ]);
    expect(calls("pip install -q yq\nnpm ci\ngo install x@latest")).toEqual([
      "1 pip install: pypi.org:443 likely",
      "1 pip install: files.pythonhosted.org:443 likely",
      "2 npm ci: registry.npmjs.org:443 likely",
      "3 go install: proxy.golang.org:443 likely",
      "3 go install: sum.golang.org:443 likely",
    ]);
    expect(calls("dnf -y install git")).toEqual(["1 dnf install: anywhere:443 likely"]);
  });

  it("tells distributions of one package manager apart by the image, and says when it guesses", () => {
    expect(calls("apt-get update", "docker.io/library/ubuntu:24.04")[0]).toContain("archive.ubuntu.com:80 likely");
    expect(calls("apt-get update", "debian:12-slim")).toEqual(["1 apt-get update: deb.debian.org:80 likely"]);
    expect(calls("apt-get update", "registry.example/own:1")).toEqual(["1 apt-get update: deb.debian.org:80 guess"]);
  });

  it("leaves a default alone that a flag, a mirror or a proxy replaces", () => {
    expect(calls("pip install --index-url=https://pypi.lan/simple yq\nnpm ci --registry https://npm.lan")).toEqual([]);
    expect(calls("apt-get update", "debian:12", { PACKAGE_MIRROR: "http://mirror.lan" })).toEqual([]);
    expect(calls("apk add curl", "alpine", { HTTPS_PROXY: "http://proxy.lan:3128" })).toEqual([]);
  });

  it("reads the server off a client's command line, through the environment too", () => {
    expect(calls("pg_dump -h pg-main-rw.databases -U app app > /backup/app.sql")).toEqual([
      "1 pg_dump: pg-main-rw.databases:5432 likely",
    ]);
    expect(calls('redis-cli -h "$CACHE" -p 6380 ping', "redis:8", { CACHE: "cache.tools" })).toEqual([
      "1 redis-cli: cache.tools:6380 likely",
    ]);
    expect(calls("until nc -z -w 2 db.shop 3306; do sleep 1; done")).toEqual(["1 nc: db.shop:3306 likely"]);
    expect(calls("ping -c 1 10.42.4.4")).toEqual(["1 ping: 10.42.4.4:8 likely"]);
    expect(calls("rsync -e 'ssh -i /key' /data/ backup@nas.lan:/tank\nwget -qO- status.example.org/ok")).toEqual([
      "1 rsync: nas.lan:22 likely",
      "2 wget: status.example.org:80 likely",
    ]);
    expect(calls('git -c url."git@github.com:".insteadOf=x \\\n  fetch origin main')).toEqual([
      "1 git fetch: github.com:22 likely",
    ]);
  });

  it("takes no file, no flag's value and no comment for a host", () => {
    expect(calls("# apk add curl\ncurl -o /tmp/out.json -H 'Host: x.example' $URL\nssh -i /key.pem $HOST ls")).toEqual(
      [],
    );
    expect(calls("npm run build\ngo version\napk --version\necho apk")).toEqual([]);
    expect(calls("psql -c 'select 1'\nwget -O file.tar.gz")).toEqual([]);
  });

  it("reads one command without a shell around it", () => {
    expect(callsBy(["mosquitto_pub", "-h", "broker.iot", "-t", "a"], shell()).map((c) => c.target?.host)).toEqual([
      "broker.iot",
    ]);
  });

  it("never stumbles over what somebody wrote", () => {
    const words = fc.constantFrom(
      "apk",
      "add",
      "-h",
      "$(",
      "`",
      "'",
      '"',
      "\\\n",
      "curl",
      "a@b:c",
      "-p",
      "99999",
      "${X",
      "|",
      "\0",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string({ unit: "binary" })), { maxLength: 30 }), (parts) => {
        for (const call of callsIn(parts.join(" "), shell())) {
          expect(call.port).toBeGreaterThan(0);
          expect(call.port).toBeLessThan(65_536);
        }
      }),
      { numRuns: 300 },
    );
  });
});
