/**
 * A call of a kfunc that the kernel does not have becomes a call of helper `POISON_KFUNC + number of the extern`, as libbpf leaves it:
 * the verifier names that id should the call be reachable.
 */
export const POISON_KFUNC = 2002000000;
