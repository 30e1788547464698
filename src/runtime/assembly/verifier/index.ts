// The verifier's module: one line per part. Parts export what TypeScript calls on register and frame records.
export * from "./scalar";
export * from "./compare";
export { move_pointer } from "./pointer";
