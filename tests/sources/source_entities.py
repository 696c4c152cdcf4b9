"""Entities that the tests of the readers ask for."""

from microplex_spec.spec.entities import Entities, Entity

WITHIN = {
    "household": (),
    "spm_unit": ("household",),
    "family": ("household", "spm_unit"),
    "tax_unit": ("household", "spm_unit", "family"),
    "marital_unit": ("household", "tax_unit"),
    "person": ("household", "spm_unit", "family", "tax_unit", "marital_unit"),
}
ROLES = {"tax_unit": {"head": "is_tax_unit_head", "spouse": "is_tax_unit_spouse"}}


def make_entities(*names: str) -> Entities:
    """The named entities, linked to those of each other that lie above."""
    return Entities(
        {
            name: Entity(
                name=name,
                within=tuple(group for group in WITHIN[name] if group in names),
                roles=ROLES.get(name, {}) if "person" in names else {},
            )
            for name in names
        }
    )
