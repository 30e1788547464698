// The runtime module: one line per part. Parts export what TypeScript and compiled programs call.
export * from "./maps";
export * from "./interpreter";
export * from "./packet";
export * from "./batch";
export * from "./stage";
