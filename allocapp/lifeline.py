"""Children that do not outlive what started them.

Linux only, like the installation itself: the kernel delivers the signal even when the parent is killed with SIGKILL and
cannot say goodbye. It watches the thread that forked, and is forgotten at a fork, so every generation asks for itself.
"""

from __future__ import annotations

import ctypes
import os
import signal

PR_SET_PDEATHSIG = 1

# loaded at import: a child between fork and exec must not load libraries
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, with_signal: signal.Signals = signal.SIGKILL) -> None:
    """Ask the kernel to send ``with_signal`` to this process once its parent is gone.

    ``parent`` is the parent's process id, taken before the fork: where that parent has died in between, the kernel has
    nothing left to watch and this process ends itself the same way. Raises OSError where the kernel refuses.
    """
    if _libc.prctl(PR_SET_PDEATHSIG, int(with_signal), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if os.getppid() != parent:
        os.kill(os.getpid(), with_signal)
