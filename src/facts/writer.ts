/** Insertions into what stands, that keep every comment, order and indentation. Pure: text in, text out. */
export interface Writer {
  /**
   * A kustomization with the entry in its list, in the list's own order and style; the list is made where it is missing.
   * An entry that is there already (with or without `./`) leaves the text as it is. `path` is for messages only.
   * Throws `OperatorError("input")` when the text is no kustomization that can be edited without touching the rest.
   */
  addToList(text: string, list: "resources" | "components", entry: string, path: string): string;
  /**
   * The kustomization without the entry (with or without `./`); a list that it leaves empty goes with it. Throws like
   * `addToList`, and when the entry is not there.
   */
  removeFromList(text: string, list: "resources" | "components", entry: string, path: string): string;
}
