"""How the kernels are compiled: kept on disk after the first time, running without the GIL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

#: Compile a kernel when it is first called.
compiled = cast("Callable[[Kernel], Kernel]", njit(cache=True, nogil=True))

#: The same for the small steps of a kernel: they leave no call behind.
inlined = cast("Callable[[Kernel], Kernel]", njit(cache=True, nogil=True, forceinline=True))
