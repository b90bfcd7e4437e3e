import ipaddr from "ipaddr.js";
import type { CiliumSettings } from "../facts/settings.ts";

/** A prefix in the form that containment needs: address bytes, 4 or 16 of them, and how many bits count. */
export interface Prefix {
  readonly bytes: readonly number[];
  readonly bits: number;
}

export const isV4 = (prefix: Prefix): boolean => prefix.bytes.length === 4;

/** Four decimal parts without leading zeros; null otherwise. */
const parseV4 = (text: string): readonly number[] | null => {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes: number[] = [];
  for (const part of parts) {
    if (part.length === 0 || part.length > 3 || !/^(?:0|[1-9]\d*)$/.test(part)) return null;
    const byte = Number(part);
    if (byte > 255) return null;
    bytes.push(byte);
  }
  return bytes;
};

/** Go's `netip.ParseAddr`: no octal, no short forms; zones are refused for prefixes and useless to policy. */
export const parseAddress = (text: string): Prefix | null => {
  if (text.includes(":")) {
    if (text.includes("%") || !ipaddr.IPv6.isValid(text)) return null;
    return { bytes: ipaddr.IPv6.parse(text).toByteArray(), bits: 128 };
  }
  const bytes = parseV4(text);
  return bytes === null ? null : { bytes, bits: 32 };
};

/** Go's `netip.ParsePrefix`: needs a slash, decimal bits without sign or leading zero; host bits may be set (C B.3.1). */
export const parsePrefix = (text: string): Prefix | null => {
  const slash = text.lastIndexOf("/");
  if (slash < 0) return null;
  const address = parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  if (address === null || !/^(0|[1-9]\d{0,2})$/.test(length)) return null;
  const bits = Number(length);
  return bits > address.bytes.length * 8 ? null : { bytes: address.bytes, bits };
};

export const parseCidr = (text: string): Prefix | null => (text.includes("/") ? parsePrefix(text) : parseAddress(text));

/** A `cidr:` label's key: Cilium writes IPv6 with dashes, `2001-db8--0/32` (C B.3.2). */
export const parseCidrLabel = (key: string): Prefix | null => parsePrefix(key.replaceAll("-", ":"));

export const containsAddress = (outer: Prefix, inner: Prefix): boolean => {
  if (outer.bytes.length !== inner.bytes.length) return false;
  let left = outer.bits;
  for (let i = 0; left > 0; i++, left -= 8) {
    const mask = left >= 8 ? 0xff : (0xff << (8 - left)) & 0xff;
    if ((((outer.bytes[i] ?? 0) ^ (inner.bytes[i] ?? 0)) & mask) !== 0) return false;
  }
  return true;
};

export const contains = (outer: Prefix, inner: Prefix): boolean =>
  outer.bits <= inner.bits && containsAddress(outer, inner);

/** Whether two prefixes share any address. */
export const overlaps = (a: Prefix, b: Prefix): boolean => contains(a, b) || contains(b, a);

/**
 * Which label the world of a family has. With both families in use each has its own; since 1.19 a family that is not in use
 * has its own too, which then nobody carries (C B.3.4).
 */
export const worldLabel = (v4: boolean, settings: CiliumSettings): "world" | "world-ipv4" | "world-ipv6" => {
  const old = settings.version === "1.17" || settings.version === "1.18";
  const other = v4 ? settings.ipv6 : settings.ipv4;
  const apart = old ? settings.ipv4 && settings.ipv6 : other;
  if (!apart) return "world";
  return v4 ? "world-ipv4" : "world-ipv6";
};
