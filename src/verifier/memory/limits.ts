/** Offsets of pointers stay below this in both directions (BPF_MAX_VAR_OFF). */
export const MAX_VAR_OFF = 1 << 29;
/** Sizes of memory handed to helpers stay below this (BPF_MAX_VAR_SIZ). */
export const MAX_VAR_SIZE = 1 << 29;
/** Packets are no longer than this (MAX_PACKET_OFF). */
export const MAX_PACKET_OFF = 0xffff;
/** Bytes of stack of one function (MAX_BPF_STACK). */
export const MAX_STACK = 512;
