export function batch_placeholder(): i32 { return 0; }
