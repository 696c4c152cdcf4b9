"""Targets held against each other before any data are read: duplicates, contradictions, units, families."""

import pytest

from microplex_spec import compile_plan
from microplex_spec.compile.column_facts import column_facts
from microplex_spec.compile.forms import Form
from microplex_spec.compile.partitions import partitions
from microplex_spec.compile.preflight import preflight
from microplex_spec.execute.profile import profile_sources
from microplex_spec.spec.domains import ColumnFacts, Domain, domain_of
from microplex_spec.spec.errors import SpecError
from microplex_spec.spec.expression import parse
from microplex_spec.spec.targets import Target

FACTS = {
    "age": ColumnFacts(whole=True, least=0, most=115, complete=True),
    "state": ColumnFacts(codes=3, complete=True),
    "dividends": ColumnFacts(least=0, most=1e12, complete=True),
    "profit": ColumnFacts(most=1e12, complete=True),
}


def target(name: str, value: float, where: str = "", measure: str = "count()", **fields) -> Target:
    source = {"agency": "Test agency", "title": "Figures", "concept": fields.pop("concept", "")}
    source["vintage"] = fields.pop("vintage", "")
    unit = {"count()": "count"}.get(measure, "usd")
    row = {"id": name, "of": "person", "period": 2023, "unit": unit, "measure": measure, "where": where}
    return Target.model_validate({**row, "value": float(value), "source": source, **fields})


def judged(*targets: Target, tolerance: float = 0.01):
    return preflight(targets, FACTS, tolerance)


def statuses(*targets: Target, **settings) -> dict[str, str]:
    return {name: row.status for name, row in judged(*targets, **settings).set_aside.items()}


def test_one_figure_of_one_domain_written_two_ways_is_a_duplicate_whatever_the_order():
    rows = [target("b", 50, "age >= 0 and age <= 4 and state == '06'"), target("a", 50, "state == '06' and 5 > age")]
    for order in (rows, rows[::-1]):
        found = judged(*order).set_aside
        assert {name: row.status for name, row in found.items()} == {"b": "duplicate"}
        assert "as a;" in found["b"].text and found["b"].against == ("a",)


def test_two_figures_of_one_thing_keep_the_tighter_tolerance_then_the_later_vintage_then_the_first_id():
    assert statuses(target("a", 100), target("b", 110, tolerance=0.001)) == {"a": "contradictory"}
    assert statuses(target("a", 100, vintage="Vintage 2022"), target("b", 110, vintage="Vintage 2023")) == {
        "a": "contradictory"
    }
    assert statuses(target("a", 100), target("b", 110)) == {"b": "contradictory"}


def test_what_both_tolerances_or_standard_errors_allow_is_no_contradiction():
    assert statuses(target("a", 100), target("b", 102)) == {}
    assert statuses(target("a", 100), target("b", 110, se=9.5)) == {}
    assert statuses(target("a", 100), target("b", 110, tolerance=0.09)) == {}


def test_a_contradiction_tells_both_figures_the_gap_and_what_to_do():
    text = judged(target("a", 1000), target("b", 2500)).set_aside["b"].text
    assert "2,500 here and 1,000 as a" in text and "60 % apart" in text and "exclude one of them" in text


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"role": "holdout"}, {"b": "monitor"}),
        ({"role": "monitor"}, {}),
        ({"exclude": {"by": "A. Analyst", "reason": "another concept"}}, {}),
        ({"period": 2022}, {}),
        ({"of": "household"}, {}),
        ({}, {"b": "contradictory"}),
    ],
)
def test_only_fitted_targets_of_one_entity_and_period_speak_against_each_other(other, expected):
    assert statuses(target("a", 100), target("b", 200, **other)) == expected


BANDS = ["age < 18", "age >= 18 and age <= 64", "between(age, 65, 120)"]


def test_a_total_that_its_bands_do_not_sum_up_to_is_set_aside_and_its_bands_are_kept():
    parts = [target(f"band_{number}", 100, where) for number, where in enumerate(BANDS)]
    found = judged(target("total", 400), *parts).set_aside
    assert list(found) == ["total"] and "its 3 parts by age sum to 300" in found["total"].text
    assert "25 % apart" in found["total"].text
    assert statuses(target("total", 301), *parts) == {}
    assert statuses(target("total", 400), *parts[:2]) == {}
    watched = target("last", 100, BANDS[2], role="monitor")
    assert statuses(target("total", 400), *parts[:2], watched) == {}


def test_bands_with_a_gap_or_an_overlap_are_no_partition():
    gap = [target("a", 100, "age < 18"), target("b", 100, "age >= 19")]
    overlap = [target("a", 100, "age < 18"), target("b", 100, "age >= 17")]
    assert statuses(target("total", 400), *gap) == statuses(target("total", 400), *overlap) == {}


def test_a_full_set_of_codes_sums_up_to_the_whole_and_fewer_codes_do_not():
    parts = [target(f"s{code}", 100, f"state == '{code}'") for code in "12"]
    assert statuses(target("total", 400), *parts) == {}
    assert statuses(target("total", 400), *parts, target("s3", 100, "state in ['3']")) == {"total": "contradictory"}
    assert statuses(target("total", 400), parts[0], target("rest", 100, "state != '1'")) == {"total": "contradictory"}
    joint = target("joint", 300, "state in ['1', '2']")
    assert statuses(joint, *parts) == {"joint": "contradictory"}


def test_a_flag_and_its_opposite_make_up_the_whole():
    rows = [target("yes", 100, "blind"), target("no", 100, "not blind")]
    assert statuses(target("total", 150), *rows) == {"total": "contradictory"}
    assert statuses(target("total", 200), *rows) == {}


def test_means_are_no_sums_of_their_parts():
    parts = [target(f"p{n}", 100, where, "mean(income)", unit="usd_per_unit") for n, where in enumerate(BANDS)]
    assert statuses(target("total", 100, "", "mean(income)", unit="usd_per_unit"), *parts) == {}


def test_a_total_set_aside_is_replaced_by_its_parts_in_what_it_is_a_part_of():
    ages = [target(f"s1_{n}", 50, f"state == '1' and {where}") for n, where in enumerate(BANDS)]
    states = [target(f"s{code}", 500, f"state == '{code}'") for code in "123"]
    found = judged(target("total", 1150), *states, *ages).set_aside
    assert list(found) == ["s1"]
    assert list(judged(target("total", 1500), *states, *ages).set_aside) == ["s1", "total"]


def test_two_sets_of_parts_of_one_total_that_clash_are_told():
    ages = [target(f"age_{n}", 100, where) for n, where in enumerate(BANDS)]
    states = [target(f"s{code}", 200, f"state == '{code}'") for code in "123"]
    found = judged(target("total", 300), *ages, *states)
    assert list(found.set_aside) == ["total"]
    assert found.suspicions == (
        ("total", "has parts by age that sum to 300, and by state to 600: no weights can meet both"),
    )


def test_a_mean_that_is_not_its_sum_over_its_count_is_set_aside():
    rows = [target("sum", 1e6, "age < 18", "sum(income)"), target("count", 100, "age < 18")]
    mean = {"measure": "mean(income)", "unit": "usd_per_unit"}
    assert statuses(*rows, target("mean", 10_100, "age < 18", **mean)) == {}
    assert statuses(*rows, target("mean", 12_000, "age < 18", **mean)) == {"mean": "contradictory"}
    assert statuses(*rows, target("mean", 12_000, "age < 19", **mean)) == {}


def test_a_share_is_held_against_the_two_counts_that_it_divides():
    rows = [target("all", 1000), target("some", 300, "age < 18")]
    share = {"measure": "share(age < 18)", "unit": "share"}
    assert statuses(*rows, target("share", 0.3, **share)) == {}
    assert statuses(*rows, target("share", 0.4, **share)) == {"share": "contradictory"}


def test_figures_in_thousands_are_told_as_such():
    parts = [target(f"band_{number}", 100_000, where) for number, where in enumerate(BANDS)]
    assert "looks to be in thousands" in judged(target("total", 300), *parts).set_aside["total"].text
    found = judged(target("total", 300_000), *parts[:2], target("last", 100, BANDS[2]))
    assert "last looks to be in thousands" in found.set_aside["total"].text
    assert found.suspicions == (("last", "looks to be in thousands: total, of which it is a part, would then be met"),)


def test_a_part_far_above_its_total_is_suspected_within_any_tolerance():
    parts = [target(f"p{number}", 1, where, tolerance=1e6) for number, where in enumerate(BANDS[:2])]
    found = judged(target("total", 10), *parts, target("p2", 5000, BANDS[2], tolerance=1e6))
    assert found.set_aside == {} and found.suspicions[0] == ("p2", "is 500 times total, of which it is a part")


def test_of_one_figure_given_twice_the_one_of_the_tighter_tolerance_or_standard_error_is_kept_and_told_so():
    for tight in ({"tolerance": 0.001}, {"se": 0.1}):
        for names in ("ab", "ba"):
            loose, kept = names
            found = judged(target(loose, 100, tolerance=0.05), target(kept, 100, **tight)).set_aside
            assert {name: row.status for name, row in found.items()} == {loose: "duplicate"}
            assert f"as {kept}, which is kept for its tighter tolerance;" in found[loose].text
    text = judged(target("a", 100), target("b", 100)).set_aside["b"].text
    assert "tighter" not in text


def test_a_negated_predicate_is_held_against_the_same_rows_written_without_not():
    assert statuses(target("a", 70, "age >= 18"), target("b", 10, "not age < 18")) == {"b": "contradictory"}
    assert statuses(target("a", 70, "age >= 18"), target("b", 70, "not age < 18")) == {"b": "duplicate"}
    parts = [target("p", 100, "not (age < 18)"), target("q", 100, "age < 18")]
    assert statuses(target("total", 500), *parts) == {"total": "contradictory"}
    assert statuses(target("total", 200), *parts) == {}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("", "dividends > 0", True),
        ("dividends >= 0", "dividends != 0", True),
        ("age < 18", "not (dividends <= 0) and age < 18", True),
        ("", "dividends > 10", False),
        ("profit >= 0", "profit > 0", True),
        ("", "profit > 0", False),
        ("profit < 0", "profit <= 0", True),
    ],
)
def test_rows_of_zero_make_no_other_figure_of_a_sum(one, other, same):
    column = "profit" if "profit" in one + other else "dividends"
    rows = [target(name, 100, where, f"sum({column})") for name, where in (("a", one), ("b", other))]
    assert statuses(*rows) == ({"b": "duplicate"} if same else {})
    counts = [target(name, 100, where) for name, where in (("a", one), ("b", other))]
    means = [
        target(name, 100, where, f"mean({column})", unit="usd_per_unit") for name, where in (("a", one), ("b", other))
    ]
    assert statuses(*counts) == statuses(*means) == {}


def test_a_mean_of_those_that_have_some_is_held_against_the_sum_over_all():
    rows = [target("sum", 1e6, "", "sum(dividends)"), target("count", 100, "dividends > 0")]
    mean = {"where": "dividends > 0", "measure": "mean(dividends)", "unit": "usd_per_unit"}
    assert statuses(*rows, target("mean", 12_000, **mean)) == {"mean": "contradictory"}


def test_a_held_out_target_that_fitted_ones_tell_is_watched_and_judges_nothing():
    found = judged(target("a", 100), target("b", 100, role="holdout"))
    assert found.set_aside["b"].status == "monitor" and found.set_aside["b"].against == ("a", "a")
    assert "is held out, but follows from a, which is fitted" in found.set_aside["b"].text
    assert found.suspicions == ()
    parts = [target(f"p{number}", 100, where) for number, where in enumerate(BANDS)]
    text = judged(target("total", 300, role="holdout"), *parts).set_aside["total"].text
    assert "follows from the 3 fitted targets p0 to p2" in text


RATIO = [
    ("sum", 1e6, "sum(income)", "usd"),
    ("count", 100, "count()", "count"),
    ("mean", 1e4, "mean(income)", "usd_per_unit"),
]
SHARES = [("all", 100, "", "count()"), ("some", 25, "age >= 65", "count()"), ("share", 0.25, "", "share(age >= 65)")]


@pytest.mark.parametrize("held", range(3))
def test_of_a_quotient_and_its_two_figures_none_is_held_out_while_the_others_are_fitted(held):
    rows = [
        target(name, value, "", measure, unit=unit, role="holdout" if number == held else "fit")
        for number, (name, value, measure, unit) in enumerate(RATIO)
    ]
    assert statuses(*rows) == {RATIO[held][0]: "monitor"}
    rows = [
        target(
            name,
            value,
            where,
            measure,
            unit="share" if name == "share" else "count",
            role="holdout" if number == held else "fit",
        )
        for number, (name, value, where, measure) in enumerate(SHARES)
    ]
    assert statuses(*rows) == {SHARES[held][0]: "monitor"}
    assert statuses(*(row for row in rows if row.role == "holdout" or row.id == "sum")) == {}


def test_a_part_follows_from_its_total_and_the_other_parts_and_two_parts_do_not():
    rows = [target("total", 300), *(target(f"p{n}", 100, where) for n, where in enumerate(BANDS[:2]))]
    last = target("p2", 100, BANDS[2], role="holdout")
    assert statuses(*rows, last) == {"p2": "monitor"}
    assert statuses(*rows[:2], last, target("p1", 100, BANDS[1], role="holdout")) == {}


def test_a_held_out_total_follows_from_wide_parts_though_finer_ones_are_held_out_or_watched():
    wide = [target("young", 100, "age < 18"), target("old", 200, "age >= 18")]
    for role in ("holdout", "monitor"):
        fine = [target("a", 50, "age < 9", role=role), target("b", 50, "age >= 9 and age < 18", role=role)]
        assert statuses(target("total", 300, role="holdout"), *wide, *fine) == {"total": "monitor"}


def test_a_share_is_held_out_together_with_the_counts_that_it_divides():
    rows = [
        target(name, value, where, measure, concept=f"{name}.n", unit="share" if name == "share" else "count")
        for name, value, where, measure in SHARES
    ]
    assert len(set(judged(*rows).families.values())) == 1
    assert len(set(judged(*rows[1:]).families.values())) == 1
    assert len(set(judged(*rows[:2]).families.values())) == 2


def test_one_more_target_of_another_concept_renames_no_family():
    parts = [target(f"p{n}", 100, where, concept="resident_population.age") for n, where in enumerate(BANDS)]
    for more in ({"concept": "a_duplicate.n"}, {"family": "another"}):
        assert set(judged(*parts, target("total", 300, **more)).families.values()) == {"resident_population"}
    own = [target("a", 1, family="own"), target("b", 1, concept="alike.n")]
    assert set(judged(*own).families.values()) == {"own"}


def test_families_follow_declaration_concept_and_id_and_are_joined_where_figures_follow_from_each_other():
    rows = [
        target("us.total", 300),
        *(target(f"us.age.{n}", 100, where, concept="ages.band") for n, where in enumerate(BANDS)),
        target("us.other.x", 5, "blind", family="own"),
        target("us.alone.x", 5, "dogs > 2"),
        target("us.wages", 9, "dogs > 1", "sum(wages)", concept="wages.amount"),
        target("us.wage", 9, "dogs > 1", "mean(wages)", unit="usd_per_unit", concept="wage"),
    ]
    found = judged(*rows).families
    assert {found["us.total"], *(found[f"us.age.{n}"] for n in range(3))} == {"ages"}
    assert (found["us.other.x"], found["us.alone.x"]) == ("own", "us.alone")
    assert found["us.wages"] == found["us.wage"] == "wage"
    assert judged(*rows[::-1]).families == found


def test_the_finest_parts_are_taken_of_nested_bands():
    texts = ["", "age < 10", "age >= 10", "age < 5", "between(age, 5, 9)"]
    forms = {
        f"t{number}": Form("count()", "person", 2023, domain_of(parse(text) if text else None, FACTS))
        for number, text in enumerate(texts)
    }
    assert forms["t0"].domain == Domain()
    assert partitions(forms, FACTS) == [("t0", "age", ("t2", "t3", "t4")), ("t1", "age", ("t3", "t4"))]


def test_bands_that_lie_across_the_finest_ones_are_parts_too():
    fine = [target(f"f{n}", 75, f"between(age, {15 * n}, {15 * n + 14})", concept="fine.n") for n in range(3)]
    fine.append(target("f3", 75, "age >= 45", concept="fine.n"))
    wide = [target(f"w{n}", 100, where, concept="wide.n") for n, where in enumerate(BANDS)]
    total = target("total", 300, concept="all.n")
    assert len(set(judged(total, *fine, *wide).families.values())) == 1
    assert statuses(total, *fine, *wide) == {}
    wide[2] = target("w2", 200, BANDS[2], concept="wide.n")
    assert statuses(total, *fine, *wide) == {"total": "contradictory"}
    held_out = [row.model_copy(update={"role": "holdout"}) for row in (total, *fine)]
    assert statuses(*held_out, *wide) == {"total": "monitor"}


def add_target(small, text: str) -> str:
    file = "targets/small/population.yaml"
    small.append(file, text)
    return file


def plan_of(small):
    return compile_plan(small.load())


def test_a_plan_sets_targets_aside_with_places_and_tells_so(small_project):
    file = add_target(
        small_project,
        "  - id: small.blind.again\n    where: is_blind\n    value: 900000\n"
        "  - id: small.blind.persons\n    where: is_blind\n    value: 500000\n",
    )
    plan = plan_of(small_project)
    rows = {row["id"]: row for row in plan["targets:small"].params["targets"]}
    status, reason = rows["small.blind.persons"]["set_aside"]
    assert status == "contradictory" and "yaml" not in reason
    assert "set_aside" not in rows["small.blind.again"] and all(row["family"] for row in rows.values())
    told = next(note for note in plan.notes if note.startswith("contradictory"))
    assert small_project.at(file, "id: small.blind.persons").rpartition(":")[0] in told
    assert small_project.at(file, "id: small.blind.again").rpartition(":")[0] in told
    assert "1 contradictory" in plan["targets:small"].reasons[0].text
    assert plan["targets:small"].meta["set_aside"]["small.blind.persons"] in told


def test_a_plan_counts_what_fitted_targets_tell_among_the_watched_and_says_why(small_project):
    file = add_target(
        small_project,
        "  - id: small.blind.again\n    where: is_blind\n    value: 900000\n"
        "  - id: small.blind.held\n    where: is_blind\n    value: 900000\n    role: holdout\n",
    )
    plan = plan_of(small_project)
    row = next(row for row in plan["targets:small"].params["targets"] if row["id"] == "small.blind.held")
    assert row["role"] == "holdout" and row["set_aside"][0] == "monitor"
    assert "1 monitor)" in plan["targets:small"].reasons[0].text
    told = next(note for note in plan.notes if note.startswith("monitor: small.blind.held"))
    assert small_project.at(file, "id: small.blind.held").rpartition(":")[0] in told


def test_regime_bounds_and_data_say_what_is_never_negative_and_what_no_row_lacks(small_project):
    def facts():
        spec = small_project.load()
        return column_facts(spec, profile_sources(spec), engine=lambda name: None)

    found = facts()
    assert found["dividends"].least == 0 and found["self_employment_income"].least == float("-inf")
    assert found["age"].complete and found["dividends"].complete and not found["unit_employment_income"].complete
    small_project.edit("variables/imputed.yaml", "regime: three_sign", "bounds: {min: 0}\n  regime: three_sign")
    assert facts()["self_employment_income"].least == 0


def test_moving_a_target_to_another_line_changes_no_key(small_project):
    file = add_target(small_project, "  - id: small.blind.a\n    where: is_blind\n    value: 900000\n")
    small_project.append(file, "  - id: small.blind.b\n    where: is_blind\n    value: 500000\n")
    before = plan_of(small_project)["targets:small"].key
    small_project.edit(file, "  - id: small.blind.b", "  # A comment\n\n  - id: small.blind.b")
    assert plan_of(small_project)["targets:small"].key == before


def test_a_count_of_more_units_than_there_can_be_stops_the_plan_with_its_place(small_project):
    file = add_target(small_project, "  - id: small.blind.a\n    where: is_blind\n    value: 900000000000\n")
    with pytest.raises(SpecError) as caught:
        plan_of(small_project)
    assert [str(p.place) for p in caught.value.problems] == [small_project.at(file, "900000000000")]
    assert "counts 900,000,000,000 of person" in str(caught.value)
