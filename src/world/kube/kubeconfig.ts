import { stringify } from "yaml";
import type { KubeApi } from "./server.ts";

/** Contexts `sample` (reads) and `sample-rollback`. Plain HTTP on loopback: the tokens live as long as the process. */
export const kubeconfigOf = ({ url, tokens }: KubeApi): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "sample", cluster: { server: url, "insecure-skip-tls-verify": true } }],
    users: [
      { name: "sample", user: { token: tokens.reader } },
      { name: "sample-rollback", user: { token: tokens.rollback } },
    ],
    contexts: ["sample", "sample-rollback"].map((name) => ({ name, context: { cluster: "sample", user: name } })),
    "current-context": "sample",
  });
