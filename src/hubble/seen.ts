import { unknown, known, type Known } from "../facts/known.ts";
import type { SeenFlows, SeeFlows } from "../facts/rollback.ts";
import { GetFlowsResponse } from "./proto/observer/observer.ts";
import { relayClient, relayError, type RelayAddress } from "./relay.ts";
import { eventFromProto } from "./decode-proto.ts";

/** On a bad day nobody waits long for a second opinion. */
const PATIENCE = 5_000;

const PASSED = new Set(["FORWARDED", "REDIRECTED"]);

/** Counts what a namespace's pods sent and got since a moment, from Relay's rings; unknown when Relay does not answer. */
export const seeFlows =
  (relay: RelayAddress): SeeFlows =>
  (namespace, since) => {
    const client = relayClient(relay);
    const pod = [`${namespace}/`];
    const stream = client.flows({ since, only: [{ sourcePod: pod }, { destinationPod: pod }] });
    return new Promise<Known<SeenFlows>>((resolve) => {
      let forwarded = 0;
      let dropped = 0;
      const end = (result: Known<SeenFlows>): void => {
        clearTimeout(timer);
        stream.cancel();
        client.close();
        resolve(result);
      };
      const timer = setTimeout(() => end(known({ forwarded, dropped })), PATIENCE);
      stream.on("data", (bytes: Buffer) => {
        try {
          const event = eventFromProto(GetFlowsResponse.decode(bytes));
          if (event?.kind !== "flow" || event.flow.time < since) return;
          if (PASSED.has(event.flow.verdict)) forwarded += 1;
          if (event.flow.verdict === "DROPPED" && event.flow.dropReason?.startsWith("POLICY") === true) dropped += 1;
        } catch {
          // A message that nobody knows counts as nothing seen.
        }
      });
      stream.on("end", () => end(known({ forwarded, dropped })));
      stream.on("error", (error) => {
        const { message, remedy } = relayError(relay.address, error);
        end(unknown(message, remedy));
      });
    });
  };
