"""Values, texts, expressions, origins and tables that are wrong: each is told once, where it stands."""

import pytest
from fault_case import IMPUTED, INCOME, MADE, OBSERVED, POPULATION, Case
from small_project import SmallProject

CASES = {
    # Types
    "text for a number": Case(
        MADE,
        "otherwise: 0.5",
        "otherwise: half",
        "half",
        "variable 'has_pension_plan': rate.otherwise must be a number, got 'half'",
    ),
    "quoted number": Case(
        "spec.yaml",
        "period: 2023",
        "period: '2023'",
        "2023'",
        "the spec: period must be a whole number, got '2023' (write it without quotes and separators)",
    ),
    "number for a text": Case(
        OBSERVED,
        "label: Age",
        "label: 5",
        "5",
        "variable 'age': label must be a text, got 5 (quote it: '5')",
    ),
    "predicate that is written as a number": Case(
        INCOME,
        "where: age >= 65",
        "where: 65",
        "65",
        "target 'small.elderly.persons': where must be a text, got 65 (quote it: '65')",
    ),
    "predicate that has a number for its value": Case(
        INCOME, "where: age >= 65", "where: age", "age", "age is a number, not a predicate (compare it, as in age > 0)"
    ),
    "count in dollars": Case(
        INCOME,
        "    measure: count()\n    unit: count\n    where: dividends > 0",
        "    measure: count()\n    unit: usd\n    where: dividends > 0",
        "usd\n    where: dividends > 0",
        "count() cannot be in usd (write unit: count)",
    ),
    "sum of dollars in units": Case(
        INCOME,
        "measure: sum(employment_income)",
        "unit: count\n    measure: sum(employment_income)",
        "count\n    measure: sum(employment_income)",
        "sum(employment_income) cannot be in count (write unit: usd)",
    ),
    "share in percent": Case(
        INCOME,
        "    of: person\n    measure: sum(employment_income)\n    value: ",
        "    unit: share\n    of: person\n    measure: share(age < 18)\n    value: 6",
        "6",
        "a share lies from 0 to 1, not at...",
    ),
    "count below zero": Case(
        INCOME,
        "    measure: count()\n    unit: count\n    where: dividends > 0\n    value: ",
        "    measure: count()\n    unit: count\n    where: dividends > 0\n    value: -",
        "-",
        "a count is not below zero, as ...",
    ),
    "code compared with a number": Case(
        POPULATION,
        "state_fips == '{fips}'",
        "state_fips == {fips}",
        "{fips}",
        "a number with a leading zero (if it is a code, quote it: '06')",
    ),
    "text for a list": Case(
        "spec.yaml",
        "targets: [small]",
        "targets: small",
        "small",
        "the spec: targets must be a list, such as [a, b], got 'small'",
    ),
    "list for a mapping": Case(
        OBSERVED,
        "n_dependents: {label: Dependants, entity: tax_unit, unit: count}",
        "n_dependents: [count]",
        "n_dependents",
        "variable 'n_dependents' must be a mapping of keys to values",
    ),
    "exclusion without who and why": Case(
        INCOME,
        "    where: dividends > 0\n",
        "    where: dividends > 0\n    exclude: superseded\n",
        "superseded",
        "target 'small.dividends.returns': exclude must be a mapping of keys to values, got 'superseded' "
        "(write {by: ..., reason: ...})",
    ),
    "exclusion without who": Case(
        INCOME,
        "    where: dividends > 0\n",
        "    where: dividends > 0\n    exclude: {reason: superseded}\n",
        "exclude",
        "target 'small.dividends.returns' lacks 'by' in exclude",
    ),
    "value outside a list of choices": Case(
        OBSERVED, "unit: years", "unit: year", "year", "variable 'age': unit cannot be 'year' (did you mean 'years'?)"
    ),
    "share above one": Case(
        MADE,
        "age >= 65: 0.1",
        "age >= 65: 10",
        "10",
        "variable 'has_pension_plan': rate.by.age >= 65 must be at most 1, got 10",
    ),
    "value that is not finite": Case(
        INCOME,
        "    measure: sum(employment_income)\n",
        "    measure: sum(employment_income)\n    tolerance: 0\n",
        "0",
        "target 'small.employment_income.amount': tolerance must be above 0, got 0",
    ),
    "a field that is lacking": Case(OBSERVED, "  unit: years\n", "", "age:\n", "variable 'age' lacks 'unit'"),
    "a nested field that is lacking": Case(
        MADE, "    source: A round figure\n", "", "rate", "variable 'has_pension_plan' lacks 'source' in rate"
    ),
    # Codes and texts
    "unquoted code": Case(OBSERVED, "label: Age", "label: 06", "06", "06 would lose its leading zero (quote it: '06')"),
    "duplicate key": Case(
        OBSERVED,
        "label: Age\n",
        "label: Age\n  label: Years\n",
        "label: Years",
        "key 'label' stands here twice (first at conf/specs/small/variables/observed.yaml:3:3)",
    ),
    "bad syntax": Case(
        OBSERVED,
        "label: Age",
        "label: Age: in years",
        ": in",
        "not valid YAML: mapping values are not allowed here (quote a text that holds ': ')",
    ),
    "bracket left open": Case(
        "spec.yaml", "targets: [small]", "targets: [small", ":\n  worker", "not valid YAML: expected ',' or ']'..."
    ),
    # Expressions
    "attribute of an expression": Case(
        INCOME,
        "where: age >= 65",
        "where: (age + 1).real > 5",
        "(age",
        "a dot on something that is no role or engine is not allowed in an expression...",
    ),
    "call in an expression": Case(
        INCOME, "where: age >= 65", "where: open('x') > 1", "open", "unknown function 'open'..."
    ),
    "condition of a person on a tax unit": Case(
        INCOME,
        "where: dividends > 0",
        "where: age > 64",
        "age",
        "age has a value for each person, not for each tax_unit (put a quantifier around it: any(age ...), sum(age))",
    ),
    # Origins
    "two origins": Case(
        MADE,
        "  derive: sum(employment_income)",
        "  derive: sum(employment_income)\n  observed: wages",
        "unit_employment_income:\n",
        "variable 'unit_employment_income': has two origins (observed and derive); keep one",
    ),
    "imputed without predictors": Case(
        IMPUTED,
        "  predictors: [worker]\n",
        "",
        "self_employment_income:",
        "variable 'self_employment_income': an imputed variable needs predictors; name them under predictors:",
    ),
    "predictors without a donor": Case(
        OBSERVED,
        "unit: years",
        "unit: years\n  predictors: [is_blind]",
        "age:\n",
        "variable 'age': 'predictors' is for imputed variables; say which source it is drawn from (from:)",
    ),
    "predictor that the donor does not have": Case(
        IMPUTED,
        "  order: [sum(self_employment_income)]",
        "  order: [sum(self_employment_income), count(has_pension_plan)]",
        "count(has",
        "predictor 'has_pension_plan' is not in the donor donors",
    ),
    "amounts of another year": Case(
        OBSERVED,
        "  uprate: AWAGE\n",
        "",
        "employment_income:",
        "employment_income is in dollars of 2014, the spec's are of 2023 (say by which index it is uprated: uprate:)",
    ),
    "target of another year": Case(
        INCOME,
        "period: 2023",
        "period: 2022",
        "2022",
        "the target is of 2022, the spec of 2023, and no uprating rule leads there"
        " (give the figure of the spec's period, or take the target out)",
    ),
    "variable that predicts itself": Case(
        IMPUTED,
        "predictors: [worker]",
        "predictors: [worker, self_employment_income]",
        "self_employment_income]",
        "variables need each other in a ring: self_employment_income -> self_employment_income"
        " (each is made from the next; take one of these uses out)",
    ),
    "ring of predictors": Case(
        IMPUTED,
        "predictors: [worker]",
        "predictors: [worker, dividends]",
        "dividends]",
        "variables need each other in a ring: self_employment_income -> dividends -> self_employment_income"
        " (each is made from the next; take one of these uses out)",
    ),
    "variable named like the weights": Case(
        OBSERVED,
        "is_blind: {",
        "weight: {observed: is_blind, ",
        "weight",
        "the population keeps weights in 'weight' (rename it)",
    ),
    "name that no expression can hold": Case(
        OBSERVED,
        "is_blind: {",
        "is-blind: {",
        "is-blind",
        "'is-blind' cannot name a variable (use letters, digits and _, no digit first)",
    ),
    # Tables
    "table that is missing": Case(
        POPULATION,
        "table: population_state.csv",
        "table: population_states.csv",
        "population_states.csv",
        "no table 'population_states.csv' beside this file (did you mean 'population_state.csv'?)",
    ),
    "column that a table lacks": Case(
        POPULATION,
        'value: "{persons}"',
        'value: "{person}"',
        "{person}",
        "table population_state.csv has no column 'person' (did you mean 'persons'?)",
    ),
    "column to choose lines by that a table lacks": Case(
        POPULATION,
        "rows: {kind:",
        "rows: {kinds:",
        "kinds",
        "table population_state.csv has no column 'kinds' (did you mean 'kind'?)",
    ),
    "no line of a table": Case(
        POPULATION,
        "{kind: state}",
        "{kind: county}",
        "{kind",
        "no line of table population_state.csv has kind = 'county'",
    ),
    "slot without a table": Case(
        INCOME,
        "where: age >= 65",
        "where: age >= {age}",
        "age >= {",
        "{age} stands for a column of a table (name the file: table:)",
    ),
    # Ids
    "id that stands twice": Case(
        INCOME,
        "small.dividends.returns\n",
        "small.employment_income.amount\n    label: Twice\n",
        "small.employment_income.amount",
        "target id 'small.employment_income.amount' stands twice (first at targets/small/income.yaml:4:5)",
    ),
    "id that is no id": Case(
        INCOME,
        "small.dividends.returns",
        "Small Dividends",
        "Small Dividends",
        "target 'Small Dividends': id must be of small letters, digits, _ and -, its parts joined by dots,"
        " got 'Small Dividends'",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_wrong_value_is_told_once_where_it_stands(small_project: SmallProject, case: Case):
    case.check(small_project)
