"""Limits that a process puts on itself before it runs student code: rlimits, seccomp, Landlock, namespaces.

All of it is ctypes and hand-built BPF because the packages for it are unmaintained (pyseccomp, python-prctl) or only
development releases (landlock). Under bubblewrap this is the second line: bubblewrap keeps student code away from the
machine, seccomp keeps one submission away from the warm process and so from the next submission.
Only `limit_resources` is used, and useful, outside Linux.
"""

import contextlib
import ctypes
import errno
import os
import platform
import struct
import sys

LINUX = sys.platform.startswith("linux")
if LINUX:
    _libc = ctypes.CDLL(None, use_errno=True)
    _libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    _libc.syscall.restype = ctypes.c_long

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
NEWNS, NEWUTS, NEWIPC, NEWUSER, NEWNET = 0x00020000, 0x04000000, 0x08000000, 0x10000000, 0x40000000
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446  # the same on every architecture


def _check(value: int, what: str) -> int:
    if value < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return value


def prctl(option: int, value: int) -> None:
    _check(_libc.prctl(option, value, 0, 0, 0), f"prctl({option})")


def die_with_parent(parent: int) -> None:
    """Be killed when the parent ends. On other systems the closed pipe ends an idle process."""
    if LINUX:
        prctl(PR_SET_PDEATHSIG, 9)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(70)


def drop_capabilities() -> None:
    _check(_libc.capset(struct.pack("<Ii", 0x20080522, 0), bytes(24)), "capset")


def mount_scratch(path: str) -> None:
    """A new tmpfs for each job: bounds bytes and files, and the kernel wipes it."""
    flags = 2 | 4 | 8  # nosuid, nodev, noexec
    options = b"size=64m,nr_inodes=4096,mode=700"
    _check(_libc.mount(b"none", path.encode(), b"tmpfs", ctypes.c_ulong(flags), options), f"mount {path}")


def unmount_scratch(path: str) -> None:
    _check(_libc.umount2(path.encode(), 2), f"umount {path}")  # MNT_DETACH: even while something is open


def enter_namespaces() -> None:
    """Leave the machine's network, IPC and mounts. Must run before a second thread exists."""
    uid, gid = os.getuid(), os.getgid()
    flags = NEWUSER | NEWNS | NEWNET | NEWIPC | NEWUTS
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


# ---- rlimits -----------------------------------------------------------------------------------------------------


def address_space() -> int:
    """Bytes of address space in use, found without /proc: the least limit under which a mapping succeeds."""
    import mmap
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    low, high = 0, 1 << 47
    while high - low > 1 << 20:
        middle = (low + high) // 2
        resource.setrlimit(resource.RLIMIT_AS, (middle, hard))
        try:
            mmap.mmap(-1, 4096).close()
            high = middle
        except OSError:
            low = middle
        finally:
            resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    return high


def limit_resources(memory: int, cpu: int, base: int, strict: bool) -> None:
    """Bound memory, CPU and files of this process.

    Args:
        memory: Bytes beyond `base`. The limit is on address space: the others miss shared anonymous mappings.
        cpu: Seconds. SIGXCPU after them, SIGKILL one second later for a process that ignores it.
        base: Address space in use before student code starts; 0 if unknown.
        strict: Fail where a limit cannot be set.
    """
    import resource

    limits = {"CORE": (0, 0), "FSIZE": (16 << 20, 16 << 20), "NOFILE": (64, 64), "CPU": (cpu, cpu + 1)}
    if LINUX:
        limits |= {"MEMLOCK": (0, 0), "MSGQUEUE": (0, 0)}
        if base:
            limits |= {"AS": (base + memory, base + memory)}
    for name, values in limits.items():
        with contextlib.nullcontext() if strict else contextlib.suppress(OSError, ValueError, AttributeError):
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), values)


# ---- seccomp -----------------------------------------------------------------------------------------------------

# System calls that are refused, with their numbers on x86_64 and aarch64 (None: it has no such call).
REFUSED = {
    # other processes
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "execveat": (322, 281),
    "sched_setaffinity": (203, 122), "migrate_pages": (256, 238), "move_pages": (279, 239),
    "get_robust_list": (274, 100), "ptrace": (101, 117), "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271), "process_madvise": (440, 440), "process_mrelease": (448, 448),
    "kcmp": (312, 272), "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "tkill": (200, 130), "setpriority": (141, 140),
    "sched_setscheduler": (144, 119), "sched_setparam": (142, 118), "sched_setattr": (314, 274),
    "ioprio_set": (251, 30), "setpgid": (109, 154), "setsid": (112, 157),
    # namespaces, mounts, root
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    # files of the machine: Landlock does not guard their attributes, and knows truncation from version 3 on only
    "truncate": (76, 45), "openat2": (437, 437), "chown": (92, None), "lchown": (94, None), "fchown": (93, 55),
    "fchownat": (260, 54), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "removexattr": (197, 14),
    "lremovexattr": (198, 15), "fremovexattr": (199, 16), "inotify_init": (253, None), "inotify_init1": (294, 26),
    "statmount": (457, 457), "listmount": (458, 458),
    # network (socketpair stays: asyncio needs it)
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242),
    # memory that no limit counts, or that outlives the process
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "semop": (65, 193), "semtimedop": (220, 192), "semctl": (66, 191),
    "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180),
    "mq_unlink": (241, 181), "userfaultfd": (323, 282), "remap_file_pages": (216, 234),
    "vmsplice": (278, 75),  # a byte in a pipe keeps a whole huge page that is no longer mapped
    # parts of the kernel that nobody here needs
    "bpf": (321, 280), "perf_event_open": (298, 241), "io_uring_setup": (425, 425), "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427), "io_setup": (206, 0), "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445), "landlock_restrict_self": (446, 446), "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "syslog": (103, 116), "reboot": (169, 142), "swapon": (167, 224),
    "swapoff": (168, 225), "quotactl": (179, 60), "acct": (163, 89), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "personality": (135, 92), "lookup_dcookie": (212, 18),
    "vhangup": (153, 58), "fanotify_init": (300, 262), "modify_ldt": (154, None), "iopl": (172, None),
    "ioperm": (173, None), "uselib": (134, None), "ustat": (136, None),
}  # fmt: skip
# System calls that succeed and do nothing: they would change files of the machine, and honest code copies files.
IGNORED = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
}  # fmt: skip
# System calls that are looked at more closely.
CLONE, CLONE3, KILL, TGKILL, PRLIMIT, PRCTL, IOCTL, FCNTL, OPEN, OPENAT, SOCKETPAIR = (
    (56, 220), (435, 435), (62, 129), (234, 131), (302, 261), (157, 167), (16, 29), (72, 25), (2, None), (257, 56),
    (53, 199))  # fmt: skip
# What open, a stream and a terminal answer to: TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIONCLEX, FIOCLEX.
IOCTLS = [0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451]
# Stream and sequenced packets, with or without CLOEXEC and NONBLOCK. A datagram could be sent to any other socket.
SOCKET_TYPES = [kind | flags for kind in (1, 5) for flags in (0, 0x800, 0x80000, 0x80800)]
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
LAST_KNOWN = 462  # a newer call, or one of the x32 numbers, does not exist

ALLOW, KILL_PROCESS, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
LOAD, AND, IF_EQUAL, IF_AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06


def _op(code: int, value: int, skip_if: int = 0, skip_else: int = 0) -> bytes:
    return struct.pack("<HBBI", code, skip_if, skip_else, value & 0xFFFFFFFF)


def _fail(code: int) -> bytes:
    return _op(RETURN, FAIL | code)


def _argument(index: int) -> bytes:
    return _op(LOAD, 16 + 8 * index)  # the low half


def seccomp_program(pid: int) -> bytes:
    """The filter for student code; `pid` is the only process that it may signal."""
    column, architecture = ARCHITECTURES[platform.machine()]
    program = [
        _op(LOAD, 4), _op(IF_EQUAL, architecture, 1, 0), _op(RETURN, KILL_PROCESS),
        _op(LOAD, 0), _op(IF_AT_LEAST, LAST_KNOWN + 1, 0, 1), _fail(errno.ENOSYS),
    ]  # fmt: skip

    def when(numbers: tuple, *body: bytes) -> None:
        """Run `body`, which ends in a return, for one system call."""
        if numbers[column] is not None:
            program.extend([_op(IF_EQUAL, numbers[column], 0, len(body)), *body])

    def unless_equal(index: int, values: list, otherwise: bytes, mask: int = 0xFFFFFFFF) -> list:
        """Allow if the argument, or its bits in the mask, is one of the values."""
        tests = [_op(IF_EQUAL, value, len(values) - n, 0) for n, value in enumerate(values)]
        return [_argument(index), _op(AND, mask), *tests, otherwise, _op(RETURN, ALLOW)]

    def if_equal(index: int, values: list) -> list:
        """Refuse if the argument is one of the values."""
        tests = [_op(IF_EQUAL, value, len(values) - n, 0) for n, value in enumerate(values)]
        return [_argument(index), *tests, _op(RETURN, ALLOW), _fail(errno.EPERM)]

    for numbers in REFUSED.values():
        when(numbers, _fail(errno.EPERM))
    for numbers in IGNORED.values():
        when(numbers, _fail(0))
    # No second thread: it could act after a test, and what a forbidden call is would be unknown there.
    when(CLONE, _fail(errno.EAGAIN))
    when(CLONE3, _fail(errno.ENOSYS))  # libc falls back to clone
    for call in (KILL, TGKILL):
        when(call, *unless_equal(0, [pid], _fail(errno.EPERM)))
    when(PRLIMIT, *unless_equal(0, [0, pid], _fail(errno.EPERM)))
    when(PRCTL, *if_equal(0, [PR_SET_PDEATHSIG, PR_SET_DUMPABLE]))
    when(IOCTL, *unless_equal(1, IOCTLS, _fail(errno.ENOTTY)))
    # F_SETOWN, F_SETSIG, F_SETOWN_EX, F_ADD_SEALS, F_SETLEASE, F_NOTIFY
    when(FCNTL, *if_equal(1, [8, 10, 15, 1033, 1024, 1026]))
    # Reading that truncates, and the mode 3 that neither reads nor writes: Landlock may allow both for any file.
    for call, index in ((OPEN, 1), (OPENAT, 2)):
        when(call, *unless_equal(index, [0, 1, 2, 0x201, 0x202], _fail(errno.EPERM), mask=0x203))
    stream = unless_equal(1, SOCKET_TYPES, _fail(errno.EPERM))
    when(SOCKETPAIR, _argument(0), _op(IF_EQUAL, 1, 1, 0), _fail(errno.EPERM), *stream)
    return b"".join([*program, _op(RETURN, ALLOW)])


def seccomp() -> None:
    code = seccomp_program(os.getpid())
    program = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("<HxxxxxxQ", len(code) // 8, ctypes.addressof(program))
    holder = ctypes.create_string_buffer(header, len(header))
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    _check(_libc.prctl(PR_SET_SECCOMP, 2, ctypes.addressof(holder), 0, 0), "seccomp")


# ---- Landlock ----------------------------------------------------------------------------------------------------

READ_FILE, READ_DIR = 1 << 2, 1 << 3
NOT_IN_SCRATCH = 1 << 0 | 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11  # execute; make devices, sockets and pipes


def landlock_version() -> int:
    """0 where the kernel has no Landlock or it is switched off."""
    if not LINUX:
        return 0
    return max(0, _libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint(1)))


def landlock(read: list[str], write: list[str]) -> int:
    """Allow reading below `read`, and files below `write`; nothing else. Returns the version used, 0 for none."""
    version = landlock_version()
    if version < 1:
        return 0
    rights = (1 << 13) - 1
    rights |= (1 << 13 if version >= 2 else 0) | (1 << 14 if version >= 3 else 0) | (1 << 15 if version >= 5 else 0)
    attributes = struct.pack("<Q", rights)
    if version >= 4:
        attributes += struct.pack("<Q", 3)  # no TCP bind, no TCP connect
    if version >= 6:
        attributes += struct.pack("<Q", 3)  # abstract sockets and signals only within
    ruleset = _check(_libc.syscall(LANDLOCK_CREATE, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint(0)),
                     "landlock")  # fmt: skip
    rules = [(path, READ_FILE | READ_DIR) for path in read] + [(path, rights & ~NOT_IN_SCRATCH) for path in write]
    for path, allowed in rules:
        try:
            fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        if not os.path.isdir(path):
            allowed &= 1 << 1 | READ_FILE | (1 << 14 if version >= 3 else 0)  # write, read, truncate
        rule = struct.pack("<Qi", allowed, fd)
        _check(_libc.syscall(LANDLOCK_ADD, ctypes.c_int(ruleset), ctypes.c_int(1), rule, ctypes.c_uint(0)), path)
        os.close(fd)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    _check(_libc.syscall(LANDLOCK_RESTRICT, ctypes.c_int(ruleset), ctypes.c_uint(0)), "landlock_restrict_self")
    os.close(ruleset)
    return version
