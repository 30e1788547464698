/**
 * Sets of kernel functions that programs attach to, as Linux 6.18 has them: BTF does not record them. Names of LSM hooks stand without
 * their prefix.
 */

const LSM_PREFIX = "bpf_lsm_";

function names(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

function hooks(text: string): ReadonlySet<string> {
  return new Set(
    text
      .trim()
      .split(/\s+/)
      .map((name) => LSM_PREFIX + name),
  );
}

/** LSM hooks that return 0 or 1. */
export const boolLsmHooks = hooks("audit_rule_known inode_xattr_skipcap xfrm_state_pol_flow_match");

/** LSM hooks that no program may attach to: their return value is more than an errno. */
export const disabledLsmHooks = hooks(`
  vm_enough_memory inode_need_killpriv inode_getsecurity inode_listsecurity inode_copy_up_xattr getselfattr getprocattr setprocattr
  key_getsecurity audit_rule_match ismaclabel
`);

/** LSM hooks whose arguments are being made or taken apart: their pointers are not trusted. */
export const untrustedLsmHooks = hooks(`
  bpf_map_free bpf_prog_free file_alloc_security file_free_security sk_alloc_security sk_free_security task_free
`);

/** LSM hooks that programs may sleep in. */
export const sleepableLsmHooks = hooks(`
  bpf bpf_map bpf_map_create bpf_map_free bpf_prog bpf_prog_load bpf_prog_free bpf_token_create bpf_token_free bpf_token_cmd
  bpf_token_capable bprm_check_security bprm_committed_creds bprm_committing_creds bprm_creds_for_exec bprm_creds_from_file capget
  capset cred_prepare file_ioctl file_lock file_open file_post_open file_receive inode_create inode_free_security inode_getattr
  inode_getxattr inode_mknod inode_need_killpriv inode_post_setxattr inode_post_removexattr inode_readlink inode_removexattr
  inode_rename inode_rmdir inode_setattr inode_setxattr inode_symlink inode_unlink kernel_module_request kernel_read_file
  kernfs_init_security path_unlink path_mkdir path_rmdir path_truncate path_symlink path_link path_rename path_chmod path_chown
  mmap_file netlink_send path_notify release_secctx sb_alloc_security sb_eat_lsm_opts sb_kern_mount sb_mount sb_remount
  sb_set_mnt_opts sb_show_options sb_statfs sb_umount settime inet_conn_established socket_accept socket_bind socket_connect
  socket_create socket_getpeername socket_getpeersec_dgram socket_getsockname socket_getsockopt socket_listen socket_post_create
  socket_recvmsg socket_sendmsg socket_shutdown socket_socketpair syslog task_alloc task_prctl task_setscheduler task_to_inode
  userns_create
`);

/** Whether the function is an LSM hook of BPF. */
export function isLsmHook(name: string): boolean {
  return name.startsWith(LSM_PREFIX);
}

/** Functions that tracing programs run through themselves. */
export const deniedFunctions = names(`
  migrate_disable migrate_enable rcu_read_unlock_strict preempt_count_add preempt_count_sub __rcu_read_lock __rcu_read_unlock
`);

/** Functions that never return, so nothing can be attached to their return. */
export const noReturnFunctions = names(`
  __ia32_sys_exit __ia32_sys_exit_group __kunit_abort kunit_try_catch_throw __module_put_and_kthread_exit __x64_sys_exit
  __x64_sys_exit_group do_exit do_group_exit kthread_complete_and_exit kthread_exit make_task_dead
`);

/** Error-injection points that must not sleep. */
export const nonSleepableInjection = names("__filemap_add_folio should_fail_alloc_page should_failslab");

/**
 * Functions of the kernel itself whose return value may be replaced although they are no `security_` functions and no system calls:
 * those marked ALLOW_ERROR_INJECTION, and test hooks.
 */
export const injectionFunctions = names(`
  should_failslab should_fail_alloc_page should_fail_bio __filemap_add_folio bpf_modify_return_test bpf_modify_return_test2
  bpf_modify_return_test_tp bpf_fentry_test1 bpf_fentry_test10
`);
