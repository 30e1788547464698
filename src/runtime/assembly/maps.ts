export function maps_placeholder(): i32 { return 0; }
