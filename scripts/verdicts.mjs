// Random programs to both verifiers: `npm run verdicts -- --programs N --seed S`; `--from K` starts with program K of each generator,
// as the name of a difference says.
import { campaign } from "./campaign.mjs";

campaign("test/verifier/verdicts.test.ts", "ANYBPF_VERDICTS", "10000");
