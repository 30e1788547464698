// Made by `npm run gen` from src/runtime/assembly/verifier/index.ts. Do not edit.
export const VERIFIER_WASM =
  "AGFzbQEAAAABCQJgAn9/AGAAAAISAQNlbnYGbWVtb3J5AgEIgIAEAwMCAAEHGwIIY29weV9yZWcAAAxyZXNldF9pZF9tYXAAAQobAg0AIAAgAUHoAPwKAAALCwBBgMAEQQA2AgAL";
