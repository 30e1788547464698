/** Whether the helper calls a function of the program (is_callback_calling_function, may be async). */
export function isCallbackCallingHelper(_id: number): boolean {
  throw new Error("not there yet");
}
