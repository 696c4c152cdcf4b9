"""The command diff: two runs, two specs, a spec at a revision; exit codes, and what it says of bad sides."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from small_project import SmallProject

from microplex_spec.cli import main

FEW = ("spec=small", "scale=smoke", "scale.households=60")
SPEC = "conf/specs/small"


@pytest.fixture
def here(small_project: SmallProject, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    monkeypatch.chdir(small_project.root)
    return small_project


def git(*words: str) -> None:
    subprocess.run(
        ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], check=True, capture_output=True
    )


def newest(here: SmallProject) -> str:
    return str(sorted((here.root / "runs" / "small").iterdir(), key=lambda path: path.stat().st_mtime_ns)[-1])


def build(here: SmallProject, *more: str) -> str:
    assert main(["build", *FEW, *more]) == 0
    return newest(here)


def told(capsys, *arguments: str) -> tuple[int, dict]:
    capsys.readouterr()
    code = main(["diff", *arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_an_edited_target_is_the_one_change_and_the_first_that_moved(here, capsys):
    before = build(here)
    line = next(
        line for line in (here.root / "targets/small/income.yaml").read_text().splitlines() if "value: " in line
    )
    value = float(line.split(":")[1])
    here.edit("targets/small/income.yaml", line, f"    value: {value * 1.2:.0f}")
    code, content = told(capsys, before, SPEC)
    assert code == 4 and not content["outcomes"]["targets"]
    (change,) = content["spec"]
    assert (change["object"], change["id"], change["field"]) == ("target", "small.employment_income.amount", "value")
    assert change["where"].startswith("targets/small/income.yaml:") and change["relative"] == pytest.approx(
        0.2, abs=1e-3
    )
    kinds = [step["id"].partition(":")[0] for step in content["steps"]]
    assert kinds == ["targets", "calibrate", "evaluate", "export", "report"]
    code, content = told(capsys, before, build(here))
    assert code == 4 and content["outcomes"]["targets"][0]["id"] == "small.employment_income.amount"
    assert content["outcomes"]["targets"][0]["edits"][0] == "target small.employment_income.amount: value"
    assert content["outcomes"]["weights"] and not content["outcomes"]["imputation"]


def test_an_edited_target_comes_before_others_whose_error_moved_more(here, capsys):
    before = build(here)
    text = (here.root / "targets/small/income.yaml").read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "value: " in line)
    here.edit("targets/small/income.yaml", line, f"    value: {float(line.split(':')[1]) * 1.01:.0f}")
    _, content = told(capsys, before, build(here))
    edited, *others = content["outcomes"]["targets"]
    assert (edited["id"], edited["edited"]) == ("small.employment_income.amount", True)
    sizes = [abs(row["error_change"]) for row in others]
    assert sizes == sorted(sizes, reverse=True) and not any(row["edited"] for row in others)
    assert sizes[0] > abs(edited["error_change"])


def test_a_run_is_the_same_as_itself_and_as_its_spec(here, capsys):
    run = build(here)
    for other in (run, "small", SPEC):
        assert main(["diff", run, other]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "same"


def test_a_label_another_order_and_another_layout_are_the_same(here, capsys):
    shutil.copytree(here.root, here.root.parent / "before")
    here.edit("variables/observed.yaml", "label: Age", "label: Years of age")
    path = here.spec_folder / "variables" / "made.yaml"
    blocks = path.read_text(encoding="utf-8").split("has_pension_plan:")
    path.write_text("has_pension_plan:" + blocks[1] + "\n\n" + blocks[0], encoding="utf-8")
    path = here.spec_folder / "variables" / "imputed.yaml"
    blocks = path.read_text(encoding="utf-8").split("dividends:\n")
    path.write_text("dividends:\n" + blocks[1] + "\n\n" + blocks[0], encoding="utf-8")
    code, content = told(capsys, str(here.root.parent / "before" / SPEC), SPEC)
    assert code == 0 and content["same"] and content["steps"] == []
    assert [row["change"] for row in content["spec"]] == ["note"]


def test_a_spec_is_compared_with_what_it_was_at_a_revision(here, capsys):
    git("init", "-q")
    git("add", "conf", "targets")
    git("commit", "-qm", "first")
    assert main(["diff", "HEAD:smal", SPEC]) == 2
    assert "revision 'HEAD' holds no spec 'smal' (did you mean 'small'?)" in capsys.readouterr().err
    here.edit("variables/imputed.yaml", "n_dependents]", "n_dependents, any(is_blind)]")
    code, content = told(capsys, f"HEAD:{SPEC}", SPEC)
    assert code == 4
    (change,) = content["spec"]
    assert (change["id"], change["field"]) == ("dividends", "predictors")
    assert change["where_old"] and change["where"] and "any(is_blind)" in change["new"]
    assert "impute:dividends" in [step["id"] for step in content["steps"]]
    assert "impute:self_employment_income" not in [step["id"] for step in content["steps"]]


def test_data_that_a_revision_lacks_are_read_as_they_are_now_and_that_is_told(here, tmp_path, capsys):
    outside = tmp_path / "elsewhere.csv"
    shutil.move(here.path("conf/specs/small/data/survey_household.csv"), outside)
    here.edit("sources.yaml", "file: data/survey_household.csv", "file: ../../../../elsewhere.csv")
    (here.root / ".gitignore").write_text("conf/specs/small/data/donors_person.csv\n", encoding="utf-8")
    git("init", "-q")
    git("add", "conf", "targets", ".gitignore")
    git("commit", "-qm", "first")
    assert main(["diff", "HEAD:small", "small"]) == 0
    found = capsys.readouterr()
    assert found.out.splitlines()[-1] == "same"
    (line,) = found.err.splitlines()
    assert line.startswith("HEAD:small: data that HEAD does not hold are read as they are now: ")
    assert str(outside) in line and "conf/specs/small/data/donors_person.csv" in line
    assert "survey_person.csv" not in line
    outside.unlink()
    assert main(["diff", "HEAD:small", "small"]) == 2
    told = capsys.readouterr().err
    assert f"no such file: {outside}" in told and "microplex-diff-" not in told


def test_data_beside_conf_are_those_of_the_revision(here, capsys):
    (here.root / "data").mkdir()
    kept = here.root / "data" / "survey_household.csv"
    shutil.move(here.path("conf/specs/small/data/survey_household.csv"), kept)
    here.edit("sources.yaml", "file: data/survey_household.csv", "file: ../../../data/survey_household.csv")
    git("init", "-q")
    git("add", "conf", "targets", "data")
    git("commit", "-qm", "first")
    rows = kept.read_text(encoding="utf-8").splitlines(keepends=True)
    kept.write_text("".join(rows[:1] + rows[2:] + rows[1:2]), encoding="utf-8")
    code, content = told(capsys, "HEAD:small", "small")
    assert code == 4 and content["steps"][0]["id"].startswith("load:") and content["spec"] == []
    kept.unlink()
    assert main(["diff", "HEAD:small", "HEAD:small"]) == 0
    assert capsys.readouterr().err == ""


def test_a_link_that_leads_out_of_a_revision_is_followed_as_it_is_now(here, tmp_path, capsys):
    path = here.path("conf/specs/small/data/survey_household.csv")
    shutil.move(path, tmp_path / "large.csv")
    path.symlink_to(tmp_path / "large.csv")
    git("init", "-q")
    git("add", "conf", "targets")
    git("commit", "-qm", "first")
    assert main(["diff", "HEAD:small", "small"]) == 0
    assert "read as they are now: " in capsys.readouterr().err


def test_moves_are_held_against_the_scatter_over_seeds(here, capsys):
    first, second = build(here), build(here, "seed=2")
    code, content = told(capsys, first, second)
    assert code == 4
    assert {row["beyond_noise"] for row in content["outcomes"]["targets"]} <= {True, False}
    assert content["outcomes"]["imputation"][0]["edits"] == ["run: seed"]


def test_two_runs_tell_where_each_side_was_declared(here, capsys):
    before = build(here)
    here.edit("variables/imputed.yaml", "n_dependents]", "n_dependents, any(is_blind)]")
    path = here.spec_folder / "variables" / "imputed.yaml"
    path.write_text("# A line more\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    code, content = told(capsys, before, build(here))
    (change,) = content["spec"]
    lines = [int(change[side].split(":")[1]) for side in ("where_old", "where")]
    assert code == 4 and lines[1] == lines[0] + 1
    assert change["where"].startswith(f"{SPEC}/variables/imputed.yaml:")
    assert change["where"] == here.at("variables/imputed.yaml", "[head.age")
    drawn = {row["id"]: row for row in content["outcomes"]["imputation"]}
    assert set(drawn) == {"dividends"} and 0 < drawn["dividends"]["shift"] < 1
    assert drawn["dividends"]["edits"] == ["variable dividends: predictors"]


def test_a_neighbour_that_is_damaged_keeps_no_runs_from_being_compared(here, capsys):
    first, second = build(here), build(here, "seed=2")
    broken = Path(second).parent / "broken"
    shutil.copytree(second, broken)
    (broken / "spec.lock.yaml").write_bytes(b"\xff\xfe")
    assert told(capsys, first, second)[1]["seeds"] == 2


def test_a_damaged_file_of_a_run_is_told_by_every_command_and_nothing_changes(here, capsys):
    run = Path(build(here))
    for file in ("plan.json", "manifest.json", "weights.json", "targets.csv", "imputation.csv", "spec.lock.yaml"):
        for number, content in enumerate((b"", b"[1, 2]", bytes(range(256)))):
            broken = here.root / "runs" / f"broken{number}" / file
            shutil.copytree(run, broken)
            (broken / file).write_bytes(content)
            page = (broken / "report.html").read_bytes()
            capsys.readouterr()
            assert main(["diff", str(run), str(broken)]) == 2
            assert f"{broken}/{file}" in capsys.readouterr().err
            if file in ("manifest.json", "imputation.csv", "spec.lock.yaml"):
                assert main(["compare", str(broken)]) == 2
            if file in ("manifest.json", "plan.json", "weights.json"):
                assert main(["report", str(broken)]) == 2
            assert file == "spec.lock.yaml" or (broken / "report.html").read_bytes() == page


def test_the_page_of_a_comparison_stands_by_itself(here, tmp_path):
    run = build(here)
    page = tmp_path / "diff.html"
    assert main(["diff", run, build(here, "seed=3"), "--html", str(page)]) == 4
    text = page.read_text(encoding="utf-8")
    assert text.lstrip().startswith("<!doctype html>") and "small.dividends.returns" in text
    assert "src=" not in text and "<link" not in text


@pytest.mark.parametrize(
    ("side", "message"),
    [
        ("no_such_spec", "no spec 'no_such_spec' under conf/specs"),
        ("nothing:conf/specs/small", "git: "),
        (":small", "':small' names no spec at a revision"),
        ("runs/sweep", "is the folder of a sweep"),
        ("runs/half", "has no targets.csv: the run is running (go on with: microplex-spec resume"),
        ("runs/other", "is of format 9, this version reads format 1"),
    ],
)
def test_a_side_that_cannot_be_compared_is_told_and_nothing_changes(here, capsys, side, message):
    run = Path(build(here))
    for name in ("half", "other"):
        shutil.copytree(run, here.root / "runs" / name)
    (here.root / "runs/half/targets.csv").unlink()
    killed = {**json.loads((run / "manifest.json").read_text(encoding="utf-8")), "status": "running"}
    (here.root / "runs/half/manifest.json").write_text(json.dumps(killed), encoding="utf-8")
    (here.root / "runs/other/spec.lock.yaml").write_text("format: 9\n", encoding="utf-8")
    (here.root / "runs/sweep").mkdir()
    (here.root / "runs/sweep/multirun.yaml").write_text("hydra: {}\n", encoding="utf-8")
    before = sorted(map(str, here.root.rglob("*")))
    capsys.readouterr()
    assert main(["diff", str(run), side]) == 2
    assert message in capsys.readouterr().err
    assert sorted(map(str, here.root.rglob("*"))) == before


def test_an_agency_that_a_check_chooses_by_is_no_note(here, capsys):
    shutil.copytree(here.root, here.root.parent / "before")
    here.edit("targets/small/income.yaml", "cell: C1, concept", "cell: C1, agency: Another, concept")
    code, content = told(capsys, str(here.root.parent / "before" / SPEC), SPEC)
    assert code == 4
    assert [(row["change"], row["field"]) for row in content["spec"]] == [("changed", "source.agency")]


def test_what_moves_through_weights_is_caused_by_the_one_edit_that_feeds_them(here, capsys):
    before = build(here)
    here.edit("variables/imputed.yaml", ", unit_employment_income, n_dependents]", "]")
    _, content = told(capsys, before, build(here))
    edits = {row["id"]: row["edits"] for row in content["outcomes"]["targets"]}
    assert len(edits) > 2 and set(map(tuple, edits.values())) == {("variable dividends: predictors",)}


def test_of_two_edits_that_feed_the_weights_both_are_told_and_the_targets_first(here, capsys):
    before = build(here)
    here.edit("variables/imputed.yaml", ", unit_employment_income, n_dependents]", "]")
    here.edit("targets/small/income.yaml", "where: age >= 65", "where: age >= 70")
    here.edit("targets/small/income.yaml", "role: holdout", "role: fit")
    _, content = told(capsys, before, build(here))
    edits = {row["id"]: row["edits"] for row in content["outcomes"]["targets"]}
    first, *others = edits["small.population.total"]
    assert first.startswith("target small.elderly.persons: ") and "variable dividends: predictors" in others
    assert "variable dividends: predictors" in edits["small.dividends.returns"]


CHECK = "- {id: size, reason: why, metric: ess_share, min: 0.0}\n"


def test_a_check_of_another_status_and_the_headline_are_told_everywhere(here, capsys):
    here.append("checks.yaml", CHECK)
    before = build(here)
    here.edit("checks.yaml", "min: 0.0", "min: 0.9999")
    assert main(["build", *FEW, "seed=2"]) == 3
    after = newest(here)
    code, content = told(capsys, before, after)
    (row,) = content["outcomes"]["checks"]
    assert code == 4 and (row["id"], row["old"], row["new"]) == ("size", "passed", "failed")
    assert row["edits"][0] == "check size: min"
    assert main(["diff", before, after, "--html", "page.html"]) == 4
    text, page = capsys.readouterr().out, Path("page.html").read_text(encoding="utf-8")
    assert "passed -> failed (error)" in text and "1 check fails now: size" in page
    assert "headline: " in text and "\n  ess_share " in text and "%" in text.split("\n  ess_share ")[1].splitlines()[0]


def test_targets_that_came_went_or_were_renamed_are_told_with_their_errors(here, capsys):
    before = build(here)
    income = "targets/small/income.yaml"
    here.edit(income, "small.elderly.persons", "small.old.persons")
    new = "  - {id: small.young.persons, of: person, measure: count(), unit: count, where: age < 18, value: 150000}\n"
    here.append(income, new.replace("150000}", "150000, source: {cell: C4, concept: population.young}}"))
    text = (here.root / income).read_text(encoding="utf-8")
    gone = text[text.index("  - id: small.dividends.returns") : text.index("  - id: small.old.persons")]
    here.edit(income, gone, "")
    after = build(here)
    _, content = told(capsys, before, after)
    rows = {row["id"]: row for row in content["outcomes"]["targets"]}
    came, went, renamed = (rows[f"small.{name}"] for name in ("young.persons", "dividends.returns", "old.persons"))
    assert came["change"] == "added" and came["error_old"] is None and came["error_new"] is not None
    assert went["change"] == "removed" and went["error_old"] is not None and went["error_new"] is None
    assert renamed["change"] == "moved" and renamed["was"] == "small.elderly.persons" and renamed["error_change"]
    assert main(["diff", before, after, "--html", "page.html"]) == 4
    text = capsys.readouterr().out
    assert "small.young.persons (added)" in text and "small.old.persons (was small.elderly.persons)" in text


def test_a_changed_cell_of_a_table_stands_where_the_table_has_it(here, capsys):
    table = "targets/small/population_state.csv"
    first = (here.root / table).read_text(encoding="utf-8").splitlines()[1]
    before = build(here)
    state, persons = first.split(",")[1], first.split(",")[3]
    here.edit(table, f",{persons},", f",{int(persons) + 500},")
    here.append(table, first.replace(f",{state},", ",again,") + "\n")
    lines = len((here.root / table).read_text(encoding="utf-8").splitlines())
    for other in (SPEC, build(here)):
        _, content = told(capsys, before, other)
        rows = {row["id"]: row for row in content["spec"]}
        changed, added = rows[f"small.population.state_{state}"], rows["small.population.state_again"]
        assert (changed["field"], changed["where_old"], changed["where"]) == ("value", f"{table}:2:1", f"{table}:2:1")
        assert added["where"] == f"{table}:{lines}:1"
