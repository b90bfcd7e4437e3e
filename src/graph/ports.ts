import type { BaseCheckpointSaver } from "@langchain/langgraph";
import type { BaseChatModel } from "@langchain/core/language_models/chat_models";
import type { SignOffRequest } from "../facts/attestation.ts";
import type { Clock } from "../facts/clock.ts";
import type {
  CheckReader,
  ForgeReader,
  ForgeWriter,
  GreenWriter,
  Ledger,
  Locks,
  NoticeWriter,
} from "../facts/ports.ts";
import type { ConfirmationRecords, RollbackWriter, SeeFlows } from "../facts/rollback.ts";
import type { Look } from "../../tools/look.ts";
import type { Cleared } from "./clearance.ts";
import type { RollbackView } from "./facts/rollback.ts";
import type { FactsReader, GateCatalog, LaneOf } from "./gate.ts";

/** What a pull request says; plain bytes for the forge. */
export interface PullRequestText {
  readonly title: string;
  /** Markdown. */
  readonly body: string;
  readonly commitMessage: string;
}

/** Where a sign-off is asked for. Nothing in it can sign, and nothing in it can record. */
export interface SignOffDesk {
  putRequest(request: SignOffRequest): void;
  /** Newest first. */
  requests(namespace: string | null): readonly SignOffRequest[];
  /** Where a person walks and signs; null without a public URL. */
  page(request: string): string | null;
}

/** Where a sign-off is recorded. */
export interface SignOffRecords {
  /** Spends an attestation; false when it was spent before. */
  record(attestation: string, namespace: string): boolean;
  recorded(): readonly { readonly attestation: string; readonly namespace: string }[];
}

/** The forge's check as a node may hold it: it reads, and it writes what holds a merge back. Green is an effect's. */
export interface CheckDesk {
  readonly read: CheckReader;
  readonly notices: NoticeWriter;
}

/** What a rollback does things with. Its effect alone holds it. */
export interface RollbackHands {
  /** Reads everything anew. */
  readonly look: (namespace: string) => Promise<RollbackView>;
  readonly writer: RollbackWriter;
  readonly confirmations: ConfirmationRecords;
  /** Null without Hubble. */
  readonly see: SeeFlows | null;
  readonly clock: Clock;
  /** Between two looks, in milliseconds. */
  readonly rest: (span: number) => Promise<void>;
}

/** Everything outside that the graph needs; `compose.ts` fills it with adapters, tests with small fakes. */
export interface GraphPorts {
  /** Read only; what the operator's tools and the questions before a lane look at. */
  readonly look: Look;
  readonly reader: FactsReader;
  readonly catalog: GateCatalog;
  readonly laneOf: LaneOf;
  readonly forge: ForgeReader & ForgeWriter;
  readonly pullRequestText: (cleared: Cleared) => PullRequestText;
  readonly check: CheckDesk & { readonly green: GreenWriter };
  /** Null where sign-off is not configured: its lane then refuses, and says so. */
  readonly signOff: (SignOffDesk & SignOffRecords) | null;
  /** Null where no identity for a rollback is configured: its lane then refuses, and prints what to type. */
  readonly rollback: RollbackHands | null;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly locks: Locks;
  /** Made on first use: a structured request never needs one. */
  readonly model: () => Promise<BaseChatModel>;
  readonly checkpointer: BaseCheckpointSaver;
}

/** What nodes may hold: everything but the hands. Writers go to effects alone. */
export type NodePorts = Omit<GraphPorts, "forge" | "pullRequestText" | "signOff" | "check" | "rollback"> & {
  readonly check: CheckDesk;
  readonly signOff: SignOffDesk | null;
  readonly hasRollback: boolean;
};
