export function packet_placeholder(): i32 { return 0; }
