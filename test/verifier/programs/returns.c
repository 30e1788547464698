/* What programs of each type may return. */
#include "fixture.h"

#define PAIR(name, section, good, bad)                                                                          \
	SEC(section) __naked int name##_ok(void)                                                                \
	{                                                                                                       \
		ASM("r0 = " #good "; exit;");                                                                   \
	}                                                                                                       \
	SEC(section) __naked int name##_bad(void)                                                               \
	{                                                                                                       \
		ASM("r0 = " #bad "; exit;");                                                                    \
	}

PAIR(egress, "cgroup_skb/egress", 3, 4)
PAIR(ingress, "cgroup_skb/ingress", 1, 2)
PAIR(sock_create, "cgroup/sock_create", 1, 2)
PAIR(post_bind, "cgroup/post_bind4", 0, -1)
PAIR(bind4, "cgroup/bind4", 3, 4)
PAIR(connect4, "cgroup/connect4", 1, 2)
PAIR(sendmsg4, "cgroup/sendmsg4", 1, 2)
PAIR(recvmsg4, "cgroup/recvmsg4", 1, 0)
PAIR(getpeername, "cgroup/getpeername6", 1, 0)
PAIR(device, "cgroup/dev", 1, 2)
PAIR(sysctl, "cgroup/sysctl", 0, 2)
PAIR(getsockopt, "cgroup/getsockopt", 1, 2)
PAIR(setsockopt, "cgroup/setsockopt", 1, 2)
PAIR(sockops, "sockops", 1, 2)
PAIR(sk_lookup, "sk_lookup", 0, 2)
PAIR(netfilter, "netfilter", 1, 2)
PAIR(iterator, "iter/task", 1, 2)
PAIR(session, "kprobe.session", 1, 2)

/* A number that is not known must be brought into the range. */
SEC("cgroup/dev") __naked int unknown_ok(void)
{
	ASM("call %[random]; r0 &= 1; exit;");
}
SEC("cgroup/dev") __naked int unknown_bad(void)
{
	ASM("call %[random]; r0 &= 3; exit;");
}
SEC("cgroup/dev") __naked int compared_ok(void)
{
	ASM("call %[random]; if r0 > 1 goto 1f; exit; 1: r0 = 0; exit;");
}
SEC("cgroup/dev") __naked int compared_bad(void)
{
	ASM("call %[random]; if r0 > 2 goto 1f; exit; 1: r0 = 0; exit;");
}
/* Types without a range take anything. */
SEC("xdp") __naked int free_ok(void)
{
	ASM("call %[random]; exit;");
}
SEC("cgroup/connect6") __naked int free_bad(void)
{
	ASM("call %[random]; exit;");
}
