"""What a call took: its result comes through, with time and the memory that it added."""

import time

import numpy as np
import pytest

from microplex_spec.execute.measured import measured


def test_a_call_is_timed_and_its_peak_is_seen_after_it_has_freed_its_memory():
    def work():
        filled = np.ones(10_000_000)
        time.sleep(0.1)
        return float(filled.sum())

    taken = measured(work)
    assert taken.result == 1e7
    assert taken.seconds >= 0.1 and taken.cpu_seconds > 0
    assert 60e6 < taken.peak_bytes < 400e6


def test_what_the_call_raises_passes_through():
    with pytest.raises(ZeroDivisionError):
        measured(lambda: 1 / 0)
