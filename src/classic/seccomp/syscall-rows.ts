/**
 * System calls, one a line: name; number on x86-64, on x32 without its bit (=: as on x86-64), on i386, on arm64, on riscv64 (-: none);
 * names of the arguments. Numbers: linux/unistd.h of each architecture; names of arguments: man pages, section 2.
 */
export const SYSCALL_ROWS = `
read 0 = 3 63 63 fd buf count
write 1 = 4 64 64 fd buf count
open 2 = 5 - - pathname flags mode
close 3 = 6 57 57 fd
stat 4 = 106 - - pathname statbuf
fstat 5 = 108 80 80 fd statbuf
lstat 6 = 107 - - pathname statbuf
poll 7 = 168 - - fds nfds timeout
lseek 8 = 19 62 62 fd offset whence
mmap 9 = 90 222 222 addr length prot flags fd offset
mprotect 10 = 125 226 226 addr len prot
munmap 11 = 91 215 215 addr length
brk 12 = 45 214 214 addr
rt_sigaction 13 512 174 134 134 signum act oldact sigsetsize
rt_sigprocmask 14 = 175 135 135 how set oldset sigsetsize
rt_sigreturn 15 513 173 139 139
ioctl 16 514 54 29 29 fd cmd arg
pread64 17 = 180 67 67 fd buf count offset
pwrite64 18 = 181 68 68 fd buf count offset
readv 19 515 145 65 65 fd iov iovcnt
writev 20 516 146 66 66 fd iov iovcnt
access 21 = 33 - - pathname mode
pipe 22 = 42 - - pipefd
select 23 = 82 - - nfds readfds writefds exceptfds timeout
sched_yield 24 = 158 124 124
mremap 25 = 163 216 216 old_address old_size new_size flags new_address
msync 26 = 144 227 227 addr length flags
mincore 27 = 218 232 232 addr length vec
madvise 28 = 219 233 233 addr length advice
shmget 29 = 395 194 194 key size shmflg
shmat 30 = 397 196 196 shmid shmaddr shmflg
shmctl 31 = 396 195 195 shmid cmd buf
dup 32 = 41 23 23 oldfd
dup2 33 = 63 - - oldfd newfd
pause 34 = 29 - -
nanosleep 35 = 162 101 101 req rem
getitimer 36 = 105 102 102 which curr_value
alarm 37 = 27 - - seconds
setitimer 38 = 104 103 103 which new_value old_value
getpid 39 = 20 172 172
sendfile 40 = 187 71 71 out_fd in_fd offset count
socket 41 = 359 198 198 domain type protocol
connect 42 = 362 203 203 sockfd addr addrlen
accept 43 = - 202 202 sockfd addr addrlen
sendto 44 = 369 206 206 sockfd buf len flags dest_addr addrlen
recvfrom 45 517 371 207 207 sockfd buf len flags src_addr addrlen
sendmsg 46 518 370 211 211 sockfd msg flags
recvmsg 47 519 372 212 212 sockfd msg flags
shutdown 48 = 373 210 210 sockfd how
bind 49 = 361 200 200 sockfd addr addrlen
listen 50 = 363 201 201 sockfd backlog
getsockname 51 = 367 204 204 sockfd addr addrlen
getpeername 52 = 368 205 205 sockfd addr addrlen
socketpair 53 = 360 199 199 domain type protocol sv
setsockopt 54 541 366 208 208 sockfd level optname optval optlen
getsockopt 55 542 365 209 209 sockfd level optname optval optlen
clone 56 = 120 220 220 flags stack parent_tid child_tid tls
fork 57 = 2 - -
vfork 58 = 190 - -
execve 59 520 11 221 221 pathname argv envp
exit 60 = 1 93 93 status
wait4 61 = 114 260 260 pid wstatus options rusage
kill 62 = 37 129 129 pid sig
uname 63 = 122 160 160 buf
semget 64 = 393 190 190 key nsems semflg
semop 65 = - 193 193 semid sops nsops
semctl 66 = 394 191 191 semid semnum cmd arg
shmdt 67 = 398 197 197 shmaddr
msgget 68 = 399 186 186 key msgflg
msgsnd 69 = 400 189 189 msqid msgp msgsz msgflg
msgrcv 70 = 401 188 188 msqid msgp msgsz msgtyp msgflg
msgctl 71 = 402 187 187 msqid cmd buf
fcntl 72 = 55 25 25 fd cmd arg
flock 73 = 143 32 32 fd operation
fsync 74 = 118 82 82 fd
fdatasync 75 = 148 83 83 fd
truncate 76 = 92 45 45 path length
ftruncate 77 = 93 46 46 fd length
getdents 78 = 141 - - fd dirp count
getcwd 79 = 183 17 17 buf size
chdir 80 = 12 49 49 path
fchdir 81 = 133 50 50 fd
rename 82 = 38 - - oldpath newpath
mkdir 83 = 39 - - pathname mode
rmdir 84 = 40 - - pathname
creat 85 = 8 - - pathname mode
link 86 = 9 - - oldpath newpath
unlink 87 = 10 - - pathname
symlink 88 = 83 - - target linkpath
readlink 89 = 85 - - pathname buf bufsiz
chmod 90 = 15 - - pathname mode
fchmod 91 = 94 52 52 fd mode
chown 92 = 182 - - pathname owner group
fchown 93 = 95 55 55 fd owner group
lchown 94 = 16 - - pathname owner group
umask 95 = 60 166 166 mask
gettimeofday 96 = 78 169 169 tv tz
getrlimit 97 = 76 163 163 resource rlim
getrusage 98 = 77 165 165 who usage
sysinfo 99 = 116 179 179 info
times 100 = 43 153 153 buf
ptrace 101 521 26 117 117 request pid addr data
getuid 102 = 24 174 174
syslog 103 = 103 116 116 type bufp len
getgid 104 = 47 176 176
setuid 105 = 23 146 146 uid
setgid 106 = 46 144 144 gid
geteuid 107 = 49 175 175
getegid 108 = 50 177 177
setpgid 109 = 57 154 154 pid pgid
getppid 110 = 64 173 173
getpgrp 111 = 65 - -
setsid 112 = 66 157 157
setreuid 113 = 70 145 145 ruid euid
setregid 114 = 71 143 143 rgid egid
getgroups 115 = 80 158 158 size list
setgroups 116 = 81 159 159 size list
setresuid 117 = 164 147 147 ruid euid suid
getresuid 118 = 165 148 148 ruid euid suid
setresgid 119 = 170 149 149 rgid egid sgid
getresgid 120 = 171 150 150 rgid egid sgid
getpgid 121 = 132 155 155 pid
setfsuid 122 = 138 151 151 fsuid
setfsgid 123 = 139 152 152 fsgid
getsid 124 = 147 156 156 pid
capget 125 = 184 90 90 hdrp datap
capset 126 = 185 91 91 hdrp datap
rt_sigpending 127 522 176 136 136 set sigsetsize
rt_sigtimedwait 128 523 177 137 137 set info timeout sigsetsize
rt_sigqueueinfo 129 524 178 138 138 tgid sig info
rt_sigsuspend 130 = 179 133 133 mask sigsetsize
sigaltstack 131 525 186 132 132 ss old_ss
utime 132 = 30 - - filename times
mknod 133 = 14 - - pathname mode dev
uselib 134 - 86 - - library
personality 135 = 136 92 92 persona
ustat 136 = 62 - - dev ubuf
statfs 137 = 99 43 43 path buf
fstatfs 138 = 100 44 44 fd buf
sysfs 139 = 135 - - option fsname
getpriority 140 = 96 141 141 which who
setpriority 141 = 97 140 140 which who prio
sched_setparam 142 = 154 118 118 pid param
sched_getparam 143 = 155 121 121 pid param
sched_setscheduler 144 = 156 119 119 pid policy param
sched_getscheduler 145 = 157 120 120 pid
sched_get_priority_max 146 = 159 125 125 policy
sched_get_priority_min 147 = 160 126 126 policy
sched_rr_get_interval 148 = 161 127 127 pid tp
mlock 149 = 150 228 228 addr len
munlock 150 = 151 229 229 addr len
mlockall 151 = 152 230 230 flags
munlockall 152 = 153 231 231
vhangup 153 = 111 58 58
modify_ldt 154 = 123 - - func ptr bytecount
pivot_root 155 = 217 41 41 new_root put_old
_sysctl 156 - 149 - - args
prctl 157 = 172 167 167 option arg2 arg3 arg4 arg5
arch_prctl 158 = 384 - - code addr
adjtimex 159 = 124 171 171 buf
setrlimit 160 = 75 164 164 resource rlim
chroot 161 = 61 51 51 path
sync 162 = 36 81 81
acct 163 = 51 89 89 filename
settimeofday 164 = 79 170 170 tv tz
mount 165 = 21 40 40 source target filesystemtype mountflags data
umount2 166 = 52 39 39 target flags
swapon 167 = 87 224 224 path swapflags
swapoff 168 = 115 225 225 path
reboot 169 = 88 142 142 magic magic2 cmd arg
sethostname 170 = 74 161 161 name len
setdomainname 171 = 121 162 162 name len
iopl 172 = 110 - - level
ioperm 173 = 101 - - from num turn_on
create_module 174 - 127 - - name size
init_module 175 = 128 105 105 module_image len param_values
delete_module 176 = 129 106 106 name flags
get_kernel_syms 177 - 130 - - table
query_module 178 - 167 - - name which buf bufsize ret
quotactl 179 = 131 60 60 cmd special id addr
nfsservctl 180 - 169 42 42 cmd argp resp
getpmsg 181 = 188 - -
putpmsg 182 = 189 - -
afs_syscall 183 = 137 - -
tuxcall 184 = - - -
security 185 = - - -
gettid 186 = 224 178 178
readahead 187 = 225 213 213 fd offset count
setxattr 188 = 226 5 5 path name value size flags
lsetxattr 189 = 227 6 6 path name value size flags
fsetxattr 190 = 228 7 7 fd name value size flags
getxattr 191 = 229 8 8 path name value size
lgetxattr 192 = 230 9 9 path name value size
fgetxattr 193 = 231 10 10 fd name value size
listxattr 194 = 232 11 11 path list size
llistxattr 195 = 233 12 12 path list size
flistxattr 196 = 234 13 13 fd list size
removexattr 197 = 235 14 14 path name
lremovexattr 198 = 236 15 15 path name
fremovexattr 199 = 237 16 16 fd name
tkill 200 = 238 130 130 tid sig
time 201 = 13 - - tloc
futex 202 = 240 98 98 uaddr futex_op val timeout uaddr2 val3
sched_setaffinity 203 = 241 122 122 pid cpusetsize mask
sched_getaffinity 204 = 242 123 123 pid cpusetsize mask
set_thread_area 205 - 243 - - u_info
io_setup 206 543 245 0 0 nr_events ctx_idp
io_destroy 207 = 246 1 1 ctx_id
io_getevents 208 = 247 4 4 ctx_id min_nr nr events timeout
io_submit 209 544 248 2 2 ctx_id nr iocbpp
io_cancel 210 = 249 3 3 ctx_id iocb result
get_thread_area 211 - 244 - - u_info
lookup_dcookie 212 = 253 18 18 cookie buffer len
epoll_create 213 = 254 - - size
epoll_ctl_old 214 - - - - epfd op fd event
epoll_wait_old 215 - - - - epfd events maxevents timeout
remap_file_pages 216 = 257 234 234 addr size prot pgoff flags
getdents64 217 = 220 61 61 fd dirp count
set_tid_address 218 = 258 96 96 tidptr
restart_syscall 219 = 0 128 128
semtimedop 220 = - 192 192 semid sops nsops timeout
fadvise64 221 = 250 223 223 fd offset len advice
timer_create 222 526 259 107 107 clockid sevp timerid
timer_settime 223 = 260 110 110 timerid flags new_value old_value
timer_gettime 224 = 261 108 108 timerid curr_value
timer_getoverrun 225 = 262 109 109 timerid
timer_delete 226 = 263 111 111 timerid
clock_settime 227 = 264 112 112 clockid tp
clock_gettime 228 = 265 113 113 clockid tp
clock_getres 229 = 266 114 114 clockid res
clock_nanosleep 230 = 267 115 115 clockid flags request remain
exit_group 231 = 252 94 94 status
epoll_wait 232 = 256 - - epfd events maxevents timeout
epoll_ctl 233 = 255 21 21 epfd op fd event
tgkill 234 = 270 131 131 tgid tid sig
utimes 235 = 271 - - filename times
vserver 236 - 273 - -
mbind 237 = 274 235 235 addr len mode nodemask maxnode flags
set_mempolicy 238 = 276 237 237 mode nodemask maxnode
get_mempolicy 239 = 275 236 236 mode nodemask maxnode addr flags
mq_open 240 = 277 180 180 name oflag mode attr
mq_unlink 241 = 278 181 181 name
mq_timedsend 242 = 279 182 182 mqdes msg_ptr msg_len msg_prio abs_timeout
mq_timedreceive 243 = 280 183 183 mqdes msg_ptr msg_len msg_prio abs_timeout
mq_notify 244 527 281 184 184 mqdes sevp
mq_getsetattr 245 = 282 185 185 mqdes newattr oldattr
kexec_load 246 528 283 104 104 entry nr_segments segments flags
waitid 247 529 284 95 95 idtype id infop options rusage
add_key 248 = 286 217 217 type description payload plen keyring
request_key 249 = 287 218 218 type description callout_info dest_keyring
keyctl 250 = 288 219 219 operation arg2 arg3 arg4 arg5
ioprio_set 251 = 289 30 30 which who ioprio
ioprio_get 252 = 290 31 31 which who
inotify_init 253 = 291 - -
inotify_add_watch 254 = 292 27 27 fd pathname mask
inotify_rm_watch 255 = 293 28 28 fd wd
migrate_pages 256 = 294 238 238 pid maxnode old_nodes new_nodes
openat 257 = 295 56 56 dirfd pathname flags mode
mkdirat 258 = 296 34 34 dirfd pathname mode
mknodat 259 = 297 33 33 dirfd pathname mode dev
fchownat 260 = 298 54 54 dirfd pathname owner group flags
futimesat 261 = 299 - - dirfd pathname times
newfstatat 262 = - 79 79 dirfd pathname statbuf flags
unlinkat 263 = 301 35 35 dirfd pathname flags
renameat 264 = 302 38 - olddirfd oldpath newdirfd newpath
linkat 265 = 303 37 37 olddirfd oldpath newdirfd newpath flags
symlinkat 266 = 304 36 36 target newdirfd linkpath
readlinkat 267 = 305 78 78 dirfd pathname buf bufsiz
fchmodat 268 = 306 53 53 dirfd pathname mode
faccessat 269 = 307 48 48 dirfd pathname mode
pselect6 270 = 308 72 72 nfds readfds writefds exceptfds timeout sigmask
ppoll 271 = 309 73 73 fds nfds tmo_p sigmask sigsetsize
unshare 272 = 310 97 97 flags
set_robust_list 273 530 311 99 99 head len
get_robust_list 274 531 312 100 100 pid head_ptr len_ptr
splice 275 = 313 76 76 fd_in off_in fd_out off_out len flags
tee 276 = 315 77 77 fd_in fd_out len flags
sync_file_range 277 = 314 84 84 fd offset nbytes flags
vmsplice 278 532 316 75 75 fd iov nr_segs flags
move_pages 279 533 317 239 239 pid count pages nodes status flags
utimensat 280 = 320 88 88 dirfd pathname times flags
epoll_pwait 281 = 319 22 22 epfd events maxevents timeout sigmask sigsetsize
signalfd 282 = 321 - - fd mask sizemask
timerfd_create 283 = 322 85 85 clockid flags
eventfd 284 = 323 - - count
fallocate 285 = 324 47 47 fd mode offset len
timerfd_settime 286 = 325 86 86 fd flags new_value old_value
timerfd_gettime 287 = 326 87 87 fd curr_value
accept4 288 = 364 242 242 sockfd addr addrlen flags
signalfd4 289 = 327 74 74 fd mask sizemask flags
eventfd2 290 = 328 19 19 count flags
epoll_create1 291 = 329 20 20 flags
dup3 292 = 330 24 24 oldfd newfd flags
pipe2 293 = 331 59 59 pipefd flags
inotify_init1 294 = 332 26 26 flags
preadv 295 534 333 69 69 fd iov iovcnt pos_l pos_h
pwritev 296 535 334 70 70 fd iov iovcnt pos_l pos_h
rt_tgsigqueueinfo 297 536 335 240 240 tgid tid sig info
perf_event_open 298 = 336 241 241 attr pid cpu group_fd flags
recvmmsg 299 537 337 243 243 sockfd msgvec vlen flags timeout
fanotify_init 300 = 338 262 262 flags event_f_flags
fanotify_mark 301 = 339 263 263 fanotify_fd flags mask dirfd pathname
prlimit64 302 = 340 261 261 pid resource new_limit old_limit
name_to_handle_at 303 = 341 264 264 dirfd pathname handle mount_id flags
open_by_handle_at 304 = 342 265 265 mount_fd handle flags
clock_adjtime 305 = 343 266 266 clk_id buf
syncfs 306 = 344 267 267 fd
sendmmsg 307 538 345 269 269 sockfd msgvec vlen flags
setns 308 = 346 268 268 fd nstype
getcpu 309 = 318 168 168 cpu node tcache
process_vm_readv 310 539 347 270 270 pid local_iov liovcnt remote_iov riovcnt flags
process_vm_writev 311 540 348 271 271 pid local_iov liovcnt remote_iov riovcnt flags
kcmp 312 = 349 272 272 pid1 pid2 type idx1 idx2
finit_module 313 = 350 273 273 fd param_values flags
sched_setattr 314 = 351 274 274 pid attr flags
sched_getattr 315 = 352 275 275 pid attr size flags
renameat2 316 = 353 276 276 olddirfd oldpath newdirfd newpath flags
seccomp 317 = 354 277 277 operation flags args
getrandom 318 = 355 278 278 buf buflen flags
memfd_create 319 = 356 279 279 name flags
kexec_file_load 320 = - 294 294 kernel_fd initrd_fd cmdline_len cmdline flags
bpf 321 = 357 280 280 cmd attr size
execveat 322 545 358 281 281 dirfd pathname argv envp flags
userfaultfd 323 = 374 282 282 flags
membarrier 324 = 375 283 283 cmd flags cpu_id
mlock2 325 = 376 284 284 addr len flags
copy_file_range 326 = 377 285 285 fd_in off_in fd_out off_out len flags
preadv2 327 546 378 286 286 fd iov iovcnt pos_l pos_h flags
pwritev2 328 547 379 287 287 fd iov iovcnt pos_l pos_h flags
pkey_mprotect 329 = 380 288 288 addr len prot pkey
pkey_alloc 330 = 381 289 289 flags access_rights
pkey_free 331 = 382 290 290 pkey
statx 332 = 383 291 291 dirfd pathname flags mask statxbuf
io_pgetevents 333 = 385 292 292 ctx_id min_nr nr events timeout sigmask
rseq 334 = 386 293 293 rseq rseq_len flags sig
uretprobe 335 - - - -
pidfd_send_signal 424 = 424 424 424 pidfd sig info flags
io_uring_setup 425 = 425 425 425 entries params
io_uring_enter 426 = 426 426 426 fd to_submit min_complete flags argp argsz
io_uring_register 427 = 427 427 427 fd opcode arg nr_args
open_tree 428 = 428 428 428 dirfd pathname flags
move_mount 429 = 429 429 429 from_dirfd from_pathname to_dirfd to_pathname flags
fsopen 430 = 430 430 430 fs_name flags
fsconfig 431 = 431 431 431 fd cmd key value aux
fsmount 432 = 432 432 432 fs_fd flags attr_flags
fspick 433 = 433 433 433 dirfd pathname flags
pidfd_open 434 = 434 434 434 pid flags
clone3 435 = 435 435 435 cl_args size
close_range 436 = 436 436 436 first last flags
openat2 437 = 437 437 437 dirfd pathname how size
pidfd_getfd 438 = 438 438 438 pidfd targetfd flags
faccessat2 439 = 439 439 439 dirfd pathname mode flags
process_madvise 440 = 440 440 440 pidfd iovec vlen advice flags
epoll_pwait2 441 = 441 441 441 epfd events maxevents timeout sigmask sigsetsize
mount_setattr 442 = 442 442 442 dirfd pathname flags attr size
quotactl_fd 443 = 443 443 443 fd cmd id addr
landlock_create_ruleset 444 = 444 444 444 attr size flags
landlock_add_rule 445 = 445 445 445 ruleset_fd rule_type rule_attr flags
landlock_restrict_self 446 = 446 446 446 ruleset_fd flags
memfd_secret 447 = 447 447 447 flags
process_mrelease 448 = 448 448 448 pidfd flags
futex_waitv 449 = 449 449 449 waiters nr_futexes flags timeout clockid
set_mempolicy_home_node 450 = 450 450 450 start len home_node flags
cachestat 451 = 451 451 451 fd range cstat flags
fchmodat2 452 = 452 452 452 dirfd pathname mode flags
map_shadow_stack 453 = 453 453 453 addr size flags
futex_wake 454 = 454 454 454 uaddr mask nr flags
futex_wait 455 = 455 455 455 uaddr val mask flags timeout clockid
futex_requeue 456 = 456 456 456 waiters flags nr_wake nr_requeue
statmount 457 = 457 457 457 req buf bufsize flags
listmount 458 = 458 458 458 req mnt_ids nr_mnt_ids flags
lsm_get_self_attr 459 = 459 459 459 attr ctx size flags
lsm_set_self_attr 460 = 460 460 460 attr ctx size flags
lsm_list_modules 461 = 461 461 461 ids size flags
mseal 462 = 462 462 462 addr length flags
setxattrat 463 = 463 463 463 dirfd pathname flags name args size
getxattrat 464 = 464 464 464 dirfd pathname flags name args size
listxattrat 465 = 465 465 465 dirfd pathname flags list size
removexattrat 466 = 466 466 466 dirfd pathname flags name
open_tree_attr 467 = 467 467 467 dirfd pathname flags attr size
file_getattr 468 = 468 468 468 dirfd pathname attr size flags
file_setattr 469 = 469 469 469 dirfd pathname attr size flags
waitpid - - 7 - - pid wstatus options
break - - 17 - -
oldstat - - 18 - - pathname statbuf
umount - - 22 - - target
stime - - 25 - - t
oldfstat - - 28 - - fd statbuf
stty - - 31 - -
gtty - - 32 - -
nice - - 34 - - inc
ftime - - 35 - - tp
prof - - 44 - -
signal - - 48 - - signum handler
lock - - 53 - -
mpx - - 56 - -
ulimit - - 58 - -
oldolduname - - 59 - - buf
sigaction - - 67 - - signum act oldact
sgetmask - - 68 - -
ssetmask - - 69 - - newmask
sigsuspend - - 72 - - mask
sigpending - - 73 - - set
oldlstat - - 84 - - pathname statbuf
readdir - - 89 - - fd dirp count
profil - - 98 - -
socketcall - - 102 - - call args
olduname - - 109 - - buf
idle - - 112 - -
vm86old - - 113 - - info
ipc - - 117 - - call first second third ptr fifth
sigreturn - - 119 - -
sigprocmask - - 126 - - how set oldset
bdflush - - 134 - - func address
_llseek - - 140 - - fd offset_high offset_low result whence
_newselect - - 142 - - nfds readfds writefds exceptfds timeout
vm86 - - 166 - - fn v86
ugetrlimit - - 191 - - resource rlim
mmap2 - - 192 - - addr length prot flags fd pgoffset
truncate64 - - 193 - - path length_low length_high
ftruncate64 - - 194 - - fd length_low length_high
stat64 - - 195 - - pathname statbuf
lstat64 - - 196 - - pathname statbuf
fstat64 - - 197 - - fd statbuf
lchown32 - - 198 - - pathname owner group
getuid32 - - 199 - -
getgid32 - - 200 - -
geteuid32 - - 201 - -
getegid32 - - 202 - -
setreuid32 - - 203 - - ruid euid
setregid32 - - 204 - - rgid egid
getgroups32 - - 205 - - size list
setgroups32 - - 206 - - size list
fchown32 - - 207 - - fd owner group
setresuid32 - - 208 - - ruid euid suid
getresuid32 - - 209 - - ruid euid suid
setresgid32 - - 210 - - rgid egid sgid
getresgid32 - - 211 - - rgid egid sgid
chown32 - - 212 - - pathname owner group
setuid32 - - 213 - - uid
setgid32 - - 214 - - gid
setfsuid32 - - 215 - - fsuid
setfsgid32 - - 216 - - fsgid
fcntl64 - - 221 - - fd cmd arg
sendfile64 - - 239 - - out_fd in_fd offset count
statfs64 - - 268 - - path size buf
fstatfs64 - - 269 - - fd size buf
fadvise64_64 - - 272 - - fd offset len advice
fstatat64 - - 300 - - dirfd pathname statbuf flags
clock_gettime64 - - 403 - - clockid tp
clock_settime64 - - 404 - - clockid tp
clock_adjtime64 - - 405 - - clk_id buf
clock_getres_time64 - - 406 - - clockid res
clock_nanosleep_time64 - - 407 - - clockid flags request remain
timer_gettime64 - - 408 - - timerid curr_value
timer_settime64 - - 409 - - timerid flags new_value old_value
timerfd_gettime64 - - 410 - - fd curr_value
timerfd_settime64 - - 411 - - fd flags new_value old_value
utimensat_time64 - - 412 - - dirfd pathname times flags
pselect6_time64 - - 413 - - nfds readfds writefds exceptfds timeout sigmask
ppoll_time64 - - 414 - - fds nfds tmo_p sigmask sigsetsize
io_pgetevents_time64 - - 416 - - ctx_id min_nr nr events timeout sigmask
recvmmsg_time64 - - 417 - - sockfd msgvec vlen flags timeout
mq_timedsend_time64 - - 418 - - mqdes msg_ptr msg_len msg_prio abs_timeout
mq_timedreceive_time64 - - 419 - - mqdes msg_ptr msg_len msg_prio abs_timeout
semtimedop_time64 - - 420 - - semid sops nsops timeout
rt_sigtimedwait_time64 - - 421 - - set info timeout sigsetsize
futex_time64 - - 422 - - uaddr futex_op val timeout uaddr2 val3
sched_rr_get_interval_time64 - - 423 - - pid tp
riscv_hwprobe - - - - 258 pairs pair_count cpusetsize cpus flags
riscv_flush_icache - - - - 259 start end flags
`;
