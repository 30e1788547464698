/** Values of enum bpf_access_type. */
export const BPF_READ = 1;
export const BPF_WRITE = 2;

/** Who touches memory (enum bpf_access_src): an instruction, or a helper on its behalf. */
export const ACCESS_DIRECT = 1;
export const ACCESS_HELPER = 2;
