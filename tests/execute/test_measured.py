"""What a call took: its result comes through, with time and the memory that it added."""

import json
import subprocess
import sys

import pytest

from microplex_spec.execute.measured import measured

# In a process of its own: memory that earlier tests freed, and the process kept, would not be seen again.
WORK = """
import json, time
from dataclasses import asdict
import numpy as np
from microplex_spec.execute.measured import measured

def work():
    filled = np.ones(10_000_000)
    time.sleep(0.1)
    return float(filled.sum())

print(json.dumps(asdict(measured(work))))
"""


def test_a_call_is_timed_and_its_peak_is_seen_after_it_has_freed_its_memory():
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    taken = json.loads(done.stdout)
    assert taken["result"] == 1e7
    assert taken["seconds"] >= 0.1 and taken["cpu_seconds"] > 0
    assert 60e6 < taken["peak_bytes"] < 400e6


def test_what_the_call_raises_passes_through():
    with pytest.raises(ZeroDivisionError):
        measured(lambda: 1 / 0)
