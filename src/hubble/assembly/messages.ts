import { message } from "./host";
import { LAYER_7 } from "./keys";
import { CLASSES, MESSAGES, SAID } from "./layout";
import { MADE } from "./values";

/** How many messages were known before the one at hand was looked for. */
export function messagesKnown(): u32 {
  return load<u32>(MESSAGES, MADE);
}

/** Says whether the message `id`, which stands in `[from, to)`, is DNS; false when it cannot be decoded. */
export function sayMessage(id: u32, known: u32, from: usize, to: usize): bool {
  if (id > known) store<u8>(CLASSES + id, <u8>message(id, from, to));
  const kind = load<u8>(CLASSES + id);
  store<u16>(SAID + 2 * LAYER_7, kind & 3);
  return kind != 0;
}
