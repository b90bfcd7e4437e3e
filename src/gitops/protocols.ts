import type { Protocol } from "../facts/verdict.ts";

/** Protocols a port can be written with in Kubernetes. */
export const PROTOCOLS: Readonly<Record<string, Protocol>> = { TCP: "TCP", UDP: "UDP", SCTP: "SCTP" };
