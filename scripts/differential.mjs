// Random programs on the running kernel, the JIT and both interpreters: `npm run differential -- --programs N --seed S`.
// `--from K` starts with program K of the seed, as the line of a failure says. Without CAP_BPF our engines are compared alone.
import { campaign } from "./campaign.mjs";

campaign(["test/differential"], "ANYBPF_PROGRAMS", "20000");
