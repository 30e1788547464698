import { ATTACH_TYPE as A, ERRNO, PROG_TYPE as P, PROG_FLAG } from "../../uapi/index.ts";
import type { VerifierEnv } from "../env.ts";
import type { RejectionKind } from "../kinds.ts";

/** Flags of BPF_PROG_LOAD (linux/bpf.h). BPF_F_TOKEN_FD is not among them: there are no tokens here. */
const FLAGS = {
  BPF_F_STRICT_ALIGNMENT: 1 << 0,
  BPF_F_ANY_ALIGNMENT: 1 << 1,
  BPF_F_TEST_RND_HI32: 1 << 2,
  BPF_F_TEST_STATE_FREQ: 1 << 3,
  BPF_F_SLEEPABLE: PROG_FLAG.BPF_F_SLEEPABLE,
  BPF_F_XDP_HAS_FRAGS: PROG_FLAG.BPF_F_XDP_HAS_FRAGS,
  BPF_F_XDP_DEV_BOUND_ONLY: 1 << 6,
  BPF_F_TEST_REG_INVARIANTS: 1 << 7,
} as const;
const ALL_FLAGS = Object.values(FLAGS).reduce<number>((all, flag) => all | flag, 0);

/** BPF_COMPLEXITY_LIMIT_INSNS, and what those without CAP_BPF may load (BPF_MAXINSNS). */
const MAX_INSNS = 1_000_000;
const MAX_INSNS_UNPRIVILEGED = 4096;

/** Types that anybody may load, where `kernel.unprivileged_bpf_disabled` is 0. */
const UNPRIVILEGED = [P.BPF_PROG_TYPE_SOCKET_FILTER, P.BPF_PROG_TYPE_CGROUP_SKB];
/** Types that need CAP_PERFMON. */
const PERFMON = [
  P.BPF_PROG_TYPE_KPROBE, P.BPF_PROG_TYPE_TRACEPOINT, P.BPF_PROG_TYPE_PERF_EVENT, P.BPF_PROG_TYPE_RAW_TRACEPOINT,
  P.BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, P.BPF_PROG_TYPE_TRACING, P.BPF_PROG_TYPE_LSM, P.BPF_PROG_TYPE_STRUCT_OPS, P.BPF_PROG_TYPE_EXT,
]; // biome-ignore format: a list of words

/** Types that have an attach_btf_id. */
const WITH_ATTACH_BTF = [
  P.BPF_PROG_TYPE_TRACING, P.BPF_PROG_TYPE_LSM, P.BPF_PROG_TYPE_STRUCT_OPS, P.BPF_PROG_TYPE_EXT,
]; // biome-ignore format: a list of words
const BTF_MAX_TYPE = 0xfffff;

/** Expected attach types that a type may be loaded with, where not all of them are taken; what 0 stands for, where it does. */
const EXPECTED_ATTACH: ReadonlyMap<number, readonly number[]> = new Map([
  [
    P.BPF_PROG_TYPE_CGROUP_SOCK,
    [
      A.BPF_CGROUP_INET_SOCK_CREATE, A.BPF_CGROUP_INET_SOCK_RELEASE, A.BPF_CGROUP_INET4_POST_BIND, A.BPF_CGROUP_INET6_POST_BIND,
    ], // biome-ignore format: a list of words
  ],
  [
    P.BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
    [
      A.BPF_CGROUP_INET4_BIND, A.BPF_CGROUP_INET6_BIND, A.BPF_CGROUP_INET4_CONNECT, A.BPF_CGROUP_INET6_CONNECT,
      A.BPF_CGROUP_UNIX_CONNECT, A.BPF_CGROUP_INET4_GETPEERNAME, A.BPF_CGROUP_INET6_GETPEERNAME, A.BPF_CGROUP_UNIX_GETPEERNAME,
      A.BPF_CGROUP_INET4_GETSOCKNAME, A.BPF_CGROUP_INET6_GETSOCKNAME, A.BPF_CGROUP_UNIX_GETSOCKNAME, A.BPF_CGROUP_UDP4_SENDMSG,
      A.BPF_CGROUP_UDP6_SENDMSG, A.BPF_CGROUP_UNIX_SENDMSG, A.BPF_CGROUP_UDP4_RECVMSG, A.BPF_CGROUP_UDP6_RECVMSG,
      A.BPF_CGROUP_UNIX_RECVMSG,
    ], // biome-ignore format: a list of words
  ],
  [P.BPF_PROG_TYPE_CGROUP_SKB, [A.BPF_CGROUP_INET_INGRESS, A.BPF_CGROUP_INET_EGRESS]],
  [P.BPF_PROG_TYPE_CGROUP_SOCKOPT, [A.BPF_CGROUP_SETSOCKOPT, A.BPF_CGROUP_GETSOCKOPT]],
  [P.BPF_PROG_TYPE_SK_LOOKUP, [A.BPF_SK_LOOKUP]],
  [P.BPF_PROG_TYPE_SK_REUSEPORT, [A.BPF_SK_REUSEPORT_SELECT, A.BPF_SK_REUSEPORT_SELECT_OR_MIGRATE]],
  [P.BPF_PROG_TYPE_NETFILTER, [A.BPF_NETFILTER]],
  [P.BPF_PROG_TYPE_SYSCALL, [0]],
  [P.BPF_PROG_TYPE_EXT, [0]],
]);
const DEFAULT_ATTACH: ReadonlyMap<number, number> = new Map([
  [P.BPF_PROG_TYPE_CGROUP_SOCK, A.BPF_CGROUP_INET_SOCK_CREATE],
  [P.BPF_PROG_TYPE_SK_REUSEPORT, A.BPF_SK_REUSEPORT_SELECT],
]);

/** MODULE_LICENSE texts that the kernel takes for compatible with its own (include/linux/license.h). */
const GPL_COMPATIBLE = ["GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"];

/** Whether programs of that licence may call what is for GPL programs only. */
export function isGplCompatible(license: string): boolean {
  return GPL_COMPATIBLE.includes(license);
}

/** What BPF_PROG_LOAD refuses before the program is looked at, and the flags of the environment that follow from type, flags and mode. */
export function checkAttributes(env: VerifierEnv): void {
  const { input, options } = env;
  const mode = options.mode ?? "root";
  const flags = input.flags ?? 0;
  env.bpfCapable = mode !== "unpriv";
  const perfmon = mode === "root";
  env.allowPtrLeaks = perfmon;
  env.allowUninitStack = perfmon;
  env.bypassSpecV1 = perfmon;
  env.bypassSpecV4 = perfmon;
  env.btfs[0] = options.kernel?.vmlinux ?? null;
  env.btfs[1] = input.btf ?? null;

  if ((flags & ~ALL_FLAGS) !== 0) refuse(env, ERRNO.EINVAL, "V_PROG_FLAGS", "prog_flags has unknown bits");
  if (env.expectedAttachType === 0) env.expectedAttachType = DEFAULT_ATTACH.get(env.type) ?? 0;
  const limit = env.bpfCapable ? MAX_INSNS : MAX_INSNS_UNPRIVILEGED;
  if (env.insns.count === 0) refuse(env, ERRNO.E2BIG, "V_EMPTY", "a program has at least one instruction");
  if (env.insns.count > limit) refuse(env, ERRNO.E2BIG, "V_TOO_LARGE", `a program has at most ${limit} instructions`);
  if (!env.bpfCapable && !UNPRIVILEGED.includes(env.type)) {
    refuse(env, ERRNO.EPERM, "V_PRIVILEGE", "programs of this type need CAP_BPF");
  }
  if (!perfmon && PERFMON.includes(env.type)) {
    refuse(env, ERRNO.EPERM, "V_PRIVILEGE", "programs of this type need CAP_PERFMON");
  }
  checkAttachAttributes(env);
  if (!(env.type > 0 && env.type <= P.BPF_PROG_TYPE_NETFILTER)) {
    refuse(env, ERRNO.EINVAL, "V_PROG_TYPE", "unknown program type");
  }

  env.sleepable = (flags & FLAGS.BPF_F_SLEEPABLE) !== 0;
  env.gplCompatible = isGplCompatible(input.license);
  env.strictAlignment = (flags & FLAGS.BPF_F_STRICT_ALIGNMENT) !== 0 && (flags & FLAGS.BPF_F_ANY_ALIGNMENT) === 0;
  env.testStateFreq = env.bpfCapable && (flags & FLAGS.BPF_F_TEST_STATE_FREQ) !== 0;
  env.testRegInvariants = (flags & FLAGS.BPF_F_TEST_REG_INVARIANTS) !== 0;
}

/** attach_btf_id, attach_prog_fd and expected_attach_type belong together (bpf_prog_load_check_attach). */
function checkAttachAttributes(env: VerifierEnv): void {
  const { input, type } = env;
  const btfId = input.attachBtfId ?? 0;
  const target = input.attachProgram;
  if (btfId !== 0) {
    if (btfId > BTF_MAX_TYPE) refuse(env, ERRNO.EINVAL, "V_ATTACH", `attach_btf_id ${btfId} is no type id`);
    if (target === undefined && env.btfs[0] === null) {
      refuse(env, ERRNO.EINVAL, "V_ATTACH", "attach_btf_id needs the kernel's BTF");
    }
    if (!WITH_ATTACH_BTF.includes(type)) refuse(env, ERRNO.EINVAL, "V_ATTACH", "this type has no attach_btf_id");
  }
  if (target !== undefined && type !== P.BPF_PROG_TYPE_TRACING && type !== P.BPF_PROG_TYPE_EXT) {
    refuse(env, ERRNO.EINVAL, "V_ATTACH", "programs of this type attach to no other program");
  }
  const allowed = EXPECTED_ATTACH.get(type);
  if (allowed !== undefined && !allowed.includes(env.expectedAttachType)) {
    refuse(env, ERRNO.EINVAL, "V_ATTACH", `expected_attach_type ${env.expectedAttachType} is not for this type`);
  }
}

/** bpf(2) says no more than an errno here; `reason` is for explanations. */
function refuse(env: VerifierEnv, errno: number, kind: RejectionKind, reason: string): never {
  env.reject(errno, kind, "", { reason });
}
