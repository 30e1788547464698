// Made by `npm run gen` from src/runtime/assembly/. Do not edit.
export const RUNTIME_WASM =
  "AGFzbQEAAAABBQFgAAF/AwIBAAdXBBBtYXBzX3BsYWNlaG9sZGVyAAAXaW50ZXJwcmV0ZXJfcGxhY2Vob2xkZXIAABJwYWNrZXRfcGxhY2Vob2xkZXIAABFiYXRjaF9wbGFjZWhvbGRlcgAACgYBBABBAAs=";
