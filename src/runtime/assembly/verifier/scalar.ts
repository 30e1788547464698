// What is known of scalars: the part's exports.
export { add_const, alu, fork_kind } from "./alu";
export { bounds_sane, bounds_violation, scalar_within, sync_bounds } from "./bounds";
export { branch_taken } from "./branch";
export { byte_swap, sign_extend, truncate, zext32 } from "./casts";
export { copy_reg, forget_ranges, mark_known, mark_not_init, mark_unknown, set_known, set_known32, set_unbounded } from "./record";
export { refine } from "./refine";
