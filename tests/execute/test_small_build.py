"""A build of the small project: the files of the contract, what they hold, and the guarantees of its tables."""

import json

import numpy as np
import pandas as pd
import pytest
from small_builds import Build, build_small, fresh_copy, plan_small

from microplex_spec.execute.tasks.shared import read_population
from microplex_spec.plan import Plan
from microplex_spec.spec.yaml_reader import read_yaml


def test_a_run_leaves_the_files_of_the_contract_and_nothing_half_made(built):
    found = {path.name for path in built.folder.iterdir()}
    wanted = {
        "plan.json", "manifest.json", "events.jsonl", "tables", "targets.csv", "benchmarks.csv", "imputation.csv",
        "weights.json", "holdout.json", "distributions.json", "report.html", "spec.lock.yaml",
    }  # fmt: skip
    assert found == wanted
    assert {path.name for path in (built.folder / "tables").iterdir()} == {
        "household.parquet", "tax_unit.parquet", "person.parquet",
    }  # fmt: skip


def test_the_stored_plan_is_the_plan_that_ran(built):
    assert json.dumps(Plan.read(built.folder / "plan.json").to_json()) == json.dumps(built.plan.to_json())
    assert list(built.statuses()) == [step.id for step in built.plan]


def test_the_manifest_has_the_keys_that_may_be_relied_on(built):
    manifest = built.json("manifest.json")
    assert (manifest["status"], manifest["spec"], manifest["seed"]) == ("done", "small", 1)
    assert manifest["plan_key"] == built.plan.key
    assert manifest["started"] <= manifest["finished"]
    assert {"python", "numpy", "pandas", "scikit-learn", "microplex-spec"} <= set(manifest["versions"])
    assert len(manifest["inputs"]) == 6
    assert all(set(row) == {"path", "sha256"} and len(row["sha256"]) == 64 for row in manifest["inputs"])
    for step in manifest["steps"]:
        assert {"id", "status", "seconds", "peak_bytes", "predicted", "error"} <= set(step)
        assert step["status"] == "done" and step["error"] is None
        assert step["seconds"] >= 0 and step["peak_bytes"] > 0
    headline = manifest["headline"]
    assert {"fit_within_10pct", "holdout_median_error", "ess_share", "benchmarks"} <= set(headline)
    assert headline == built.result.headline


def test_targets_csv_has_a_row_for_every_target_and_a_reason_for_those_not_fitted(built):
    targets = built.csv("targets.csv").set_index("id")
    first = [
        "role", "status", "reason", "value", "initial", "final", "rel_error_initial", "rel_error_final", "tolerance",
        "source",
    ]  # fmt: skip
    assert targets.columns[: len(first)].tolist() == first
    assert targets.index.tolist() == [target.id for target in built.small.load().targets]
    status = targets["status"].to_dict()
    assert status["small.population.total"] == status["small.wage.mean"] == status["small.heads.blind"] == "fitted"
    assert status["small.all.aged"] == "fitted"
    assert status["small.elderly.persons"] == "holdout"
    assert status["small.wages.watched"] == "monitor"
    assert status["small.wages.aside"] == "excluded"
    assert targets.loc["small.wages.aside", "reason"] == "excluded by A. Analyst: another concept"
    assert status["small.centenarians.persons"] == "unsupported"
    assert status["small.dividends.amount"] == "unreachable"
    assert targets.loc["small.dividends.amount", "reason"].startswith("out of reach: ratios of 0.1 to 10 give ")
    assert targets.loc[targets["status"] != "fitted", "reason"].notna().all()


def test_fitted_targets_are_met_within_their_tolerances(built):
    targets = built.csv("targets.csv")
    fitted = targets[targets["status"] == "fitted"]
    result = json.loads((built.artifact("calibrate:small") / "result.json").read_text(encoding="utf-8"))
    assert result["converged"], result["reason"]
    assert (fitted["rel_error_final"].abs() <= fitted["tolerance"] * 1.02).all()


def test_the_totals_of_targets_csv_are_those_that_the_exported_tables_give(built):
    homes = built.table("household")
    weights = {name: homes.set_index("household_id")[name] for name in ("design_weight", "weight")}
    person, unit = built.table("person"), built.table("tax_unit")
    person = person.merge(homes[["household_id", "state_fips"]], on="household_id")
    measures = {
        "small.population.total": (person, np.ones(len(person)), None),
        "small.employment_income.amount": (person, person["employment_income"], None),
        "small.dividends.returns": (unit, unit["dividends"] > 0, None),
        "small.elderly.persons": (person, person["age"] >= 65, None),
        "small.wages.watched": (unit, unit["unit_employment_income"], None),
        "small.dividends.amount": (unit, unit["dividends"], None),
        "small.wage.mean": (person, person["employment_income"], person["employment_income"] > 0),
        "small.heads.blind": (person, person["is_blind"] & person["is_tax_unit_head"], person["is_tax_unit_head"]),
    }
    for fips in person["state_fips"].unique():
        measures[f"small.population.state_s{fips}"] = (person, person["state_fips"] == fips, None)
    targets = built.csv("targets.csv").set_index("id")
    compared = targets.index.intersection(list(measures))
    assert len(compared) > 15
    for when, column in (("initial", "design_weight"), ("final", "weight")):
        for name in compared:
            table, values, domain = measures[name]
            w = weights[column][table["household_id"]].to_numpy()
            total = w @ np.where(True if domain is None else domain, values, 0).astype(float)
            expected = total if domain is None else total / w[domain].sum()
            assert targets.loc[name, when] == pytest.approx(expected, rel=1e-6), (name, when)


def test_relative_errors_are_those_of_the_figures_beside_them(built):
    targets = built.csv("targets.csv")
    for when in ("initial", "final"):
        expected = (targets[when] - targets["value"]) / targets["value"].abs()
        np.testing.assert_allclose(targets[f"rel_error_{when}"], expected, rtol=1e-9, atol=1e-12)


def test_the_headline_sums_targets_csv_up(built):
    targets, headline = built.csv("targets.csv"), built.result.headline
    fitted = targets[targets["status"] == "fitted"]
    assert headline["targets_fitted"] == len(fitted)
    assert headline["targets_unsupported"] == (targets["status"] == "unsupported").sum() == 1
    assert headline["targets_unreachable"] == (targets["status"] == "unreachable").sum() == 1
    assert headline["fit_within_10pct"] == pytest.approx((fitted["rel_error_final"].abs() < 0.1).mean())
    assert headline["fit_median_error"] == pytest.approx(fitted["rel_error_final"].abs().median())
    apart = targets.set_index("id").loc["small.elderly.persons", "rel_error_final"]
    unseen = [*fitted["rel_error_held_out"].dropna().abs(), abs(apart)]
    assert len(unseen) > 10 and headline["holdout_median_error"] == pytest.approx(np.median(unseen))


def test_every_family_of_fitted_targets_is_left_out_once_and_judged_beside_its_fit(built):
    targets, holdout = built.csv("targets.csv"), built.json("holdout.json")
    fitted = targets[(targets["status"] == "fitted") & (targets["id"] != "small.all.aged")]
    assert fitted["fold"].notna().all() and fitted["held_out"].notna().all()
    assert len(fitted[["family", "fold"]].drop_duplicates()) == fitted["family"].nunique()
    assert fitted["fold"].nunique() == min(5, fitted["family"].nunique())
    assert targets.loc[targets["status"] != "fitted", ["fold", "held_out"]].isna().all(axis=None)
    expected = (fitted["held_out"] - fitted["value"]) / fitted["value"].abs()
    np.testing.assert_allclose(fitted["rel_error_held_out"], expected, rtol=1e-9, atol=1e-12)
    assert fitted["rel_error_held_out"].abs().median() > fitted["rel_error_final"].abs().median()
    assert {row["name"] for row in holdout["by_family"]} == set(
        targets.loc[targets["status"].isin(["fitted", "holdout"]), "family"]
    )
    (agency,) = holdout["by_agency"]
    assert agency["name"] == "Test agency"
    assert agency["holdout_median_error"] == pytest.approx(built.result.headline["holdout_median_error"])


def test_records_and_targets_that_stand_out_are_named(built):
    health, targets = built.json("weights.json"), built.csv("targets.csv").set_index("id")
    homes = built.table("household").set_index("household_id")
    records, prices = health["highest_leverage"], health["highest_prices"]
    assert len(records) == 10 and 0 < len(prices) <= 10
    for row in records:
        assert row["weight"] == pytest.approx(homes.loc[row["id"], "weight"])
        assert row["target"] in targets.index and 0 < row["leverage"] <= row["target_share"] <= 1
    assert prices[0]["shadow_price"] == pytest.approx(targets["shadow_price"].max())
    assert health["collapse"] == "" and health["stages"] == [] and health["folds"]["failed"] == []


def test_weights_are_at_least_zero_and_their_health_is_told(built):
    homes, health = built.table("household"), built.json("weights.json")
    weight, design = homes["weight"], homes["design_weight"]
    assert (weight >= 0).all() and (weight[design > 0] > 0).all()
    ratios = (weight / design)[design > 0]
    assert health["n"] == len(homes) and health["n_zero"] == (weight == 0).sum()
    assert health["ess"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    assert [health["min_ratio"], health["median_ratio"], health["max_ratio"]] == pytest.approx(
        [ratios.min(), ratios.median(), ratios.max()]
    )
    assert ratios.between(0.1 * (1 - 1e-9), 10 * (1 + 1e-9)).all()
    assert sum(health["histogram"]["shares"]) == pytest.approx(1.0)


def test_the_design_weights_stand_for_the_published_number_of_people(built):
    homes, person = built.table("household").set_index("household_id"), built.table("person")
    total = built.csv("targets.csv").set_index("id").loc["small.population.total", "value"]
    assert homes["design_weight"][person["household_id"]].sum() == pytest.approx(total)


def test_records_and_their_links_are_those_of_the_base(built):
    base = read_population(built.artifact("uprate:survey"))
    for entity, row in base.entities.items():
        for key in (row.key, *(base.entities[group].key for group in row.within)):
            np.testing.assert_array_equal(built.table(entity)[key], base.tables[entity][key])


def test_every_declared_variable_is_exported_and_no_truth_is(built):
    spec = built.small.load()
    columns = {entity: list(built.table(entity).columns) for entity in spec.entities}
    for variable in spec.variables.values():
        assert variable.name in columns[variable.entity]
    assert not [name for names in columns.values() for name in names if name.startswith("truth")]
    truth = read_population(built.artifact("uprate:survey")).variables
    assert {"truth.dividends", "truth.self_employment_income"} <= set(truth)
    assert "dividends" not in truth


def test_draws_keep_the_structural_guarantees_of_their_regimes(built):
    donors = read_population(built.artifact("uprate:donors"))
    given = donors.column("dividends")
    drawn = built.table("tax_unit")["dividends"].to_numpy()
    assert ((drawn == 0) | (drawn >= given[given > 0].min())).all()
    assert (drawn > 0).any() and (drawn == 0).any()
    adults = donors.column("self_employment_income")[donors.column("age") >= 16]
    person = built.table("person")
    business = person["self_employment_income"].to_numpy()
    least, most = adults[adults < 0].max(), adults[adults > 0].min()
    assert not ((business > least) & (business < most) & (business != 0)).any()
    assert (business < 0).any() and (business > 0).any() and (business == 0).any()
    assert (business[person["age"] < 16] == 0).all()


def test_amounts_are_carried_to_the_year_of_the_spec(built):
    factors = built.plan["uprate:survey"].params["factors"]
    raw = pd.read_csv(built.small.spec_folder / "data" / "survey_person.csv").set_index("person_id")
    person = built.table("person").set_index("person_id")
    assert factors["employment_income"] > 1.2
    np.testing.assert_allclose(
        person["employment_income"], raw["employment_income"][person.index] * factors["employment_income"]
    )
    np.testing.assert_array_equal(person["age"], raw["age"][person.index])


def test_derived_variables_are_what_their_expressions_say(built):
    person, unit = built.table("person"), built.table("tax_unit").set_index("tax_unit_id")
    sums = person.groupby("tax_unit_id")[["employment_income", "self_employment_income"]].sum().reindex(unit.index)
    np.testing.assert_allclose(unit["unit_employment_income"], sums["employment_income"])
    np.testing.assert_allclose(unit["unit_income"], sums.sum(axis=1) + unit["dividends"], atol=1e-6)


def test_rate_draws_hit_their_rates_within_four_standard_errors(built):
    person = built.table("person")
    groups = {0.2: person["age"] < 25, 0.1: person["age"] >= 65, 0.5: person["age"].between(25, 64)}
    for rate, chosen in groups.items():
        n = chosen.sum()
        assert n > 50
        assert abs(person.loc[chosen, "has_pension_plan"].mean() - rate) < 4 * np.sqrt(rate * (1 - rate) / n)


def test_imputation_csv_tells_each_variable_against_its_donor_and_the_truth(built):
    table = built.csv("imputation.csv").set_index("variable")
    assert table.index.tolist() == ["self_employment_income", "dividends"]
    donors = read_population(built.artifact("uprate:donors"))
    for name, entity in (("self_employment_income", "person"), ("dividends", "tax_unit")):
        row, drawn = table.loc[name], built.table(entity)
        w = built.table("household").set_index("household_id")["design_weight"][drawn["household_id"]].to_numpy()
        dw, dy = donors.weights("design", entity), donors.column(name)
        for kind, y, weights in (("drawn", drawn[name], w), ("donor", dy, dw)):
            shares = [np.average(y == 0, weights=weights), np.average(y < 0, weights=weights)]
            assert [row[f"{kind}_zero"], row[f"{kind}_negative"]] == pytest.approx(shares)
        assert row["drawn_zero"] == pytest.approx(row["donor_zero"], abs=0.08)
        assert 0 <= row["ks_donor"] < 0.1 and 0 <= row["ks_truth"] < 0.1
        assert row["rows"] > 0 and row["seconds"] > 0


def test_histograms_of_draws_sum_to_one(built):
    for histogram in built.json("distributions.json").values():
        assert histogram["label"] and histogram["unit"] == "usd"
        for kind in ("donor", "drawn", "truth"):
            assert sum(histogram[kind]) == pytest.approx(1.0)
            assert len(histogram[kind]) == len(histogram["edges"]) - 1


@pytest.mark.parametrize("calibrator", ["none", "entropy", "chi2", "logit"])
def test_every_calibrator_builds(built, calibrator):
    other = build_small(built.small, calibrator=calibrator)
    assert other.result.status == "done", other.result.failures
    statuses = other.statuses()
    assert [step for step, status in statuses.items() if status == "done"] == (
        [*(["calibrate:small"] if calibrator != "logit" else []), "evaluate:small", "export:small", "report:small"]
    )
    targets = other.csv("targets.csv").set_index("id")
    fitted = targets[targets["status"] == "fitted"]
    homes = other.table("household")
    if calibrator == "none":
        pd.testing.assert_series_equal(homes["weight"], homes["design_weight"], check_names=False)
        assert targets.loc["small.dividends.returns", "status"] == "fitted"
        assert fitted["final"].tolist() == fitted["initial"].tolist()
    else:
        assert (homes["weight"] >= 0).all()
        assert (fitted["rel_error_final"].abs().drop("small.dividends.amount", errors="ignore") < 0.1).mean() > 0.9


def same_results(one: Build, other: Build) -> dict[str, bool]:
    files = [f"tables/{entity}.parquet" for entity in ("household", "tax_unit", "person")] + ["targets.csv"]
    return {file: (one.folder / file).read_bytes() == (other.folder / file).read_bytes() for file in files}


def test_the_same_seed_in_another_store_gives_the_same_bytes_and_another_seed_does_not(built, tmp_path):
    small = fresh_copy(built.small, tmp_path / "again")
    again = build_small(small)
    assert set(again.statuses().values()) == {"done"}
    assert all(same_results(built, again).values()), same_results(built, again)
    other = build_small(small, seed=2)
    assert not any(same_results(built, other).values())
    assert (other.table("tax_unit")["dividends"] != built.table("tax_unit")["dividends"]).any()


def test_a_sampled_build_takes_whole_households_that_stand_for_as_many(built):
    sampled = build_small(built.small, households=150)
    assert sampled.result.status == "done"
    homes, base = sampled.table("household"), built.table("household")
    assert len(homes) == 150 and set(homes["household_id"]) < set(base["household_id"])
    members = built.table("person")
    kept = members[members["household_id"].isin(homes["household_id"])]
    np.testing.assert_array_equal(sampled.table("person")["person_id"], kept["person_id"])


def test_the_lock_holds_every_resolved_choice(built):
    lock = read_yaml(built.folder / "spec.lock.yaml", "spec.lock.yaml").data
    assert lock["choices"]["seed"] == 1 and lock["choices"]["scale"]["name"] == "test"
    business = lock["variables"]["self_employment_income"]
    assert list(business["predictors"]) == ["age", "employment_income", "is_tax_unit_head"]
    assert lock["variables"]["age"]["observed"] == "age"
    assert len(lock["targets"]) == len(built.small.load().targets)


def test_a_label_edited_after_a_build_is_told_though_nothing_is_drawn_again(built, tmp_path):
    small = fresh_copy(built.small, tmp_path / "labelled")
    build_small(small, households=100)
    small.edit("variables/imputed.yaml", "label: Dividends", "label: Dividends received")
    again = build_small(small, households=100)
    assert again.statuses()["impute:dividends"] == "reused"
    assert again.json("distributions.json")["dividends"]["label"] == "Dividends received"


def test_an_unchanged_build_is_planned_as_reuse_and_runs_only_what_is_never_kept(built):
    plan = plan_small(built.small)
    assert [step.id for step in plan if step.status != "reuse"] == ["evaluate:small", "export:small", "report:small"]
    assert plan.key == built.plan.key
