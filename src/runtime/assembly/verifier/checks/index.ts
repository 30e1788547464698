// Checks of the scalar domain at small widths; built by its tests alone.
export * from "./records";
export * from "./tnums";
