"""Numbers, scales and headline figures, apart from the page."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.report import formats, svg
from microplex_spec.report.data import read_run
from microplex_spec.report.sources import cite
from microplex_spec.report.summary import headline, series, verdict

finite = st.floats(-1e15, 1e15, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2147909818000, "2,148 bn"),
        (66.27e9, "66.27 bn"),
        (1.2e13, "12.00 tn"),
        (12504, "12,504"),
        (0.0, "0"),
        (-3.5e6, "−3.50 m"),
    ],
)
def test_figures_are_short_and_keep_three_digits(value, text):
    assert formats.compact(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.42, "0.4 s"), (48.2, "48 s"), (59.7, "1 min 00 s"), (200, "3 min 20 s"), (3900, "1 h 05 min")],
)
def test_durations_read_as_a_person_says_them(seconds, text):
    assert formats.duration(seconds) == text


def test_unknown_figures_are_a_dash_and_tiny_negatives_no_minus_zero():
    assert {f(math.nan) for f in (formats.compact, formats.percent, formats.whole, formats.duration)} == {"–"}
    assert formats.percent(-1e-9) == "0.00 %"
    assert formats.amount(-2e9, "usd") == "−$2.00 bn"


@given(st.lists(finite, min_size=2, max_size=30, unique=True).map(sorted), finite, finite)
def test_the_axis_of_a_histogram_is_monotone_and_stays_inside(edges, a, b):
    scale = svg.by_bins(edges, 10, 290)
    low, high = sorted((a, b))
    assert 10 - 1e-6 <= scale(low) <= scale(high) + 1e-6 <= 290 + 1e-5


@given(st.lists(finite, min_size=1, max_size=40), st.floats(1, 100))
def test_kept_ticks_stand_apart_and_the_first_is_always_kept(ticks, gap):
    scale = svg.linear(-1e15, 1e15, 0, 500)
    kept = svg.spread(ticks, scale, gap)
    places = [scale(tick) for tick in kept]
    assert ticks[0] in kept and all(b - a >= gap - 1e-9 for a, b in pairwise(places))


def test_the_headline_counts_supported_fit_targets_only(run):
    read = read_run(run)
    head = headline(read)
    fitted = [t for t in read.targets if t.status == "fitted"]
    assert head.fitted == len(fitted)
    assert head.fitted_close == sum(abs(t.error_final) <= 0.1 for t in fitted) / len(fitted)
    assert head.worst_out_of_sample.id == "aca_ptc_2023" and head.worst_in_sample.id == "eitc_2023"


def test_the_verdict_names_the_series_furthest_off(run):
    read = read_run(run)
    far = [replace(t, error_final=0.8) if "dividends.amount" in t.id else t for t in read.targets]
    read = replace(read, targets=tuple(far))
    said = " ".join(verdict(read, headline(read), series(read.targets)))
    assert "furthest from what was published: us.irs.dividends.amount (0 of" in said
    assert "77.5 % above the published total" in said


def test_errors_carry_the_sign_of_the_estimates_deviation(run):
    for target in read_run(run).targets:
        if not target.left_out:
            assert math.copysign(1, target.error_final) == math.copysign(1, target.final - target.value)


def test_one_publication_is_one_source_and_rows_keep_their_cells(run):
    targets = read_run(run).targets
    sources, citations = cite(targets)
    assert len(sources) == 1
    for target in targets:
        told = f"{sources[0].text}, {citations[target.id].cell}, {target.url}"
        assert told == target.source
