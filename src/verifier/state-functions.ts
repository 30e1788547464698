/**
 * What `src/runtime/assembly/verifier/` exports. Parameters `reg`, `dst`, `src`, `a`, `b` are addresses of register records,
 * `op` is BPF_ADD … or BPF_JEQ … as in the opcode byte; 64-bit immediates come as two halves; answers of 0 and 1 are booleans.
 */
export interface StateFunctions {
  copy_reg(to: number, from: number): void;

  /** Bounds and bits from a constant; type, offset and identity stay (`___mark_reg_known`). */
  set_known(reg: number, low: number, high: number): void;
  /** Bounds and bits of the lower half from a constant (`__mark_reg32_known`). */
  set_known32(reg: number, value: number): void;
  /** Ranges: nothing known; bits, type and identity stay (`__mark_reg_unbounded`). */
  forget_ranges(reg: number): void;
  /** Bounds and bits: nothing known; type and identity stay (`__mark_reg_unbounded` and an unknown tnum). */
  set_unbounded(reg: number): void;
  /** An unknown scalar without identity, precision off (`__mark_reg_unknown_imprecise`). */
  mark_unknown(reg: number): void;
  /** A known scalar without identity, precision off (`__mark_reg_known` on a scalar). */
  mark_known(reg: number, low: number, high: number): void;
  /** A register that holds nothing (`__mark_reg_not_init`). */
  mark_not_init(reg: number): void;
  /** Brings bits and the four ranges into agreement (`reg_bounds_sync`). */
  sync_bounds(reg: number): void;
  /** Whether some value fits bits and ranges at once, and they agree (`reg_bounds_sanity_check`). */
  bounds_sane(reg: number): number;
  /** What does not: 0 nothing; 1 "range bounds violation", 2 "const tnum out of sync with range bounds", 3 "const subreg tnum out of sync with range bounds". */
  bounds_violation(reg: number): number;

  /** dst op= src for two scalars, `is32` for the 32-bit class, `off` the field that makes division signed; shifts out of range make it unknown. */
  alu(dst: number, src: number, op: number, is32: number, off: number): void;
  /**
   * Whether the operation's two outcomes are followed apart (`maybe_fork_scalars`): dst is 0 or -1 and src constant. 0: no; 1: with `set_known`,
   * 2: with `set_known32`. The caller puts a path aside that executes the same instruction with dst = 0 (registers of other names keep theirs),
   * makes dst -1, and only then calls `alu`.
   */
  fork_kind(dst: number, src: number, op: number): number;
  /** dst = src with the upper half cleared (32-bit move). */
  zext32(reg: number): void;
  /** Keeps the low `bytes` (1, 2, 4) bytes, zero-extended (`coerce_reg_to_size`). */
  truncate(reg: number, bytes: number): void;
  /** Keeps the low `bytes` bytes, sign-extended to 64 bits, or to 32 bits and then zero-extended. */
  sign_extend(reg: number, bytes: number, to32: number): void;
  /** BPF_END: the low `bits` bits, zero-extended, their bytes reversed unless they stay in the host's (little-endian) order. */
  byte_swap(reg: number, bits: number, toLittle: number): void;

  /** Ranges and bits of `dst` = `ptr` + or - `off`, a pointer and a scalar of several values; nothing else of `dst` changes, no agreement is made. */
  move_pointer(dst: number, ptr: number, off: number, subtracts: number): void;

  /** Whether a comparison's outcome is known: 1 always, 0 never, -1 unknown (`is_branch_taken` for scalars). */
  branch_taken(a: number, b: number, op: number, is32: number): number;
  /** Narrows a and b on the side where the comparison holds (`regs_refine_cond_op` with both syncs); the other side is the same with the reverse op. */
  refine(a: number, b: number, op: number, is32: number): void;

  /** a's bounds and bits meet b's: used where linked scalars are brought to the same value plus a constant. */
  add_const(reg: number, low: number, high: number): void;

  /** Whether the value of `b` lies within what is known of `a` (`range_within` and `tnum_in`). */
  scalar_within(a: number, b: number): number;

  /** Empties the table of corresponding ids; `idGen` is the environment's last id (`reset_idmap_scratch`). */
  reset_id_map(idGen: number): void;
  /** Enters or checks a pair of corresponding ids (`check_ids`). */
  check_ids(old: number, cur: number): number;
  /**
   * Whether the current frame `cur` is covered by the explored one `old` (`func_states_equal`): callback depth, the registers in `liveRegs`
   * (bit n for r<n>), stack slots. `exact`: 0 NOT_EXACT, 1 EXACT, 2 RANGE_WITHIN. `flags`: 1 = slots that hold nothing may be read,
   * 2 = scalars must be the very same.
   */
  frame_equal(old: number, cur: number, liveRegs: number, exact: number, flags: number): number;
  /** Whether two registers are the very same, their ids corresponding (`regs_exact`). */
  regs_exact(old: number, cur: number): number;
  /** Whether all registers of two frames are the very same, ids included (`states_maybe_looping`). */
  regs_same(old: number, cur: number): number;
}
