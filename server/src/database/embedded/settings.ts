/** Names and values of PostgreSQL's settings. */
export type Settings = Readonly<Record<string, string>>

/**
 * For one host that has better things to do with its memory. What makes commits last (fsync,
 * full_page_writes, synchronous_commit) stays as PostgreSQL has it: on.
 */
export function settingsFor(major: number): Settings {
  return {
    listen_addresses: '',
    unix_socket_permissions: '0700',
    shared_buffers: '64MB',
    max_wal_size: '512MB',
    // Our queries are short. Parallel workers and compiled plans would cost them more than they gain.
    max_parallel_workers_per_gather: '0',
    jit: 'off',
    max_logical_replication_workers: '0',
    // Three processes fewer; what is asked for often is in memory.
    ...(major >= 18 ? { io_method: 'sync' } : {}),
    // In our folder, not in /dev/shm, which systemd clears of a user's files when that user logs out.
    dynamic_shared_memory_type: 'mmap',
    log_checkpoints: 'off',
    // No DETAIL lines: they quote whole rows, with secrets in them.
    log_error_verbosity: 'terse',
  }
}
