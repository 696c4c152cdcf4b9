"""init --from-data: what is guessed of real survey files, that it builds, and what is refused."""

import gzip
import re
import shlex
from pathlib import Path

import numpy as np
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


@pytest.mark.parametrize(("yes", "no"), [("true", "false"), ("True", "False"), ("TRUE", "FALSE")])
def test_booleans_are_counted_however_they_are_written(tmp_path, yes, no):
    rows = [f"{n},{yes if n % 4 == 0 else no}\n" for n in range(40)]
    (tmp_path / "flags.csv").write_text("id,is_old\n" + "".join(rows), encoding="utf-8")
    spec, texts = made_from(tmp_path / "flags.csv", tmp_path / "mine")
    assert spec.variables["is_old"].unit == "flag" and "# review: 25.0 % true" in texts["observed.yaml"]


@pytest.fixture
def ipums(tmp_path: Path) -> Path:
    """Persons in 200 households as an IPUMS extract gives them, with columns of the household beside their own."""
    draw, households = np.random.default_rng(1), 200
    size = draw.integers(1, 5, households)
    persons = int(size.sum())
    income = draw.lognormal(10, 1, persons).round()
    income[draw.random(persons) < 0.2] = 9_999_999
    of_household = {
        "SERIAL": np.arange(1, households + 1),
        "HHWT": draw.random(households) * 1000,
        "STATEFIP": draw.choice([1, 6, 36, 48], households),
        "RENT": draw.lognormal(7, 1, households).round(2),
        "OWNS": draw.random(households) < 0.25,
        "FUEL": draw.choice(["NA", "gas", "06"], households),
        "ROOMS": np.where(draw.random(households) < 0.3, np.nan, draw.integers(1, 9, households)),
    }
    own = {"AGE": draw.integers(0, 90, persons), "INCTOT": income, "RARE": (np.arange(persons) == 0) * 1}
    rows = pd.DataFrame(
        {"YEAR": 2021, **{name: np.repeat(values, size) for name, values in of_household.items()}, **own}
    )
    rows.to_parquet(tmp_path / "usa_00001.parquet")
    return tmp_path / "usa_00001.parquet"


def test_what_all_of_a_household_share_is_the_households_and_is_counted_once(ipums, tmp_path, monkeypatch, capsys):
    spec, texts = made_from(ipums, tmp_path / "mine")
    on_households = {name for name, v in spec.variables.items() if v.entity == "household"}
    assert on_households == {"STATEFIP", "RENT", "OWNS", "FUEL", "ROOMS"}
    assert "RENT:\n  entity: household  # review: the same for all of a household\n" in texts["observed.yaml"]
    assert "5 columns are the same for all of a household" in capsys.readouterr().out
    monkeypatch.chdir(tmp_path / "mine")
    assert main(["build"]) == 0
    (run,) = (tmp_path / "mine" / "runs" / "usa_00001").iterdir()
    built = pd.read_parquet(run / "tables" / "household.parquet").set_index("household_id")
    heads = pd.read_parquet(ipums).drop_duplicates("SERIAL").set_index("SERIAL")
    assert (built["weight"] * built["RENT"]).sum() == pytest.approx((heads["HHWT"] * heads["RENT"]).sum(), rel=1e-12)
    assert built["ROOMS"].isna().sum() == heads["ROOMS"].isna().sum() > 0
    assert sorted(built["FUEL"].astype(str)) == sorted(heads["FUEL"])
    share = heads["HHWT"][heads["OWNS"]].sum() / heads["HHWT"].sum()
    assert f"# review: {share:.1%} true".replace("%", " %") in texts["observed.yaml"]


def test_what_may_be_alike_in_households_by_chance_stays_with_the_persons_and_is_marked(tmp_path):
    ids = np.repeat(np.arange(60), 2)
    rows = pd.DataFrame({"hhid": ids, "income": np.arange(120.0) * 1.5, "rare": ids == 7, "age": np.arange(120) % 90})
    rows.to_csv(tmp_path / "pairs.csv", index=False)
    spec, texts = made_from(tmp_path / "pairs.csv", tmp_path / "mine")
    assert spec.variables["rare"].entity == "person"
    assert (
        "rare:\n  entity: person  # review: the same for all of a household, or is that chance?"
        in texts["observed.yaml"]
    )
    assert "age:\n  entity: person\n" in texts["observed.yaml"]


def test_codes_of_ipums_are_known_and_its_codes_for_missing_are_marked(ipums, tmp_path, capsys):
    spec, texts = made_from(ipums, tmp_path / "mine")
    assert spec.variables["STATEFIP"].unit == "code" and spec.period == 2021
    marks = re.findall(
        r"(\w+):\n.*\n  # review: a code for missing\? ([\d,]+) in \d\d\.\d %, far above", texts["observed.yaml"]
    )
    assert marks == [("INCTOT", "9,999,999")]
    assert "values that may mean missing, such as 9999: INCTOT" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "marked"),
    [
        ([*range(0, 300_000, 1000), *[9_999_998] * 5, *[9_999_999] * 5], True),
        ([*range(0, 90_000, 300), *[99_999] * 10], True),
        ([*range(0, 90_000, 300), 99_999], False),
        ([*range(0, 99_999, 300), *[99_999] * 10], False),
        ([*range(0, 90_000, 300), *[100_000] * 10], False),
        ([99_999] * 200, False),
    ],
)
def test_only_nines_that_many_share_far_from_the_rest_are_marked(tmp_path, values, marked):
    pd.DataFrame({"income": values, "x": np.linspace(-1, 1, len(values))}).to_csv(tmp_path / "a.csv", index=False)
    _, texts = made_from(tmp_path / "a.csv", tmp_path / "mine")
    assert ("a code for missing?" in texts["observed.yaml"]) is marked


@pytest.mark.parametrize("persons", [False, True])
def test_the_example_of_a_target_runs_as_it_stands_and_counts_households(ipums, tmp_path, monkeypatch, persons):
    if not persons:
        rows = pd.read_parquet(ipums).drop_duplicates("SERIAL").drop(columns="YEAR")
        rows.to_parquet(ipums)
    made_from(ipums, tmp_path / "mine")
    text = (tmp_path / "mine" / "targets" / "usa_00001" / "published.yaml").read_text(encoding="utf-8")
    lines = [line.removeprefix("#") for line in text.splitlines() if line.startswith("#   ")]
    command, *arguments = shlex.split("\n".join(lines).replace("\\\n", ""))
    monkeypatch.chdir(tmp_path / "mine")
    assert command == "microplex-spec" and main(arguments) == 0
    spec = load_spec("usa_00001", Project(tmp_path / "mine"))
    (target,) = spec.targets
    assert (target.of, target.period) == ("household", spec.period)
    heads = pd.read_parquet(ipums).drop_duplicates("SERIAL")
    assert target.value == pytest.approx(heads["HHWT"].sum(), rel=1e-9)
    assert main(["build"]) == 0
    (run,) = (tmp_path / "mine" / "runs" / "usa_00001").iterdir()
    assert pd.read_csv(run / "targets.csv")["initial"].to_list() == pytest.approx([target.value], rel=1e-9)


def test_an_index_without_a_name_is_left_out_and_tells_no_rows_apart(tmp_path):
    pd.DataFrame({"inc": np.linspace(-5, 5, 40)}).to_csv(tmp_path / "survey.csv")
    spec, texts = made_from(tmp_path / "survey.csv", tmp_path / "mine")
    assert list(spec.variables) == ["inc"] and not spec.base.params["tables"]["household"].get("key")
    assert "has no name; of a file written by pandas it is the index" in texts["sources.yaml"]


def test_numbers_that_are_written_as_texts_are_told_as_such(tmp_path):
    amounts = np.random.default_rng(2).lognormal(10, 1, 300)
    rows = pd.DataFrame(
        {
            "inc": amounts,
            "gap": ["." if amount < 9000 else f"{amount:.2f}" for amount in amounts],
            "rent": [f"${amount:,.0f}" for amount in amounts],
            "kids": ["."] * 20 + [str(number % 4) for number in range(280)],
            "state": ["06", "36", "01"] * 100,
            "fuel": ["gas", "oil", "1"] * 100,
        }
    )
    rows.to_csv(tmp_path / "survey.csv", index=False)
    _, texts = made_from(tmp_path / "survey.csv", tmp_path / "mine")
    assert "- gap  # review: numbers but for '.': with empty cells" in texts["sources.yaml"]
    assert f"- rent  # review: numbers written like '${amounts[0]:,.0f}': they could" in texts["sources.yaml"]
    assert "unit: code  # review: 5 different texts, numbers but for '.'" in texts["observed.yaml"]
    assert texts["observed.yaml"].count("numbers") == 1


UNREADABLE = {
    "names in Latin-1": ("hhid,wt,région\n1,2,3\n".encode("latin-1"), "survey.csv:1:10: byte 0xe9 is no UTF-8"),
    "texts in Latin-1": (
        ("hhid,wt,place\n" + "".join(f"{n},1,{'é' if n == 7 else 'a'}\n" for n in range(20))).encode("latin-1"),
        "survey.csv:9:5: byte 0xe9 is no UTF-8 (convert it: cat survey.csv | iconv -f CP1252 -t UTF-8 > utf8.csv",
    ),
    "UTF-16": ("hhid,wt\n1,2\n".encode("utf-16"), "cat survey.csv | iconv -f UTF-16 -t UTF-8 > utf8.csv"),
    "semicolons": (b"hhid;wt;x\n1;2;3,5\n", "separated by semicolons, not by commas (write it with commas: pandas"),
    "tabs": (b"hhid\twt\tx\n1\t2\t3\n", "separated by tabs, not by commas"),
    "bars": (b"hhid|wt|x\n1|2|3\n", "separated by bars, not by commas"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNREADABLE)
def test_a_csv_of_another_encoding_or_separator_is_told_as_such_and_nothing_written(tmp_path, capsys, what):
    content, fault = UNREADABLE[what]
    (tmp_path / "survey.csv").write_bytes(content)
    assert main(["init", str(tmp_path / "mine"), "--from-data", str(tmp_path / "survey.csv")]) == 2
    assert fault in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["survey.csv"]


def test_a_byte_far_down_a_packed_file_is_found(tmp_path, capsys):
    rows = [f"{n},1,{'é' if n == 199_990 else 'aaaa'}\n" for n in range(200_000)]
    with gzip.open(tmp_path / "survey.csv.gz", "wb", compresslevel=1) as file:
        file.write(("hhid,wt,place\n" + "".join(rows)).encode("latin-1"))
    assert main(["init", str(tmp_path / "mine"), "--from-data", str(tmp_path / "survey.csv.gz")]) == 2
    told = capsys.readouterr().err
    assert "survey.csv.gz:199992:10: byte 0xe9 is no UTF-8 (convert it: gunzip -c survey.csv.gz | iconv" in told


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
