"""The expression language: what it reads, what it refuses and where, and the static check."""

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from microplex_spec.spec.entities import Entities, Entity
from microplex_spec.spec.errors import Place, SpecError
from microplex_spec.spec.expression import parse
from microplex_spec.spec.expression_check import ColumnInfo, check
from microplex_spec.spec.measure import check_measure, parse_measure

examples = settings(deadline=None, max_examples=300)

ENTITIES = Entities(
    {
        "household": Entity(name="household", roles={"owner": "is_owner"}),
        "person": Entity(name="person", within=("household", "tax_unit", "spm_unit")),
        "tax_unit": Entity(name="tax_unit", within=("household",), roles={"head": "is_head"}),
        "spm_unit": Entity(name="spm_unit", within=("household",)),
    }
)
COLUMNS = {
    "age": ColumnInfo("person", "number"),
    "employment_income": ColumnInfo("person", "number"),
    "is_disabled": ColumnInfo("person", "bool"),
    "is_head": ColumnInfo("person", "bool"),
    "is_owner": ColumnInfo("person", "bool"),
    "state_fips": ColumnInfo("household", "code"),
    "rent": ColumnInfo("household", "number"),
    "filing_status": ColumnInfo("tax_unit", "code"),
    "deduction": ColumnInfo("tax_unit", "number"),
    "snap": ColumnInfo("spm_unit", "number"),
}
ENGINES = {"policyengine_us"}
ENGINE_COLUMNS = {("policyengine_us", "eitc"): ColumnInfo("tax_unit", "number")}


def refusal(text: str, place: Place | None = None) -> str:
    with pytest.raises(SpecError) as caught:
        parse(text, place, ENGINES)
    return str(caught.value)


def fault(text: str, entity: str, engine_columns=ENGINE_COLUMNS) -> str:
    with pytest.raises(SpecError) as caught:
        place = Place("x.yaml", 1, 1)
        check(parse(text, place, ENGINES), entity, ENTITIES, COLUMNS, ENGINES, engine_columns)
    return str(caught.value)


def type_of(text: str, entity: str, engine_columns=ENGINE_COLUMNS):
    return check(parse(text, engines=ENGINES), entity, ENTITIES, COLUMNS, ENGINES, engine_columns)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("  age>=65 ", "age >= 65"),
        ("0<age<=5", "0 < age <= 5"),
        ("((a+b))*c", "(a + b) * c"),
        ("a-(b-c)-d", "a - (b - c) - d"),
        ("a/(b*c)", "a / (b * c)"),
        ("-(a+b)", "-(a + b)"),
        ("--5 + -5.0", "5 + -5"),
        ("a or (b or c) or d and e", "a or b or c or d and e"),
        ("(a or b) and not (c and d)", "(a or b) and not (c and d)"),
        ("not(a==1)", "not a == 1"),
        ("(not a) == b", "(not a) == b"),
        ("x in (1,2.5)", "x in [1, 2.5]"),
        ("state in ['NO',\n  \"06\"]", "state in ['NO', '06']"),
        ("x not in [-1]", "x not in [-1]"),
        ("(x in [1]) == True", "(x in [1]) == True"),
        ("any( age>=65 )and count(age<18)>=2", "any(age >= 65) and count(age < 18) >= 2"),
        ("head.age + policyengine_us.eitc", "head.age + policyengine_us.eitc"),
        ("between(age,0,17)", "between(age, 0, 17)"),
        ("1e3 + 1_000 + 0.5", "1000 + 1000 + 0.5"),
        ("a\nand b", "a and b"),
    ],
)
def test_one_meaning_has_one_text(text, canonical):
    assert str(parse(text, engines=ENGINES)) == canonical
    assert parse(canonical, engines=ENGINES) == parse(text, engines=ENGINES)


atoms = st.sampled_from(["a", "b", "head.age", "policyengine_us.eitc", "'06'", "True", "3", "-2", "0.25", "1e300"])
operators = st.sampled_from(["+", "-", "*", "/", "==", "!=", "<", "<=", "and", "or"])
relations = st.sampled_from(["<", "==", ">", "!="])
functions = st.sampled_from(["any", "all", "count", "sum", "mean", "max_of", "abs"])
texts = st.recursive(
    atoms,
    lambda inner: (
        st.tuples(inner, operators, inner).map("({0[0]} {0[1]} {0[2]})".format)
        | st.tuples(inner, relations, inner, relations, inner).map("({0[0]} {0[1]} {0[2]} {0[3]} {0[4]})".format)
        | st.tuples(functions, inner).map("{0[0]}({0[1]})".format)
        | st.tuples(inner, inner).map("min({0[0]}, {0[1]})".format)
        | inner.map("(not ({}))".format)
        | inner.map("-({})".format)
        | inner.map("(({}) not in (1, '2'))".format)
    ),
    max_leaves=12,
)
scraps = st.text("ab1.()[]{}'\"=<>!+-*/%,: \n#@\\notiadrlmbf\ufeff\ud800\x00é", max_size=40)


@examples
@given(texts)
def test_the_canonical_text_of_an_expression_reads_as_the_same_expression(text):
    expression = parse(f"({text})", engines=ENGINES)
    again = parse(str(expression), engines=ENGINES)
    assert again == expression
    assert str(again) == str(expression)


@examples
@given(st.text(max_size=60) | scraps)
@example("\ufeffé(é")
@example("\ufeffé + 'é'")
@example("a # b\n and c")
@example("(" * 300 + "a" + ")" * 300)
@example("-" * 3000 + "a")
@example("a" + "+a" * 2000)
@example("9" * 5000)
@example("9" * 400)
@example("1e999")
@example("'\\ud800'")
@example("1j")
@example("any(x for x in y)")
@example("'\\d'")
def test_random_text_raises_nothing_but_a_spec_error(text):
    for read in (parse, parse_measure):
        with contextlib.suppress(SpecError):
            read(text, engines=ENGINES)


@examples
@given(texts, st.sampled_from(list(ENTITIES)))
def test_the_check_of_any_expression_raises_nothing_but_a_spec_error(text, entity):
    with contextlib.suppress(SpecError):
        check(parse(text, engines=ENGINES), entity, ENTITIES, COLUMNS, ENGINES)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a[0]", "a subscript"),
        ("lambda: 1", "a lambda"),
        ("f'{a}'", "an f-string"),
        ("(a := 1)", "an assignment"),
        ("a if b else c", "if ... else"),
        ("[a for a in b]", "ListComp"),
        ("head.age.real", "a dot on something"),
        ("(a + b).c", "a dot on something"),
        ("a ** 2", "the operator **"),
        ("a & b", "write and, or, not"),
        ("~a", "unary"),
        ("a is True", "`is`"),
        ("None", "None"),
        ("b'x'", "b'x'"),
        ("eval('1')", "unknown function 'eval'"),
        ("anny(a)", "did you mean 'any'?"),
        ("head.age()", "no such call"),
        ("between(x=1, y=2, z=3)", "an argument by name"),
        ("min(a)", "min_of"),
        ("any()", "takes 1 arguments, got 0"),
        ("sum > 5", "(write sum(...))"),
        ("a in b", "needs a list"),
        ("a in [b]", "only numbers and quoted codes"),
        ("1 < a in [2]", "`in` within a chain"),
        ("a # b", "no comment"),
        ("a = 5", "not an expression"),
        ("", "empty expression"),
    ],
)
def test_what_is_not_in_the_language_is_named(text, what):
    assert what in refusal(text)


def test_a_refusal_lists_what_is_allowed():
    assert "allowed: columns, numbers, quoted codes" in refusal("a[0]")


def test_a_problem_points_at_its_column_in_the_file():
    place = Place("targets/x.yaml", 7, 12)
    assert refusal("age > 5 and x[0] > 1", place).startswith("targets/x.yaml:7:24: a subscript")
    assert refusal("'é' == x[0]", place).startswith("targets/x.yaml:7:19: ")
    misspelt = r"^targets/x\.yaml:7:24: unknown variable 'agee' \(did you mean 'age'\?\)"
    with pytest.raises(SpecError, match=misspelt):
        check(parse("rent > 5 or agee < 3", place), "person", ENTITIES, COLUMNS, ENGINES)


def test_the_names_roles_and_engine_variables_are_known():
    expression = parse("any(age > 5) and head.income > rent + policyengine_us.eitc", engines=ENGINES)
    assert expression.names == {"age", "income", "rent"}
    assert expression.roles == {"head"}
    assert expression.engine_variables == {("policyengine_us", "eitc")}


def test_installed_engines_are_known_without_being_named():
    assert parse("policyengine_us.eitc").engine_variables == {("policyengine_us", "eitc")}


@pytest.mark.parametrize(
    ("text", "entity", "expected"),
    [
        ("age >= 65", "person", "bool"),
        ("rent * 2", "person", "number"),
        ("state_fips", "tax_unit", "code"),
        ("any(age >= 65 and state_fips == '06')", "tax_unit", "bool"),
        ("sum(deduction)", "household", "number"),
        ("any(deduction > 0)", "spm_unit", "bool"),
        ("max_of(snap)", "tax_unit", "number"),
        ("any(deduction > 0 and snap > 0)", "household", "bool"),
        ("head.age", "tax_unit", "number"),
        ("any(head.age > 5)", "household", "bool"),
        ("policyengine_us.eitc + 1", "tax_unit", "number"),
        ("sum(policyengine_us.eitc) > 0", "household", "bool"),
        ("is_disabled == True", "person", "bool"),
    ],
)
def test_a_right_expression_has_a_type(text, entity, expected):
    assert type_of(text, entity) == expected


@pytest.mark.parametrize(
    ("text", "entity", "message"),
    [
        ("age > 5", "tax_unit", "age has a value for each person, not for each tax_unit"),
        ("age > 5", "tax_unit", "put a quantifier around it: any("),
        ("deduction > 5", "spm_unit", "a spm_unit may touch several"),
        ("sum(deduction)", "spm_unit", "would count it once per person"),
        ("count(deduction > snap)", "household", "would count it once per person"),
        ("sum(rent)", "household", "drop sum(...)"),
        ("any(rent > 5)", "tax_unit", "drop any(...)"),
        ("any(age > 5)", "person", "drop any(...)"),
        ("count(True)", "household", "no column inside says what to run over"),
        ("any(count(age > 5) > 1)", "household", "no column inside"),
        ("agee > 5", "person", "unknown variable 'agee' (did you mean 'age'?)"),
        ("hed.age > 5", "tax_unit", "unknown role or engine 'hed' (did you mean 'head'?)"),
        ("policyengin.eitc", "tax_unit", "did you mean 'policyengine_us'?"),
        ("policyengine_us.etic > 5", "tax_unit", "did you mean 'eitc'?"),
        ("policyengine_us.eitc > 5", "household", "put a quantifier around it"),
        ("head.age > 5", "household", "neither household nor a group above it has a head"),
        ("state_fips == 6", "household", "state_fips is a code (text), in state_fips == 6 (quote it: '6')"),
        ("state_fips in [6]", "household", "quote it"),
        ("age == '5'", "person", "age is a number"),
        ("age in [5, '6']", "person", "write the number without quotes"),
        ("state_fips < '06'", "household", "`<` orders numbers only"),
        ("state_fips + 1", "household", "`+` needs a number, but state_fips is a code (text)"),
        ("is_disabled == 1", "person", "write is_disabled or not is_disabled"),
        ("is_disabled + 1", "person", "`+` needs a number, but is_disabled is true or false"),
        (
            "age and is_disabled",
            "person",
            "`and` needs true or false, but age is a number (compare it, as in age > 0)",
        ),
        ("any(age)", "household", "any() needs true or false"),
        ("sum(age > 5)", "household", "count(...) counts"),
        ("not age", "person", "`not` needs true or false"),
    ],
)
def test_the_check_says_what_is_wrong_and_what_to_write(text, entity, message):
    assert message in fault(text, entity)


def test_every_problem_of_an_expression_is_reported():
    message = fault("agee > 5 and rentt > 3 and state_fips == 6", "person")
    assert all(part in message for part in ("agee", "rentt", "quote it"))


def test_variables_of_an_engine_that_is_not_loaded_are_left_unchecked():
    assert type_of("policyengine_us.anything", "household", None) is None
    assert type_of("sum(policyengine_us.anything) > 5", "household", None) == "bool"


@pytest.mark.parametrize("text", ["count()", "sum(age)", "mean( rent*2 )", "share(age>=65)"])
def test_a_measure_reads_as_itself(text):
    measure = parse_measure(text)
    assert parse_measure(str(measure)) == measure
    check_measure(measure, "person", ENTITIES, COLUMNS, ENGINES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age", "not a measure (write count(), sum(x), mean(x) or share(predicate))"),
        ("median(age)", "unknown measure 'median'"),
        ("count(age > 5)", "put the condition into where:"),
        ("sum()", "wrong arguments of sum()"),
        ("sum(age[0])", "a subscript"),
    ],
)
def test_what_is_no_measure_is_refused_with_the_forms_there_are(text, message):
    with pytest.raises(SpecError) as caught:
        parse_measure(text, Place("t.yaml", 3, 5))
    assert message in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("sum(age > 5)", "use share"), ("share(age)", "needs a predicate")])
def test_a_measure_of_the_wrong_type_is_refused_at_its_place(text, message):
    with pytest.raises(SpecError) as caught:
        check_measure(parse_measure(text, Place("t.yaml", 3, 5)), "person", ENTITIES, COLUMNS, ENGINES)
    assert str(caught.value).startswith("t.yaml:3:")
    assert message in str(caught.value)
