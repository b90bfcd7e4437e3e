/**
 * What a person did or what the outside refused, said so that the reader can act: what, where, why and the way out.
 * Faces print these in one line and never with a stack; anything else that is thrown is a defect of ours.
 */
export type ErrorKind =
  /** Bad flags, configuration or unreadable input: exit 2, nothing written. */
  | "input"
  /** Something outside could not be reached: exit 3. */
  | "outside"
  /** Another process holds what this one needs: exit 3. */
  | "busy";

export class OperatorError extends Error {
  readonly kind: ErrorKind;
  /** `file:line`, an object, or a URL. */
  readonly where: string | null;
  readonly remedy: string;

  constructor(kind: ErrorKind, what: string, options: { where?: string | null; remedy: string; cause?: unknown }) {
    super(what, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "OperatorError";
    this.kind = kind;
    this.where = options.where ?? null;
    this.remedy = options.remedy;
  }

  /** The one line a face prints. */
  get line(): string {
    const where = this.where === null ? "" : `${this.where}: `;
    return `${where}${this.message}. ${this.remedy}`;
  }
}

export const exitCodeOf = (error: OperatorError): 2 | 3 => (error.kind === "input" ? 2 : 3);
