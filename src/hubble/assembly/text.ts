/** Up to eight letters as they stand in memory. */
export function word(text: string): u64 {
  let bytes: u64 = 0;
  for (let i = text.length - 1; i >= 0; i--) bytes = (bytes << 8) | (<u64>text.charCodeAt(i));
  return bytes;
}

/** Five, six or seven letters at `at`, as one number. */
export function letters(at: usize, count: u64): u64 {
  return load<u64>(at) & (((<u64>1) << (count * 8)) - 1);
}
