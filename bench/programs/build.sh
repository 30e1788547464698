#!/bin/sh
# Rebuilds the committed objects.
cd "$(dirname "$0")" || exit 1
for source in *.c ../verifier/*.c; do clang-19 -target bpf -O2 -g -mcpu=v3 -Wall -ffile-prefix-map="$PWD"=. -I/usr/include/$(uname -m)-linux-gnu -c "$source" -o "${source%.c}.o" || exit 1; done
