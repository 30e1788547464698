import * as L from "../../runtime/verifier-layout.ts";

/** An argument of an iterator that is not simply what its BTF says. */
export interface ContextArg {
  readonly offset: number;
  readonly type: number;
  /** The structure it points at; "" for a buffer. */
  readonly struct: string;
}

const NULLABLE = L.PTR_TO_BTF_ID | L.PTR_MAYBE_NULL;
const TRUSTED = NULLABLE | L.PTR_TRUSTED;
const BUF = L.PTR_TO_BUF | L.PTR_MAYBE_NULL;

function row(offset: number, type: number, struct = ""): ContextArg {
  return { offset, type, struct };
}

/** Targets of BPF_TRACE_ITER (functions `bpf_iter_NAME`) by name, as Linux 6.18 registers them. */
const TARGETS: Readonly<Record<string, readonly ContextArg[]>> = {
  bpf_link: [row(8, NULLABLE, "bpf_link")],
  bpf_map: [row(8, TRUSTED, "bpf_map")],
  bpf_map_elem: [row(16, BUF | L.MEM_RDONLY), row(24, BUF)],
  bpf_prog: [row(8, NULLABLE, "bpf_prog")],
  bpf_sk_storage_map: [row(16, NULLABLE, "sock"), row(24, BUF)],
  cgroup: [row(8, TRUSTED, "cgroup")],
  dmabuf: [row(8, NULLABLE, "dma_buf")],
  ipv6_route: [row(8, NULLABLE, "fib6_info")],
  kmem_cache: [row(8, TRUSTED, "kmem_cache")],
  ksym: [row(8, NULLABLE, "kallsym_iter")],
  netlink: [row(8, NULLABLE, "netlink_sock")],
  sockmap: [row(16, BUF | L.MEM_RDONLY), row(24, NULLABLE, "sock")],
  task: [row(8, TRUSTED, "task_struct")],
  task_file: [row(8, NULLABLE, "task_struct"), row(24, NULLABLE, "file")],
  task_vma: [row(8, NULLABLE, "task_struct"), row(16, NULLABLE, "vm_area_struct")],
  tcp: [row(8, TRUSTED, "sock_common")],
  udp: [row(8, TRUSTED, "udp_sock")],
  unix: [row(8, NULLABLE, "unix_sock")],
};

const PREFIX = "bpf_iter_";

/** What is known of the arguments of the iterator that a kernel function stands for; null where it is none. */
export function iteratorArgs(functionName: string): readonly ContextArg[] | null {
  if (!functionName.startsWith(PREFIX)) return null;
  const name = functionName.slice(PREFIX.length);
  return Object.hasOwn(TARGETS, name) ? TARGETS[name]! : null;
}
