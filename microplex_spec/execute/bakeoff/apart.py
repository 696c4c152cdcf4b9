"""Work in a process of its own: its memory is its own, and its end, however it comes, stops nothing."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from ...spec.errors import SpecError
from ..executors.forked import end_with_parent


class Failed(Exception):
    """Work that came to nothing, and why in one or more lines."""


def apart(work: Callable[..., Any], *given: Any) -> Any:
    """work(*given) in a fresh process, waited for. Raises Failed for what it raised, or for how it was ended.

    work must be a function of a module, which the server that processes are forked from imports once; what it is given
    and gives must pickle.
    """
    context = get_context("forkserver")
    context.set_forkserver_preload([work.__module__])
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, work, given), daemon=True)
    process.start()
    sender.close()
    try:
        result, fault = receiver.recv()
    except EOFError:
        process.join()
        raise Failed(_ended(process.exitcode)) from None
    finally:
        receiver.close()
        if process.is_alive():
            process.join(timeout=10)
            process.kill()
    if fault is not None:
        raise Failed(fault)
    return result


def _run(sender: Connection, work: Callable[..., Any], given: tuple[Any, ...]) -> None:
    end_with_parent()
    try:
        sender.send((work(*given), None))
    except SpecError as error:
        sender.send((None, str(error)))
    except Exception:
        sender.send((None, traceback.format_exc().rstrip()))


def _ended(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name
        return f"its process was ended by {name}" + (", as for want of memory" if name == "SIGKILL" else "")
    return f"its process ended with code {code}"
