"""How the kernels are compiled: kept on disk after the first time, running without the GIL.

Compiling takes seconds, so only what is called from outside gets a way in from Python, and kernels
keep to plain loops: assigning a slice alone brings in half a second of error messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

_OUTER: dict[str, Any] = {"cache": True, "nogil": True, "no_cfunc_wrapper": True}
_INNER = _OUTER | {"no_cpython_wrapper": True}

#: Compile a kernel when it is first called.
compiled = cast("Callable[[Kernel], Kernel]", njit(**_OUTER))

#: The same for what only other kernels call.
inner = cast("Callable[[Kernel], Kernel]", njit(**_INNER))

#: The same for the small steps of a kernel: they leave no call behind.
inlined = cast("Callable[[Kernel], Kernel]", njit(**_INNER, forceinline=True))
