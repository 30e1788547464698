import { ERRNO } from "../uapi/errno.ts";

/** Errnos that map commands answer with, negative as helpers and bpf(2) return them. */
export const EPERM = -ERRNO.EPERM;
export const ENOENT = -ERRNO.ENOENT;
export const E2BIG = -ERRNO.E2BIG;
export const EBADF = -ERRNO.EBADF;
export const EAGAIN = -ERRNO.EAGAIN;
export const ENOMEM = -ERRNO.ENOMEM;
export const EBUSY = -ERRNO.EBUSY;
export const EEXIST = -ERRNO.EEXIST;
export const ENODEV = -ERRNO.ENODEV;
export const EINVAL = -ERRNO.EINVAL;
export const ENOSPC = -ERRNO.ENOSPC;
export const EOVERFLOW = -ERRNO.EOVERFLOW;
export const EOPNOTSUPP = -ERRNO.EOPNOTSUPP;
export const ENOTSUPP = -ERRNO.ENOTSUPP;
