/** Label keys that charts and operators write; a key that almost is one of them is a slip. */
const USUAL: readonly string[] = [
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/component",
  "app.kubernetes.io/part-of",
  "app.kubernetes.io/managed-by",
  "app.kubernetes.io/version",
  "batch.kubernetes.io/job-name",
  "cnpg.io/cluster",
  "gateway.networking.k8s.io/gateway-name",
];

/** One letter too many, too few, another, or two that changed places. */
export const isOneSlip = (a: string, b: string): boolean => {
  if (a === b || Math.abs(a.length - b.length) > 1) return false;
  let from = 0;
  while (from < a.length && a[from] === b[from]) from += 1;
  let back = 0;
  while (back < Math.min(a.length, b.length) - from && a.at(-1 - back) === b.at(-1 - back)) back += 1;
  const [left, right] = [a.slice(from, a.length - back), b.slice(from, b.length - back)];
  if (left.length <= 1 && right.length <= 1) return true;
  return left.length === 2 && right.length === 2 && left[0] === right[1] && left[1] === right[0];
};

/** A source written with a dot: `k8s.app` is a key of that name, and no pod carries it (C A.3). */
const DOTTED = /^(?:k8s|any|reserved)\./;

/** Whether a key is a slip of the pen for one that these labels have, or that labels usually have. */
export const isMisspelt = (
  key: string,
  values: readonly string[],
  labels: Readonly<Record<string, string>>,
): boolean => {
  if (USUAL.includes(key)) return false;
  const meant = key.replace(DOTTED, "");
  if (meant !== key && (USUAL.includes(meant) || Object.hasOwn(labels, meant))) return true;
  // Short keys are near one another by chance (app, apps), but not with one and the same value.
  const isShort = key.length <= 8;
  return (
    (!isShort && USUAL.some((k) => isOneSlip(k, key))) ||
    Object.entries(labels).some(([k, value]) => (!isShort || values.includes(value)) && isOneSlip(k, key))
  );
};
