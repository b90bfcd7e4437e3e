import { collect } from "../../src/hubble/collector.ts";
import { openEvidenceStore } from "../../src/store/evidence-sqlite.ts";

/** A collector in a process of its own, to be killed: `address path since [end]`. */
const [address = "", path = "", since = "0", end] = process.argv.slice(2);
const store = openEvidenceStore({ path, key: "k" });
const done = await collect({
  relay: { address, tls: null },
  writer: store,
  since: Number(since),
  follow: end === undefined,
  commitEvery: 20,
  commitFlows: 500,
});
await store.dispose();
process.stdout.write(JSON.stringify(done));
