import { createAppAuth } from "@octokit/auth-app";
import { retry } from "@octokit/plugin-retry";
import { throttling } from "@octokit/plugin-throttling";
import { Octokit } from "@octokit/rest";
import { OperatorError } from "../../facts/errors.ts";

const Client = Octokit.plugin(retry, throttling);
export type GitHubClient = InstanceType<typeof Client>;

export interface GitHubPlace {
  readonly owner: string;
  readonly name: string;
  readonly apiUrl: string;
}

export type Credentials =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "app"; readonly appId: number; readonly privateKey: string; readonly installationId: number };

/** A token, or a GitHub App, from the environment and nowhere else. */
export const credentialsFrom = (env: Readonly<NodeJS.ProcessEnv>): Credentials => {
  const appId = env["NETWORK_OPERATOR_GITHUB_APP_ID"];
  const privateKey = env["NETWORK_OPERATOR_GITHUB_APP_PRIVATE_KEY"];
  const installationId = env["NETWORK_OPERATOR_GITHUB_APP_INSTALLATION_ID"];
  if (appId !== undefined && privateKey !== undefined && installationId !== undefined)
    return {
      kind: "app",
      appId: Number(appId),
      // A PEM in one line, as many secret stores keep it.
      privateKey: privateKey.replaceAll(String.raw`\n`, "\n"),
      installationId: Number(installationId),
    };
  const token = env["NETWORK_OPERATOR_GITHUB_TOKEN"] ?? env["GITHUB_TOKEN"];
  if (token !== undefined && token !== "") return { kind: "token", token };
  throw new OperatorError("input", "there is no GitHub token", {
    where: "environment",
    remedy:
      "Set NETWORK_OPERATOR_GITHUB_TOKEN, or NETWORK_OPERATOR_GITHUB_APP_ID, …_APP_PRIVATE_KEY and …_APP_INSTALLATION_ID.",
  });
};

export const githubClient = (
  place: GitHubPlace,
  credentials: Credentials,
  options: { throttle?: boolean; retries?: number } = {},
): GitHubClient =>
  new Client({
    baseUrl: place.apiUrl,
    userAgent: "network-operator",
    ...(credentials.kind === "token"
      ? { auth: credentials.token }
      : {
          authStrategy: createAppAuth,
          auth: {
            appId: credentials.appId,
            privateKey: credentials.privateKey,
            installationId: credentials.installationId,
          },
        }),
    // Retrying is for reads and for "busy"; a refusal (4xx) is an answer.
    retry: {
      doNotRetry: [400, 401, 403, 404, 409, 410, 422, 451],
      ...(options.retries === undefined ? {} : { retries: options.retries }),
    },
    throttle: {
      enabled: options.throttle ?? true,
      onRateLimit: (_after: number, _request: unknown, _client: unknown, count: number) => count < 2,
      onSecondaryRateLimit: (_after: number, _request: unknown, _client: unknown, count: number) => count < 2,
    },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
  });

interface HttpError {
  readonly status: number;
  readonly message: string;
  readonly response?: { readonly headers?: Readonly<Record<string, unknown>> };
}

const isHttpError = (error: unknown): error is HttpError =>
  typeof error === "object" && error !== null && "status" in error && typeof error.status === "number";

export const statusOf = (error: unknown): number | null => (isHttpError(error) ? error.status : null);

/** When to ask again, where GitHub said that this was too much; null where it did not say that. */
const limited = (error: unknown): string | null => {
  if (!isHttpError(error) || (error.status !== 403 && error.status !== 429)) return null;
  const headers = error.response?.headers ?? {};
  const [after, left, reset] = ["retry-after", "x-ratelimit-remaining", "x-ratelimit-reset"].map((name) =>
    Number(headers[name] ?? Number.NaN),
  );
  if (error.status !== 429 && left !== 0 && !/rate limit/i.test(error.message)) return null;
  if (after !== undefined && after > 0) return `Ask again in ${after} s.`;
  return reset !== undefined && reset > 0
    ? `Ask again after ${new Date(reset * 1000).toISOString()}.`
    : "Ask again in a few minutes.";
};

/** Calls GitHub; a failure says what was asked for, where, and what would help. Nothing secret is repeated. */
export const call = async <T>(place: GitHubPlace, what: string, request: () => Promise<T>): Promise<T> => {
  try {
    return await request();
  } catch (error) {
    const status = statusOf(error);
    const where = `${place.apiUrl}/repos/${place.owner}/${place.name}`;
    const later = limited(error);
    if (later !== null)
      throw new OperatorError("outside", `GitHub's rate limit is used up: it did not ${what}`, {
        where,
        remedy: later,
      });
    if (status === 401 || status === 403)
      throw new OperatorError("outside", `GitHub refused to ${what} (${status})`, {
        where,
        remedy:
          "The token needs contents: write, pull requests: write, metadata: read and, for the check, statuses: write (an App: checks: write) on this repository.",
      });
    if (status === 404)
      throw new OperatorError("outside", `GitHub does not know what it takes to ${what} (404)`, {
        where,
        remedy: "Check owner and name, and that the token may see the repository.",
      });
    const said = isHttpError(error)
      ? error.message.split("\n")[0]
      : error instanceof Error
        ? error.message
        : String(error);
    const number = status === null ? "" : ` (${status})`;
    throw new OperatorError("outside", `GitHub could not ${what}: ${said ?? "no message"}${number}`, {
      where,
      remedy: "Try again; nothing was half-written.",
    });
  }
};
