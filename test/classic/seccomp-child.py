# Reads JSON jobs, one a line: {"filter": hex, "calls": [[nr, arg0, ..., arg5], ...]}. For each job a child installs the filter and
# makes the calls. Prints one JSON line a job: {"install": errno, "results": [[value, errno], ...], "signal": n}.
import ctypes, json, os, sys

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


class Program(ctypes.Structure):
    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def install(code):
    program = Program(len(code) // 8, ctypes.cast(ctypes.create_string_buffer(code, max(len(code), 1)), ctypes.c_void_p))
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    ok = libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0
    return 0 if ok else ctypes.get_errno()


def call(nr, *args):
    ctypes.set_errno(0)
    value = libc.syscall(ctypes.c_long(nr), *[ctypes.c_ulong(int(a)) for a in args])
    return [value, ctypes.get_errno()]


def child(job, out):
    answer = {"install": install(bytes.fromhex(job["filter"])), "results": []}
    if answer["install"] == 0:
        for arguments in job["calls"]:
            answer["results"].append(call(*arguments))
            # What was found so far, should the next call end this process.
            os.pwrite(out, (json.dumps(answer) + " " * 64).encode(), 0)
    os.pwrite(out, (json.dumps(answer) + " " * 64).encode(), 0)
    os._exit(0)


for line in sys.stdin:
    job = json.loads(line)
    out = os.memfd_create("answer")
    pid = os.fork()
    if pid == 0:
        child(job, out)
    _, status = os.waitpid(pid, 0)
    text = os.pread(out, 1 << 20, 0).decode().strip() or '{"install": 0, "results": []}'
    os.close(out)
    answer = json.loads(text)
    answer["signal"] = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    print(json.dumps(answer), flush=True)
