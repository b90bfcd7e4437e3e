import type { RelayAddress } from "../../hubble/relay.ts";
import { attempt, bad, good, open, type Check } from "./check.ts";

/** Relay answers, knows its nodes, and numbers its fields as we read them. */
export const relayChecks = (address: RelayAddress | null): Promise<readonly Check[]> =>
  attempt("Hubble Relay", async () => {
    if (address === null) return open("Hubble Relay", "none is configured", "Set flows.relay to Relay's host:port.");
    const [{ relayClient }, { checkWire }] = await Promise.all([
      import("../../hubble/relay.ts"),
      import("../../hubble/reflection.ts"),
    ]);
    const client = relayClient(address);
    try {
      const status = await client.status();
      const away = status.numUnavailableNodes ?? 0;
      const nodes = `${status.numConnectedNodes ?? 0} nodes connected, ${away} unavailable`;
      const reached =
        away > 0
          ? bad(
              "Hubble Relay",
              `${address.address}: ${nodes}`,
              "What happens on a node that Relay does not reach is in no evidence: mend it first.",
            )
          : good("Hubble Relay", `${address.address}: ${nodes}`);
      const wire = await checkWire(address);
      if (!wire.offered)
        return [reached, open("Hubble's fields", "the server offers no reflection, so they were not compared")];
      const moved = wire.moved.map((m) => `${m.field} is ${m.theirs}, we read ${m.ours}`);
      return [
        reached,
        moved.length > 0
          ? bad(
              "Hubble's fields",
              moved.join("; "),
              "This Cilium speaks another wire than this program: update network-operator.",
            )
          : good(
              "Hubble's fields",
              `as we read them${wire.absent.length === 0 ? "" : `; not yet there: ${wire.absent.join(", ")}`}`,
            ),
      ];
    } finally {
      client.close();
    }
  });
