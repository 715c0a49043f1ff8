"""The base of the errors that say what was given, what is valid and what to do, in one sentence."""

import errno

_ALLOCATORS = ("DefaultCPUAllocator", "out of memory", "ALLOC_FAILED")
"""What PyTorch writes into a RuntimeError when the processor, a graphics card or one of its
libraries gets no memory."""


class VqvaeError(Exception):
    """What was asked cannot be done with what was given. The text is one sentence for a person."""


def lacks_memory(error: BaseException) -> bool:
    """Whether this error means that memory ran out, in whichever library."""
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    if isinstance(error, RuntimeError) and not isinstance(error, VqvaeError):
        return any(words in str(error) for words in _ALLOCATORS)
    return isinstance(error, MemoryError)
