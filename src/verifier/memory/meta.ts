/** What a call's argument checks hand on (struct bpf_call_arg_meta), as far as memory is concerned. */
export interface MemoryMeta {
  rawMode: boolean;
  regno: number;
  accessSize: number;
  pktAccess: boolean;
  msizeMaxValue: number;
}
