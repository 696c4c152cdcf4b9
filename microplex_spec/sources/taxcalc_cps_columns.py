"""Names: which column of Tax-Calculator's CPS file becomes which variable of which entity."""

from __future__ import annotations

from .base import Column

# Amounts are dollars of 2014 a year. A figure that the file repeats in every tax unit of a household (SNAP)
# or of a family (housing) stands once, on the spm unit and the family, so that no sum counts it twice.
UNIT_COLUMNS: dict[str, tuple[str, Column]] = {
    "FLPDYR": ("survey_year", Column("household", "number")),
    "fips": ("state_fips", Column("household", "code")),
    "snap_ben": ("snap_reported", Column("spm_unit", "number")),
    "housing_ben": ("housing_benefit", Column("family", "number")),
    "RECID": ("record_id", Column("tax_unit", "number")),
    "a_lineno": ("head_line_number", Column("tax_unit", "number")),
    "MARS": ("filing_status_code", Column("tax_unit", "code")),
    "DSI": ("is_dependent_of_another", Column("tax_unit", "bool")),
    "XTOT": ("exemptions", Column("tax_unit", "number")),
    "age_head": ("age_head", Column("tax_unit", "number")),
    "age_spouse": ("age_spouse", Column("tax_unit", "number")),
    "nu06": ("n_dependents_under_6", Column("tax_unit", "number")),
    "nu13": ("n_dependents_under_13", Column("tax_unit", "number")),
    "nu18": ("n_under_18", Column("tax_unit", "number")),
    "n1820": ("n_18_to_20", Column("tax_unit", "number")),
    "n21": ("n_21_and_over", Column("tax_unit", "number")),
    "n24": ("n_ctc_children", Column("tax_unit", "number")),
    "EIC": ("n_eic_children", Column("tax_unit", "number")),
    "elderly_dependents": ("n_elderly_dependents", Column("tax_unit", "number")),
    "agi_bin": ("agi_bin", Column("tax_unit", "number")),
    "e00300": ("taxable_interest", Column("tax_unit", "number")),
    "e00400": ("tax_exempt_interest", Column("tax_unit", "number")),
    "e00600": ("dividends", Column("tax_unit", "number")),
    "e00650": ("qualified_dividends", Column("tax_unit", "number")),
    "e00800": ("alimony_received", Column("tax_unit", "number")),
    "e01100": ("capital_gain_distributions", Column("tax_unit", "number")),
    "e01400": ("ira_distributions", Column("tax_unit", "number")),
    "e01500": ("pensions_total", Column("tax_unit", "number")),
    "e01700": ("pensions_taxable", Column("tax_unit", "number")),
    "e02300": ("unemployment_compensation", Column("tax_unit", "number")),
    "e02400": ("social_security", Column("tax_unit", "number")),
    "e03150": ("ira_contributions", Column("tax_unit", "number")),
    "e03210": ("student_loan_interest", Column("tax_unit", "number")),
    "e03240": ("domestic_production_deduction", Column("tax_unit", "number")),
    "e03270": ("self_employed_health_insurance", Column("tax_unit", "number")),
    "e03300": ("sep_contributions", Column("tax_unit", "number")),
    "e17500": ("medical_expenses", Column("tax_unit", "number")),
    "e18400": ("state_and_local_taxes", Column("tax_unit", "number")),
    "e18500": ("real_estate_taxes", Column("tax_unit", "number")),
    "e19200": ("mortgage_interest", Column("tax_unit", "number")),
    "e19800": ("charity_cash", Column("tax_unit", "number")),
    "e20100": ("charity_noncash", Column("tax_unit", "number")),
    "e20400": ("misc_deductions", Column("tax_unit", "number")),
    "e32800": ("childcare_expenses", Column("tax_unit", "number")),
    "mcaid_ben": ("medicaid_value", Column("tax_unit", "number")),
    "mcare_ben": ("medicare_value", Column("tax_unit", "number")),
    "other_ben": ("other_benefits", Column("tax_unit", "number")),
    "ssi_ben": ("ssi_reported", Column("tax_unit", "number")),
    "tanf_ben": ("tanf_reported", Column("tax_unit", "number")),
    "vet_ben": ("veterans_benefits", Column("tax_unit", "number")),
    "wic_ben": ("wic", Column("tax_unit", "number")),
}

# Variable of a person: the file's columns for the head and for the spouse; a dependant has 0.
PERSON_COLUMNS: dict[str, tuple[str, str, Column]] = {
    "is_blind": ("blind_head", "blind_spouse", Column("person", "bool")),
    "employment_income": ("e00200p", "e00200s", Column("person", "number")),
    "self_employment_income": ("e00900p", "e00900s", Column("person", "number")),
    "farm_income": ("e02100p", "e02100s", Column("person", "number")),
}

# Variables that the reader makes.
MADE_COLUMNS: dict[str, Column] = {
    "household_size": Column("household", "number"),
    "n_dependents": Column("tax_unit", "number"),
    "age": Column("person", "number"),
    "is_tax_unit_head": Column("person", "bool"),
    "is_tax_unit_spouse": Column("person", "bool"),
    "is_tax_unit_dependent": Column("person", "bool"),
    "is_constructed": Column("person", "bool"),
}

# Left out: e00200, e00900 and e02100 are the sums of their p and s parts, f2441 equals nu13, pencon_p and
# pencon_s are 0 in every record, s006 is the survey's weight before the yearly weights were made.
IDENTIFIERS = ("FLPDYR", "h_seq", "ffpos", "RECID")
