import { join } from "node:path";
import { askGraph } from "../../src/graph/ask.ts";
import { buildGraph } from "../../src/graph/build.ts";
import { localForge } from "../../src/forge/local.ts";
import { openRepository } from "../../src/git/plumbing.ts";
import { openCheckpoints } from "../../src/store/checkpoints.ts";
import { processLocks } from "../../src/store/lock.ts";
import { openField } from "./field.ts";

/**
 * One process that asks, on a real remote, real checkpoints and real locks. `die` names the write before which, or after
 * which, it kills itself the hard way.
 */
const [state = "", die = "never"] = process.argv.slice(2);
const forge = localForge({ repository: openRepository(join(state, "remote.git")), state, clock: { now: () => 1_000 } });
const field = openField({
  forge,
  checkpointer: openCheckpoints(join(state, "checkpoints.sqlite"), "a secret of two hundred and fifty-six bits"),
  locks: processLocks(join(state, "locks")),
});
const at = (moment: string): void => {
  if (moment === die) process.kill(process.pid, "SIGKILL");
};
const ports = {
  ...field.ports,
  forge: {
    ...forge,
    writeBranch: async (request: Parameters<typeof forge.writeBranch>[0]) => {
      at("before-branch");
      const written = await forge.writeBranch(request);
      at("after-branch");
      return written;
    },
    openPullRequest: async (request: Parameters<typeof forge.openPullRequest>[0]) => {
      const pull = await forge.openPullRequest(request);
      at("after-pull-request");
      return pull;
    },
  },
};
const answer = await askGraph(buildGraph(ports), { text: "lock down selfhosted" }, { thread: "rollout" });
process.stdout.write(JSON.stringify(answer));
