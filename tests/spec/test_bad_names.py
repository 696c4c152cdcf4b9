"""Names and keys outside the closed world: each is told once, where it stands, with its nearest neighbour."""

import pytest
from fault_case import IMPUTED, INCOME, MADE, OBSERVED, POPULATION, Case
from small_project import SmallProject

CASES = {
    # Keys
    "unknown key of the spec": Case(
        "spec.yaml", "base: survey", "base: survey\nbsae: x", "bsae", "unknown key 'bsae' (did you mean 'base'?)"
    ),
    "unknown key of an entity": Case(
        "entities.yaml",
        "household: {label:",
        "household: {lable:",
        "lable",
        "unknown key 'lable' (did you mean 'label'?)",
    ),
    "unknown key of a source": Case(
        "sources.yaml",
        "  scale_weights:",
        "  scale_weight:",
        "scale_weight",
        "unknown key 'scale_weight' (did you mean 'scale_weights'?)",
    ),
    "unknown key of a variable": Case(
        OBSERVED, "uprate:", "uprat:", "uprat", "unknown key 'uprat' (did you mean 'uprate'?)"
    ),
    "misspelt key that is required": Case(
        OBSERVED, "unit: years", "untit: years", "untit", "unknown key 'untit' (did you mean 'unit'?)"
    ),
    "unknown key inside a variable": Case(
        MADE,
        "    otherwise: 0.5",
        "    otherwise: 0.5\n    sorce: x",
        "sorce",
        "unknown key 'sorce' (did you mean 'source'?)",
    ),
    "unknown key of a record inside a mapping": Case(
        OBSERVED,
        "uprate: AWAGE",
        "uprate: AWAGE\n  engine: {policyengine_us: {variable: employment_income, splitt: head}}",
        "splitt",
        "unknown key 'splitt' (did you mean 'split'?)",
    ),
    "unknown key of a target": Case(INCOME, "role:", "roel:", "roel", "unknown key 'roel' (did you mean 'role'?)"),
    "unknown key of a target's table": Case(
        POPULATION, "table:", "tabel:", "tabel", "unknown key 'tabel' (did you mean 'table'?)"
    ),
    "unknown key of all targets of a file": Case(
        INCOME, "defaults: {of:", "defaults: {unt: 1, of:", "unt", "unknown key 'unt' (did you mean 'unit'?)"
    ),
    "unknown key of a target's source": Case(
        INCOME, "cell: C1", "cel: C1", "cel", "unknown key 'cel' (did you mean 'cell'?)"
    ),
    "unknown key of a target file": Case(
        INCOME, "targets:", "default: {}\ntargets:", "default:", "unknown key 'default' (did you mean 'defaults'?)"
    ),
    "unknown key of a reader": Case(
        "sources.yaml",
        "    weight: design_weight\n    types: {is_blind: bool, is_tax_unit_head: bool}\n  period: 2014\n  scale",
        "    wieght: design_weight\n    types: {is_blind: bool, is_tax_unit_head: bool}\n  period: 2014\n  scale",
        "wieght",
        "unknown key 'wieght' (did you mean 'weight'?)",
    ),
    "unknown key deep inside a reader's": Case(
        "sources.yaml",
        "data/survey_household.csv, key:",
        "data/survey_household.csv, kee:",
        "kee",
        "unknown key 'kee' (did you mean 'key'?)",
    ),
    "name that is given by its key": Case(
        OBSERVED,
        "unit: years",
        "unit: years\n  name: age",
        "name",
        "unknown key 'name' (it follows from where this stands)",
    ),
    # Names
    "unknown variable in a predicate": Case(
        INCOME, "where: age >= 65", "where: 65 <= agge", "agge", "unknown variable 'agge' (did you mean 'age'?)"
    ),
    "unknown variable in a quoted predicate": Case(
        INCOME, "where: age >= 65", 'where: "65 <= agge"', "agge", "unknown variable 'agge' (did you mean 'age'?)"
    ),
    "unknown variable in the predicate of a table row": Case(
        POPULATION,
        "where: state_fips == '{fips}'",
        "where: state_fips == '{fips}' and agge > 1",
        "agge",
        "unknown variable 'agge' (did you mean 'age'?)",
    ),
    "unknown variable in a folded predicate": Case(
        INCOME,
        "where: age >= 65",
        "where: >-\n      age >= 65\n      and agge > 1",
        ">-",
        "unknown variable 'agge' (did you mean 'age'?)",
    ),
    "unknown variable in a measure": Case(
        INCOME,
        "sum(employment_income)",
        "sum(employment_incom)",
        "employment_incom",
        "unknown variable 'employment_incom' (did you mean 'employment_income'?)",
    ),
    "unknown variable in a measure of all targets": Case(
        POPULATION,
        "measure: count()",
        "measure: share(agee > 1)",
        "agee",
        "unknown variable 'agee' (did you mean 'age'?)",
    ),
    "unknown variable among predictors": Case(
        IMPUTED,
        "n_dependents]",
        "n_dependent]",
        "n_dependent",
        "unknown predictor 'n_dependent' (did you mean 'n_dependents'?)",
    ),
    "unknown set of predictors": Case(
        IMPUTED, "[worker]", "[workr]", "workr", "unknown predictor 'workr' (did you mean 'worker'?)"
    ),
    "unknown variable in a set of predictors": Case(
        "spec.yaml", "[age,", "[ages,", "ages", "unknown variable 'ages' (did you mean 'age'?)"
    ),
    "unknown variable in a derivation": Case(
        MADE, " + dividends", " + dividend", "dividend", "unknown variable 'dividend' (did you mean 'dividends'?)"
    ),
    "unknown variable in a rate": Case(
        MADE, "{age < 25:", "{ages < 25:", "ages", "unknown variable 'ages' (did you mean 'age'?)"
    ),
    "unknown entity of a variable": Case(
        OBSERVED,
        "entity: tax_unit",
        "entity: taxunit",
        "taxunit",
        "unknown entity 'taxunit' (did you mean 'tax_unit'?)",
    ),
    "unknown entity of all targets": Case(
        INCOME, "{of: tax_unit", "{of: tax_units", "tax_units", "unknown entity 'tax_units' (did you mean 'tax_unit'?)"
    ),
    "unknown entity around an entity": Case(
        "entities.yaml",
        "[household, tax_unit]",
        "[household, taxunit]",
        "taxunit",
        "unknown entity 'taxunit' (did you mean 'tax_unit'?)",
    ),
    "unknown base": Case(
        "spec.yaml", "base: survey", "base: surveys", "surveys", "unknown source 'surveys' (did you mean 'survey'?)"
    ),
    "unknown donor": Case(
        IMPUTED,
        "from: donors\n  predictors: [worker]",
        "from: donor\n  predictors: [worker]",
        "donor",
        "unknown source 'donor' (did you mean 'donors'?)",
    ),
    "unknown reader": Case(
        "sources.yaml",
        "the file is made from\n  reader: table",
        "the file is made from\n  reader: tables",
        "tables",
        "unknown reader 'tables' (did you mean 'table'?)",
    ),
    "unknown imputer": Case(
        IMPUTED,
        "regime: three_sign",
        "regime: three_sign\n  imputer: {name: regime_awere}",
        "regime_awere",
        "unknown imputer 'regime_awere' (did you mean 'regime_aware'?)",
    ),
    "unknown engine": Case(
        OBSERVED,
        "uprate: AWAGE",
        "uprate: AWAGE\n  engine: {policyengine_uk: {variable: employment_income}}",
        "policyengine_uk",
        "unknown engine 'policyengine_uk' (did you mean 'policyengine_us'?)",
    ),
    "unknown role": Case(
        IMPUTED, "[head.age", "[heads.age", "heads", "unknown role or engine 'heads' (did you mean 'head'?)"
    ),
    "unknown column of a source": Case(
        OBSERVED,
        "  entity: person\n  unit: years",
        "  entity: person\n  unit: years\n  observed: agge",
        "agge",
        "unknown column of survey 'agge' (did you mean 'age'?)",
    ),
    "unknown column that marks a role": Case(
        "entities.yaml",
        "head: is_tax_unit_head",
        "head: is_tax_unit_hed",
        "is_tax_unit_hed",
        "unknown column of survey 'is_tax_unit_hed' (did you mean 'is_tax_unit_head'?)",
    ),
    "unknown uprating index": Case(
        OBSERVED, "AWAGE", "AWAGES", "AWAGES", "unknown uprating index 'AWAGES' (did you mean 'AWAGE'?)"
    ),
    "weights scaled to an unknown target": Case(
        "sources.yaml",
        "small.population.total",
        "small.population.totl",
        "small.population.totl",
        "unknown target 'small.population.totl' (did you mean 'small.population.total'?)",
    ),
    "unknown target folder": Case(
        "spec.yaml",
        "targets: [small]",
        "targets: [smal]",
        "smal",
        "no target file or folder 'smal' under targets (did you mean 'small'?)",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_an_unknown_name_is_told_once_where_it_stands(small_project: SmallProject, case: Case):
    case.check(small_project)
