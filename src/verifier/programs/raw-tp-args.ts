/**
 * Tracepoints with arguments that may be null, or an error in a pointer's place, as Linux 6.18 knows them (raw_tp_null_args): four bits
 * per argument from the lowest, 1 = may be null, 2 = may be an error. Eleven arguments need 44 bits: strings of hexadecimal digits.
 */
const ROWS: Readonly<Record<string, string>> = {
  "1": `afs_protocol_error cachefiles_unlink cachefiles_rename cachefiles_prep_read cachefiles_mark_active cachefiles_mark_failed
    cachefiles_mark_inactive cachefiles_vfs_error cachefiles_io_error cachefiles_ondemand_open cachefiles_ondemand_copen
    cachefiles_ondemand_close cachefiles_ondemand_read cachefiles_ondemand_cread cachefiles_ondemand_fd_write
    cachefiles_ondemand_fd_release mm_collapse_huge_page_isolate mm_page_alloc mm_page_pcpu_drain mm_page_alloc_zone_locked
    rxrpc_recvdata rxrpc_client xs_stream_read_data tmigr_update_events amdgpu_vm_bo_map amdgpu_vm_bo_unmap netfs_folioq
    xfs_defer_create_intent xfs_defer_cancel_list xfs_defer_pending_finish xfs_defer_pending_abort xfs_defer_relog_intent
    xfs_defer_isolate_paused xfs_defer_item_pause xfs_defer_item_unpause xfs_defer_add_item xfs_defer_cancel_item
    xfs_defer_finish_item xfs_inodegc_flush xfs_inodegc_push xfs_inodegc_start xfs_inodegc_stop xfs_inodegc_queue
    xfs_inodegc_throttle xfs_fs_sync_fs xfs_blockgc_start xfs_blockgc_stop xfs_blockgc_worker xfs_blockgc_flush_all nfsd_dirent
    nfsd_file_insert_err nfsd_file_cons_err nfs4_setup_sequence iptfs_ingress_postq_event`,
  "10": `sched_pi_setprio afs_make_fs_call afs_make_fs_calli afs_make_fs_call1 afs_make_fs_call2 afs_flock_ev ext4_mballoc_discard
    ext4_mballoc_free posix_lock_inode fcntl_setlk locks_remove_posix flock_lock_inode break_lease_noblock break_lease_block
    break_lease_unblock generic_delete_lease time_out_leases mm_khugepaged_scan_pmd mm_khugepaged_scan_file
    mm_khugepaged_collapse_file netfs_failure device_pm_callback_start rxrpc_resend rxrpc_tq xprt_reserve_cong xprt_release_cong
    xprt_get_cong xprt_put_cong writeback_dirty_folio folio_wait_writeback xfs_ioc_free_eofblocks xfs_blockgc_free_space
    xchk_nlinks_live_update coda_dec_pic_run coda_dec_pic_done rdev_set_coalesce wiphy_work_queue wiphy_work_run
    wiphy_work_cancel wiphy_work_flush hugetlbfs_alloc_inode spufs_context`,
  "11": "tcp_send_reset cfg80211_scan_done",
  "100": `sched_stick_numa sched_swap_numa fib_table_lookup tcp_sendmsg_locked tegra_dma_tx_status xfs_btree_updkeys
    xfs_btree_overlapped_query_range xchk_metapath_lookup cfg80211_report_wowlan_wakeup cfg80211_inform_bss_frame
    kvm_page_fault_enter dpu_crtc_setup_mixer binder_transaction btree_path_free amdtp_packet`,
  "200": "nfs4_inode_callback_event nfs4_inode_stateid_callback_event",
  "201": "cachefiles_lookup",
  "1000": "qdisc_dequeue kfree_skb hfi1_sdma_progress",
  "1001": "nfsd_file_acquire",
  "2000": "mr_integ_alloc",
  "10000": `host1x_cdma_push_gather xfs_map_blocks_found xfs_map_blocks_alloc pnfs_update_layout pnfs_mds_fallback_pg_init_read
    pnfs_mds_fallback_pg_init_write pnfs_mds_fallback_pg_get_mirror_count pnfs_mds_fallback_read_done
    pnfs_mds_fallback_write_done pnfs_mds_fallback_read_pagelist pnfs_mds_fallback_write_pagelist cfg80211_michael_mic_failure`,
  "0": "bpf_testmod_test_read",
};

const MASKS: ReadonlyMap<string, string> = new Map(
  Object.entries(ROWS).flatMap(([mask, names]) =>
    names
      .trim()
      .split(/\s+/)
      .map((name) => [name, mask] as const),
  ),
);

/** What is known of an argument of a tracepoint: bits 1 = may be null, 2 = may be an error; undefined for a tracepoint that is not listed. */
export function rawTracepointArg(tracepoint: string, arg: number): number | undefined {
  const mask = MASKS.get(tracepoint);
  if (mask === undefined) return undefined;
  const digit = mask[mask.length - 1 - arg];
  return digit === undefined ? 0 : Number(digit);
}
