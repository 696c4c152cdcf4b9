"""init --from-data: what is guessed of real survey files, that it builds, and what is refused."""

import re
from pathlib import Path

import pandas as pd
import pytest
import taxcalc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shared_data import shared_data

from microplex_spec.cli import main
from microplex_spec.scaffold import project_from_file, write_project
from microplex_spec.spec.load import load_spec
from microplex_spec.spec.project import Project


def made_from(file: Path, folder: Path):
    """The loaded spec of a project made from a file, and the texts of its files by name."""
    assert main(["init", str(folder), "--from-data", str(file)]) == 0
    (spec,) = (folder / "conf" / "specs").iterdir()
    texts = {path.name: path.read_text(encoding="utf-8") for path in spec.rglob("*.yaml")}
    return load_spec(spec.name, Project(folder)), texts


@pytest.fixture(scope="module")
def cps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thousand tax units of each of the three years that Tax-Calculator's CPS file pools."""
    pooled = pd.read_csv(Path(taxcalc.__file__).parent / "cps.csv.gz")
    rows = pd.concat([of_year.head(1000) for _, of_year in pooled.groupby("FLPDYR")])
    path = tmp_path_factory.mktemp("cps") / "cps_2014.csv"
    rows.to_csv(path, index=False)
    return path


def test_the_cps_file_is_understood_and_builds(cps, tmp_path, monkeypatch, capsys):
    spec, texts = made_from(cps, tmp_path / "mine")
    table = spec.base.params["tables"]["household"]
    assert (spec.period, spec.base.params["weight"], table["key"]) == (2014, "s006", "RECID")
    found = {name: (v.unit, v.regime) for name, v in spec.variables.items()}
    assert found["e00900"] == ("usd", "three_sign") and found["e00300"] == ("usd", "zero_inflated")
    assert found["DSI"] == ("flag", "binary") and found["age_head"][0] == "years"
    assert found["MARS"] == ("code", "categorical") and found["nu18"] == ("count", "count")
    assert re.search(
        r"e00900:\n.*\n.*\n  regime: three_sign  # review: \d\d\.\d % zero, 0\.\d % negative\n", texts["observed.yaml"]
    )
    assert "h_seq repeats, but its rows lie apart" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "mine")
    assert main(["build"]) == 0
    (run,) = (tmp_path / "mine" / "runs" / "cps_2014").iterdir()
    survey = pd.read_csv(cps)
    built = pd.read_parquet(run / "tables" / "household.parquet")
    assert (built["weight"] * built["e00200"]).sum() == pytest.approx((survey.s006 * survey.e00200).sum(), rel=1e-12)


def test_the_scf_is_understood(tmp_path):
    spec, texts = made_from(shared_data("scf2019_summary_extract.csv.gz"), tmp_path / "scf")
    assert (spec.period, spec.base.params["weight"]) == (2019, "WGT")
    assert spec.base.params["tables"]["household"]["key"] == "Y1" and spec.variables["YY1"].unit == "id"
    assert [spec.variables[name].regime for name in ("KGINC", "BUSSEFARMINC", "KGTOTAL")] == ["three_sign"] * 3
    assert spec.variables["AGE"].unit == "years" and spec.variables["KIDS"].unit == "count"
    assert all("# review:" in text for name, text in texts.items() if name in ("observed.yaml", "sources.yaml"))


def test_persons_are_put_into_their_households(tmp_path, monkeypatch):
    file = shared_data("pums2024", "p_50.parquet")
    spec, texts = made_from(file, tmp_path / "persons")
    assert list(spec.entities) == ["household", "person"] and spec.variables["AGEP"].entity == "person"
    assert "PWGTP" not in spec.variables and "% missing" in texts["observed.yaml"]
    monkeypatch.chdir(tmp_path / "persons")
    assert main(["build"]) == 0
    (run,) = (tmp_path / "persons" / "runs" / "p_50").iterdir()
    persons, survey = pd.read_parquet(run / "tables" / "person.parquet"), pd.read_parquet(file)
    assert len(persons) == len(survey) and persons["household_id"].nunique() == survey["SERIALNO"].nunique()
    weights = pd.read_csv(spec.folder / "data" / "households.csv", index_col="SERIALNO")["household_weight"]
    assert (weights.round(6) == survey.groupby("SERIALNO")["PWGTP"].mean().astype(float).round(6)).all()


def test_a_file_of_households_with_text_ids_is_understood(tmp_path):
    spec, _ = made_from(shared_data("pums2024", "h_50.parquet"), tmp_path / "households")
    assert spec.base.params["tables"]["household"]["key"] == "SERIALNO" and spec.period == 2024
    assert spec.variables["PUMA"].unit == "code" and spec.base.params["weight"] == "WGTP"


MIXED = """id,income,born,note,sex,is_old,maybe,never,state
1,100.5,2020-01-02,a word,1,true,true,,01
2,0,2020-01-03,other,2,false,,,06
3,-7,2020-01-04,third,1,true,false,,36
"""


def test_text_booleans_dates_and_gaps_are_taken_or_left_out_with_a_reason(tmp_path, capsys):
    file = tmp_path / "mixed.csv"
    rows = [MIXED] + [f"{n},{n}.5,2020-01-02,word {n},1,true,true,,01\n" for n in range(4, 200)]
    file.write_text("".join(rows), encoding="utf-8")
    spec, texts = made_from(file, tmp_path / "mine")
    assert {name: v.unit for name, v in spec.variables.items()} == {
        "income": "usd", "sex": "code", "is_old": "flag", "maybe": "code", "state": "code"
    }  # fmt: skip
    assert "- born  # review: no numbers, booleans or text" in texts["sources.yaml"]
    assert "- note  # review: free text" in texts["sources.yaml"]
    assert "- never  # review: holds no values" in texts["sources.yaml"]
    assert "maybe:  # review: 0.5 % missing, kept so" in texts["observed.yaml"]
    assert "every row counts 1.0" in capsys.readouterr().out and "every row counts 1.0" in texts["sources.yaml"]
    assert main(["plan", "--project", str(tmp_path / "mine")]) == 0


REFUSED = {
    "ids that repeat": (
        "id,x\n" + "".join(f"{max(n, 3)},{n}\n" for n in range(1, 60)),
        "id tells most rows apart, but repeats in 2 of 59",
    ),
    "a column that stands twice": ("a,a\n1,2\n", "columns stand twice: a"),
    "no rows": ("a,b\n", "has no rows"),
    "nothing": ("", "cannot be read"),
    "ragged rows": ("a,b\n1,2\n3\n", "cannot be read"),
    "ids alone": ("id\n1\n2\n", "no column that could be a variable"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_serve_is_refused_and_nothing_written(tmp_path, capsys, what):
    text, fault = REFUSED[what]
    (tmp_path / "survey.csv").write_text(text, encoding="utf-8")
    assert main(["init", str(tmp_path / "mine"), "--from-data", str(tmp_path / "survey.csv")]) == 2
    assert fault in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["survey.csv"]


@pytest.mark.parametrize("name", ["missing.csv", "survey.sav"])
def test_a_file_that_is_missing_or_of_another_kind_is_refused(tmp_path, name):
    (tmp_path / "survey.sav").write_text("x", encoding="utf-8")
    assert main(["init", str(tmp_path / "mine"), "--from-data", str(tmp_path / name)]) == 2
    assert not (tmp_path / "mine").exists()


COLUMN = st.one_of(
    st.lists(st.integers(-(2**40), 2**40), min_size=6, max_size=6),
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=6, max_size=6),
    st.lists(st.one_of(st.none(), st.booleans()), min_size=6, max_size=6),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    columns=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8), COLUMN, min_size=1, max_size=5
    )
)
def test_whatever_columns_are_called_and_hold_the_spec_loads(tmp_path_factory, columns):
    folder = tmp_path_factory.mktemp("any")
    pd.DataFrame({"anchor": [1.5, -2.5, 0, 4, 5, 6], **columns}).to_parquet(folder / "any.parquet")
    project = project_from_file(folder / "any.parquet", folder / "mine")
    write_project(project, folder / "mine")
    spec = load_spec("any", Project(folder / "mine"))
    assert any(variable.column == "anchor" for variable in spec.variables.values())
