"""The page as a reader and a browser find it."""

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from microplex_spec.plan import Plan
from microplex_spec.report import write_report
from microplex_spec.spec.errors import SpecError

VOID = {"meta", "input", "br", "link", "img"}


class Page(HTMLParser):
    """Text by element id and rows of each table; closing tags of cells and rows may be left out, as HTML allows."""

    def __init__(self, text: str):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.text = ""
        self._rows: list[list[str]] | None = None
        self._skipped = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag in ("style", "script"):
            self._skipped = tag
        elif tag == "table":
            self._rows = self.tables.setdefault(dict(attrs).get("id") or f"table {len(self.tables)}", [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows is not None:
            self._rows[-1].append("")

    def handle_endtag(self, tag):
        if tag == self._skipped:
            self._skipped = ""
        if tag == "table":
            self._rows = None

    def handle_data(self, data):
        if self._skipped:
            return
        self.text += data
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] += data

    def column(self, table: str, heading: str) -> list[str]:
        head, *body = self.tables[table]
        place = [cell.strip() for cell in head].index(heading)
        return [row[place].strip() for row in body if len(row) > place]


def written(run: Path) -> str:
    """The text of the run's report."""
    write_report(run, run / "report.html")
    return (run / "report.html").read_text(encoding="utf-8")


def report(run: Path) -> Page:
    write_report(run, run / "report.html")
    return Page((run / "report.html").read_text(encoding="utf-8"))


def edit(path: Path, change) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def test_every_target_stands_in_one_of_the_two_tables(run):
    page = report(run)
    targets = pd.read_csv(run / "targets.csv")
    shown = page.column("target-table", "Target") + page.column("left-out", "Target")
    assert sorted(shown) == sorted(targets["id"])


def test_targets_are_sorted_worst_first(run):
    page = report(run)
    targets = pd.read_csv(run / "targets.csv").dropna(subset="final")
    worst_first = targets.sort_values("rel_error_final", ascending=False)["id"]
    assert page.column("target-table", "Target") == list(worst_first)


def test_a_held_out_target_that_is_only_watched_is_no_measure_of_fit(run):
    targets = pd.read_csv(run / "targets.csv")
    held_out = targets["status"] == "holdout"
    targets.loc[held_out & (held_out.cumsum() == 1), "status"] = "monitor"
    targets.to_csv(run / "targets.csv", index=False)
    assert f"On {held_out.sum() - 1} targets held out" in report(run).text


def test_targets_left_out_carry_their_reasons(run):
    page = report(run)
    targets = pd.read_csv(run / "targets.csv").query("status in ('unsupported', 'excluded')")
    reasons = dict(zip(page.column("left-out", "Target"), page.column("left-out", "Reason"), strict=True))
    assert len(targets) and reasons == dict(zip(targets["id"], targets["reason"], strict=True))


def test_each_target_row_names_its_source_and_cell(run):
    page = report(run)
    targets = pd.read_csv(run / "targets.csv").set_index("id")
    sources = dict(zip(page.column("target-table", "Target"), page.column("target-table", "Source"), strict=True))
    for name, told in sources.items():
        assert told == f"IRS SOI [1] {targets.loc[name, 'source'].split(', ')[-2]}"
    assert "Publication 1304: Sources of Income & Tax <Items>, 1.4" in page.text


def test_in_sample_benchmarks_are_labelled_and_stand_behind_the_others(run):
    page = report(run)
    benchmarks = pd.read_csv(run / "benchmarks.csv").set_index("id")
    names, samples = page.column("benchmark-table", "Benchmark"), page.column("benchmark-table", "Sample")
    assert [sample == "in-sample" for sample in samples] == list(benchmarks.loc[names, "in_sample"])
    assert samples == sorted(samples, key=lambda sample: sample == "in-sample")


def test_benchmarks_link_their_source(run):
    page = report(run)
    links = {attrs.get("href") for tag, attrs in page.elements if tag == "a"}
    assert "https://www.fns.usda.gov/pd/snap_2023" in links


def test_the_page_loads_nothing_from_anywhere(run):
    page = report(run)
    for tag, attrs in page.elements:
        assert not {"src", "srcset", "data", "poster", "xlink:href"} & attrs.keys()
        assert "href" not in attrs or tag == "a"
    text = (run / "report.html").read_text(encoding="utf-8")
    assert "@import" not in text and "url(" not in text


def test_only_web_addresses_become_links(run):
    targets = pd.read_csv(run / "targets.csv")
    targets["url"] = "javascript:alert(1)"
    targets.to_csv(run / "targets.csv", index=False)
    links = [attrs["href"] for tag, attrs in report(run).elements if tag == "a" and "href" in attrs]
    assert all(link.startswith(("#", "https://")) for link in links)


def test_text_from_the_run_is_escaped(run):
    targets = pd.read_csv(run / "targets.csv")
    targets.loc[0, "id"] = "us.<script>alert('x')</script>&"
    targets.to_csv(run / "targets.csv", index=False)
    page = report(run)
    assert "us.<script>alert('x')</script>&" in page.column("target-table", "Target")
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    assert "Number of jobs <held> & left" in page.text


def test_every_figure_is_announced_with_title_and_description(run):
    elements = report(run).elements
    for i, (tag, attrs) in enumerate(elements):
        if tag == "svg":
            assert attrs["role"] in ("img", "group") and attrs["aria-label"]
            assert [name for name, _ in elements[i + 1 : i + 3]] == ["title", "desc"]


def test_every_evaluated_target_has_a_dot_tied_to_its_row(run):
    page = report(run)
    dots = [int(attrs["data-i"]) for tag, attrs in page.elements if tag == "circle" and "data-i" in attrs]
    assert sorted(dots) == list(range(len(page.column("target-table", "Target"))))


def test_imputed_variables_are_grouped_by_regime(run):
    page = report(run)
    regimes = [row[1].strip() for row in page.tables["imputed-table"][2:]]
    assert len(regimes) == len(pd.read_csv(run / "imputation.csv")) and regimes == sorted(regimes)
    assert "No histogram was kept." in page.text


def test_steps_show_reasons_and_predicted_beside_actual(run):
    page = report(run)
    plan = Plan.read(run / "plan.json")
    assert [row[0].split()[0] for row in page.tables["plan-table"][1:-1]] == [step.id for step in plan]
    assert all(reason.text in page.text for step in plan for reason in step.reasons)
    reused = next(row for row in page.tables["plan-table"] if "impute:taxable_interest" in row[0].split())
    assert reused[2].strip() == "= reused" and reused[3].endswith("–")


def test_provenance_names_versions_inputs_seed_and_plan(run):
    page = report(run)
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    for told in (
        *manifest["versions"].values(),
        *(file["sha256"] for file in manifest["inputs"]),
        manifest["plan_key"],
    ):
        assert told in page.text


def test_failed_and_skipped_steps_are_told_at_the_top(run):
    def fail(manifest):
        manifest["steps"][-2] |= {"status": "failed", "error": "ValueError: matrix <singular>"}
        manifest["steps"][-1] |= {"status": "skipped", "error": "needs calibrate:weights, which failed"}

    edit(run / "manifest.json", fail)
    for name in ("targets.csv", "benchmarks.csv", "imputation.csv", "weights.json", "distributions.json"):
        (run / name).unlink()
    page = report(run)
    assert "1 step failed and 1 that depends on it could not run" in page.text
    assert page.text.index("ValueError: matrix <singular>") < page.text.index(
        "Target fit", page.text.index("could not run")
    )
    assert "This run imputed no variable." in page.text


@pytest.mark.parametrize("name", ["targets.csv", "benchmarks.csv", "imputation.csv"])
def test_an_empty_table_leaves_its_section_with_a_sentence(run, name):
    pd.read_csv(run / name).head(0).to_csv(run / name, index=False)
    page = report(run)
    said = {
        "targets.csv": "This run holds no targets",
        "benchmarks.csv": "This run holds no benchmarks.",
        "imputation.csv": "This run imputed no variable.",
    }
    assert said[name] in page.text


def test_a_plan_of_all_reused_steps_is_reported(run):
    edit(run / "manifest.json", lambda m: [step.update(status="reused", seconds=0.0) for step in m["steps"]])
    assert "0 steps ran" in report(run).text


def test_weights_left_alone_have_no_bounds_and_one_bar(run):
    edit(
        run / "weights.json",
        lambda w: w.update(bounds=None, converged=True, histogram={"edges": [-0.1, 0.1], "shares": [1.0]}),
    )
    page = report(run)
    assert "bound 0.1" not in page.text and "did not reach" not in page.text


def test_targets_of_zero_and_estimates_of_the_wrong_sign_are_drawn_or_left_out_without_fault(run):
    targets = pd.read_csv(run / "targets.csv")
    targets.loc[0, ["value", "final"]] = [0.0, 5.0]
    targets.loc[1, ["value", "final"]] = [-4e9, 2e9]
    targets.to_csv(run / "targets.csv", index=False)
    page = report(run)
    dots = [attrs for tag, attrs in page.elements if tag == "circle" and "data-i" in attrs]
    assert len(dots) == len(page.column("target-table", "Target")) - 1


def test_a_page_of_four_thousand_targets_stays_below_one_and_a_half_megabytes(run):
    targets = pd.read_csv(run / "targets.csv")
    many = pd.concat([targets.assign(id=targets["id"] + f"_{k:03d}_to_{k + 1:03d}_thousand") for k in range(67)])
    many.to_csv(run / "targets.csv", index=False)
    report(run)
    assert (run / "report.html").stat().st_size < 1_500_000


def test_a_folder_without_a_plan_or_with_a_damaged_file_is_refused(run, tmp_path):
    with pytest.raises(SpecError, match="it has no manifest"):
        write_report(tmp_path, tmp_path / "report.html")
    (run / "weights.json").write_text("{", encoding="utf-8")
    with pytest.raises(SpecError, match="no part of a run"):
        write_report(run, run / "report.html")


def test_errors_out_of_sample_stand_beside_those_in_sample(run):
    targets = pd.read_csv(run / "targets.csv")
    fitted = targets["status"] == "fitted"
    targets["held_out"] = targets["value"].where(fitted) * 1.25
    targets["rel_error_held_out"] = (targets["held_out"] - targets["value"]) / targets["value"]
    targets.to_csv(run / "targets.csv", index=False)
    row = {"name": "dividends", "fitted": 7, "held_out": 9, "fit_median_error": 0.0123, "holdout_median_error": 0.25}
    row |= {"fit_within_10pct": 1.0, "holdout_within_10pct": 0.0}
    unknown = row | {"name": "held out only", "fitted": 0, "fit_median_error": None, "fit_within_10pct": None}
    (run / "holdout.json").write_text(json.dumps({"by_family": [row, unknown], "by_agency": []}), encoding="utf-8")
    page = report(run)
    told = dict(zip(page.column("target-table", "Target"), page.column("target-table", "Error held out"), strict=True))
    assert {told[name] for name in targets.loc[fitted, "id"]} == {"+25.0 %"}
    assert "dividends791.23 %25.0 %0 %" in page.text.replace("\n", "").replace("  ", "")
    assert f"On {(targets['status'].isin(['fitted', 'holdout'])).sum()} targets held out" in page.text


def test_stages_that_did_not_hold_are_told_in_the_verdict(run):
    kept = {"name": "national", "targets": 3, "kept": True, "error_before": 9.1, "error_after": 2.0, "iterations": 4}
    lost = {"name": "states", "targets": 9, "kept": False, "error_before": 2.0, "error_after": None, "iterations": 0}
    said = {"said": "failed, the weights before it stand: no way"}
    edit(run / "weights.json", lambda weights: weights.update(stages=[kept | {"said": "done"}, lost | said]))
    page = report(run)
    assert "Of the stages of calibration, states did not hold; the weights before it were kept." in page.text
    assert page.column("stages", "Kept") == ["yes", "no"]
    assert page.column("stages", "How it ended") == ["done", said["said"]]


def test_weights_that_collapsed_records_and_prices_are_told(run):
    record = {"id": 17, "weight": 1234.5, "ratio": 2.5, "leverage": 0.031, "target": "us.a", "target_share": 0.4}
    health = {"collapse": "a hundredth of the records carries 61% of all weight", "share_at_caps": 0.005}
    health |= {"highest_leverage": [record, record | {"id": 18, "ratio": None}]}
    health |= {"highest_prices": [{"target": "us.b", "shadow_price": 0.00123}]}
    edit(run / "weights.json", lambda weights: weights.update(health))
    page = report(run)
    assert "The weights have collapsed: a hundredth of the records carries 61% of all weight." in page.text
    assert page.column("leverage", "Record") == ["17", "18"]
    assert page.column("leverage", "Ratio") == ["2.50", "–"]
    assert page.column("prices", "Price of 1 %") == ["0.00123"]


def test_every_variable_tells_how_it_is_made_and_by_which_predictors(run):
    text = written(run)
    row = text[text.index('id="variable-farm_income"') :]
    row = row[: row.index('<tr id="variable-taxable_interest"')]
    assert "farm_income, drawn from cps_donors" in row
    assert row.index("<code>age</code>") < row.index("<code>employment_income</code>")
    assert "70.0 %" in row and 'href="#drawn-farm_income"' in row


def test_the_lineage_leads_from_each_name_to_its_place(run):
    text = written(run)
    for address in ("#variable-dividends", "#variables", "#targets", "#weights", "#step-simulate:policyengine_us"):
        assert f'<a href="{address}">' in text


def test_a_run_of_an_older_plan_says_that_it_keeps_no_lineage(run):
    plan = Plan.read(run / "plan.json")
    replace(plan, steps=tuple(replace(s, meta={}) if s.kind == "report" else s for s in plan)).write(run / "plan.json")
    text = written(run)
    assert "keeps no lineage" in text and "keeps no definitions" in text
