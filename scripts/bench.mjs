// Sets up what is missing, then runs the benchmarks.
import { ensureBuilt, ensureInstalled } from "./setup.mjs";

ensureInstalled();
ensureBuilt();
await import("../bench/main.mjs");
