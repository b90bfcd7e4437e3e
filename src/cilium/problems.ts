import type { Origin, PolicyDocument } from "../facts/policy.ts";

export type Path = readonly (string | number)[];

/**
 * Who says no. `schema`: the API server refuses the object. `agent`: the API server takes it, Cilium's agent and operator
 * do not, and nothing of it is enforced (C A.1.4). `meant`: both take it, and it surely is not what was meant.
 */
export type Layer = "schema" | "agent" | "meant";

export interface ValidityProblem {
  readonly layer: Layer;
  /** JSON pointer into the object: `/spec/egress/0/toPorts`. */
  readonly path: string;
  readonly message: string;
  /** The way out, in the imperative. */
  readonly remedy: string;
  readonly origin: Origin | null;
}

/** RFC 6901. */
export const pointer = (path: Path): string =>
  path.map((p) => `/${String(p).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** Nobody reads more than this, and a hostile object must not make us write it. */
const MOST = 200;

/** Collects problems of one object, each where it stands. */
export class Problems {
  readonly #document: PolicyDocument;
  readonly #found: ValidityProblem[] = [];
  #seen: Set<string> | null = null;

  constructor(document: PolicyDocument) {
    this.#document = document;
  }

  add(layer: Layer, path: Path, message: string, remedy: string): void {
    const where = pointer(path);
    const key = `${layer} ${where} ${message}`;
    // Each layer keeps its first problem, however many another layer found.
    this.#seen ??= new Set();
    if (this.#seen.has(key) || (this.#found.length >= MOST && this.has(layer))) return;
    this.#seen.add(key);
    this.#found.push({ layer, path: where, message, remedy, origin: this.#origin(path) });
  }

  has(layer: Layer): boolean {
    return this.#found.some((p) => p.layer === layer);
  }

  get all(): readonly ValidityProblem[] {
    return this.#found;
  }

  /** The nearest place that the file knows: a missing key is shown at its parent. */
  #origin(path: Path): Origin | null {
    const locate = this.#document.locate;
    if (locate === undefined) return this.#document.origin;
    for (let length = path.length; length >= 0; length--) {
      const origin = locate(path.slice(0, length));
      if (origin !== null) return origin;
    }
    return this.#document.origin;
  }
}
