// What the benchmark programs share. Compiled by: clang-19 -target bpf -O2 -g -mcpu=v3 -c NAME.c -o NAME.o
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_IP 0x0800

struct ethernet {
  __u8 destination[6];
  __u8 source[6];
  __be16 type;
} __attribute__((packed));

struct ipv4 {
  __u8 version_length;
  __u8 tos;
  __be16 total_length;
  __be16 id;
  __be16 fragment;
  __u8 ttl;
  __u8 protocol;
  __be16 check;
  __be32 source;
  __be32 destination;
};

struct ports {
  __be16 source;
  __be16 destination;
};
