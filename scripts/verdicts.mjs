// Random programs to both verifiers: `npm run verdicts -- --programs N --seed S`; `--from K` starts with program K of each generator,
// as the name of a difference says. As many accepted programs run in the checking interpreter, and are verified without pruning.
import { campaign } from "./campaign.mjs";

campaign(["test/verifier/verdicts.test.ts", "test/verifier/soundness.test.ts"], "ANYBPF_VERDICTS", "10000");
