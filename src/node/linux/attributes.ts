/**
 * union bpf_attr of linux/bpf.h: the number of each bpf(2) command and where its fields lie, as [offset, width].
 * Numbers of 4 and 8 bytes; 16 is a name. Fields with two uses have both names.
 */
export const COMMANDS = {
  BPF_MAP_CREATE: {
    number: 0,
    size: 96,
    fields: {
      map_type: [0, 4],
      key_size: [4, 4],
      value_size: [8, 4],
      max_entries: [12, 4],
      map_flags: [16, 4],
      inner_map_fd: [20, 4],
      numa_node: [24, 4],
      map_name: [28, 16],
      btf_fd: [48, 4],
      btf_key_type_id: [52, 4],
      btf_value_type_id: [56, 4],
      btf_vmlinux_value_type_id: [60, 4],
      map_extra: [64, 8],
    },
  },
  BPF_PROG_LOAD: {
    number: 5,
    size: 168,
    fields: {
      prog_type: [0, 4],
      insn_cnt: [4, 4],
      insns: [8, 8],
      license: [16, 8],
      log_level: [24, 4],
      log_size: [28, 4],
      log_buf: [32, 8],
      kern_version: [40, 4],
      prog_flags: [44, 4],
      prog_name: [48, 16],
      prog_ifindex: [64, 4],
      expected_attach_type: [68, 4],
      prog_btf_fd: [72, 4],
      func_info_rec_size: [76, 4],
      func_info: [80, 8],
      func_info_cnt: [88, 4],
      line_info_rec_size: [92, 4],
      line_info: [96, 8],
      line_info_cnt: [104, 4],
      attach_btf_id: [108, 4],
      attach_prog_fd: [112, 4],
      attach_btf_obj_fd: [112, 4],
      fd_array: [120, 8],
      log_true_size: [140, 4],
    },
  },
  BPF_OBJ_PIN: { number: 6, size: 16, fields: { pathname: [0, 8], bpf_fd: [8, 4], file_flags: [12, 4] } },
  BPF_OBJ_GET: { number: 7, size: 16, fields: { pathname: [0, 8], bpf_fd: [8, 4], file_flags: [12, 4] } },
  BPF_PROG_TEST_RUN: {
    number: 10,
    size: 80,
    fields: {
      prog_fd: [0, 4],
      retval: [4, 4],
      data_size_in: [8, 4],
      data_size_out: [12, 4],
      data_in: [16, 8],
      data_out: [24, 8],
      repeat: [32, 4],
      duration: [36, 4],
      ctx_size_in: [40, 4],
      ctx_size_out: [44, 4],
      ctx_in: [48, 8],
      ctx_out: [56, 8],
      flags: [64, 4],
      cpu: [68, 4],
      batch_size: [72, 4],
    },
  },
  BPF_PROG_GET_NEXT_ID: { number: 11, size: 16, fields: { start_id: [0, 4], next_id: [4, 4] } },
  BPF_MAP_GET_NEXT_ID: { number: 12, size: 16, fields: { start_id: [0, 4], next_id: [4, 4] } },
  BPF_PROG_GET_FD_BY_ID: { number: 13, size: 16, fields: { id: [0, 4], open_flags: [8, 4] } },
  BPF_MAP_GET_FD_BY_ID: { number: 14, size: 16, fields: { id: [0, 4], open_flags: [8, 4] } },
  BPF_OBJ_GET_INFO_BY_FD: { number: 15, size: 16, fields: { bpf_fd: [0, 4], info_len: [4, 4], info: [8, 8] } },
  BPF_PROG_QUERY: {
    number: 16,
    size: 64,
    fields: {
      target_fd: [0, 4],
      target_ifindex: [0, 4],
      attach_type: [4, 4],
      query_flags: [8, 4],
      attach_flags: [12, 4],
      prog_ids: [16, 8],
      count: [24, 4],
      link_ids: [40, 8],
      revision: [56, 8],
    },
  },
  BPF_RAW_TRACEPOINT_OPEN: { number: 17, size: 24, fields: { name: [0, 8], prog_fd: [8, 4], cookie: [16, 8] } },
  BPF_BTF_LOAD: {
    number: 18,
    size: 40,
    fields: {
      btf: [0, 8],
      btf_log_buf: [8, 8],
      btf_size: [16, 4],
      btf_log_size: [20, 4],
      btf_log_level: [24, 4],
      btf_log_true_size: [28, 4],
    },
  },
  BPF_BTF_GET_FD_BY_ID: { number: 19, size: 16, fields: { id: [0, 4] } },
  BPF_MAP_FREEZE: { number: 22, size: 4, fields: { map_fd: [0, 4] } },
  BPF_BTF_GET_NEXT_ID: { number: 23, size: 16, fields: { start_id: [0, 4], next_id: [4, 4] } },
  BPF_LINK_CREATE: {
    number: 28,
    size: 64,
    fields: {
      prog_fd: [0, 4],
      target_fd: [4, 4],
      target_ifindex: [4, 4],
      attach_type: [8, 4],
      flags: [12, 4],
      // What follows depends on the program's type.
      target_btf_id: [16, 4],
      cookie: [24, 8],
      bpf_cookie: [16, 8],
      relative: [16, 4],
      expected_revision: [24, 8],
      iter_info: [16, 8],
      iter_info_len: [24, 4],
    },
  },
  BPF_LINK_UPDATE: {
    number: 29,
    size: 16,
    fields: { link_fd: [0, 4], new_prog_fd: [4, 4], flags: [8, 4], old_prog_fd: [12, 4] },
  },
  BPF_LINK_GET_FD_BY_ID: { number: 30, size: 16, fields: { id: [0, 4] } },
  BPF_LINK_GET_NEXT_ID: { number: 31, size: 16, fields: { start_id: [0, 4], next_id: [4, 4] } },
  BPF_ITER_CREATE: { number: 33, size: 8, fields: { link_fd: [0, 4], flags: [4, 4] } },
  BPF_LINK_DETACH: { number: 34, size: 4, fields: { link_fd: [0, 4] } },
} as const satisfies Readonly<
  Record<
    string,
    {
      readonly number: number;
      readonly size: number;
      readonly fields: Readonly<Record<string, readonly [offset: number, width: 4 | 8 | 16]>>;
    }
  >
>;

export type CommandName = keyof typeof COMMANDS;
export type FieldName<C extends CommandName> = keyof (typeof COMMANDS)[C]["fields"] & string;
/** What a command is given; fields left out are 0. */
export type FieldValues<C extends CommandName> = Readonly<Partial<Record<FieldName<C>, number | bigint | string>>>;

/** Commands on one element of a map: map_fd at 0, key at 8, value or next key at 16, flags at 24. */
export const ELEMENT_COMMANDS = {
  BPF_MAP_LOOKUP_ELEM: 1,
  BPF_MAP_UPDATE_ELEM: 2,
  BPF_MAP_DELETE_ELEM: 3,
  BPF_MAP_GET_NEXT_KEY: 4,
  BPF_MAP_LOOKUP_AND_DELETE_ELEM: 21,
} as const;
export const ELEMENT_SIZE = 32;

/** Commands on many elements: `batch` of union bpf_attr. */
export const BATCH_COMMANDS = {
  BPF_MAP_LOOKUP_BATCH: 24,
  BPF_MAP_LOOKUP_AND_DELETE_BATCH: 25,
  BPF_MAP_UPDATE_BATCH: 26,
  BPF_MAP_DELETE_BATCH: 27,
} as const;
export const BATCH = {
  inBatch: 0,
  outBatch: 8,
  keys: 16,
  values: 24,
  count: 32,
  mapFd: 36,
  flags: 40,
  size: 56,
} as const;

/** The largest of them, with room to grow. */
export const ATTR_SIZE = 256;
