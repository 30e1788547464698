import type { VerifierEnv } from "../env.ts";

/** What the program, or an asynchronous callback, may return (check_return_code). */
export function checkReturnCode(_env: VerifierEnv, _regno: number, _regName: string): void {
  throw new Error("not there yet");
}
