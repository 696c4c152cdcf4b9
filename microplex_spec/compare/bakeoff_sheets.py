"""The tables of a bakeoff in words: made once, for the terminal, the page and the document."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..spec.bakeoffs import Bakeoff
from .bakeoff import GATE_METRICS, METRICS, Line, Pooled, Standing, cell_ratios, loss_ratios, standings, winners
from .leaderboard import Metric
from .noise import beyond


@dataclass(frozen=True)
class Sheet:
    """A table with its title and what must be known to read it. The first column names the row."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def sheets(bakeoff: Bakeoff, lines: Sequence[Line]) -> list[Sheet]:
    """Methods at each scale, published figures, rare cells, losses, gates, winners; none that would be empty."""
    found: list[Sheet] = []
    for scale in sorted({line["scale"] for line in lines}):
        at = [line for line in lines if line["scale"] == scale]
        found += [
            _methods(bakeoff, scale, at),
            _cells(bakeoff, scale, at),
            _losses(bakeoff, scale, at),
            _gates(bakeoff, scale, at),
        ]
    found += [_published(bakeoff, lines), _winners(lines), _failed(lines)]
    return [sheet for sheet in found if sheet.rows]


def _methods(bakeoff: Bakeoff, scale: int, lines: Sequence[Line]) -> Sheet:
    found = standings(lines, ["method", "reference"], "coverage")
    rows = [_row(METRICS, standing) for standing in found]
    note = (
        f"Test rows are drawn for, given their {len(bakeoff.conditions)} true conditions, and held against the truth. "
        f"PRDC: k = {bakeoff.prdc.k}, standardised columns, at most {bakeoff.prdc.cap or scale:,} rows a side; latent: "
        f"in the {bakeoff.prdc.latent} dimensions of an autoencoder fitted on training rows. CRPS, KS: means over the "
        "drawn columns; zero rates, CRPS and KS are weighted. Targets: totals and counts of each drawn column, before "
        "and after calibration to those of the test rows. training_rows: as many training rows at random, which share "
        "no condition with the test rows; blind: test rows that take what is drawn from training rows at random. ±: "
        f"standard deviation over seeds. {_rests(bakeoff, found)}"
    )
    return Sheet(f"Methods at {scale:,} rows", note, ("", *(m.label for m in METRICS.values())), tuple(rows))


def _row(metrics: Mapping[str, Metric], standing: Standing) -> tuple[str, ...]:
    told = [metric.told(standing.mean[name], standing.spread[name]) for name, metric in metrics.items()]
    return (f"{standing.name} (failed)" if not standing.seeds else standing.name, *told)


def _rests(bakeoff: Bakeoff, found: Sequence[Standing]) -> str:
    """Which seeds a table rests on, and which of its rows have fewer than were asked for."""
    short: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for standing in found:
        if set(standing.seeds) != set(bakeoff.seeds):
            short[tuple(sorted(standing.seeds))].append(standing.name)
    told = [f"{', '.join(names)}: {_listed(seeds) or 'none'}" for seeds, names in short.items()]
    return f"Seeds: {_listed(bakeoff.seeds)}{' (but ' + '; '.join(told) + ')' if told else ''}."


def _listed(seeds: Iterable[int]) -> str:
    return ", ".join(map(str, seeds))


def _cells(bakeoff: Bakeoff, scale: int, lines: Sequence[Line]) -> Sheet:
    labels = {cell.name: cell.label or cell.name for cell in bakeoff.rare_cells}
    pooled = cell_ratios(lines)
    methods = _methods_of(pooled)
    rows = [(labels[row.name], f"{row.real:,.0f}", *_ratios(row, methods)) for row in pooled]
    note = (
        "Share of the weight among synthetic rows over that among test rows, all seeds together: 1 is best. By chance "
        "alone a perfect synthesis is off by about √(2 / records), as training_rows are. Where a top begins is told by "
        f"training rows. {_rests(bakeoff, standings(lines, ['method', 'reference'], 'coverage'))}"
    )
    return Sheet(f"Rare cells at {scale:,} rows", note, ("", "records", *methods), tuple(rows))


def _losses(bakeoff: Bakeoff, scale: int, lines: Sequence[Line]) -> Sheet:
    pooled = {"share": loss_ratios(lines, "loss_share"), "total": loss_ratios(lines, "loss_mean")}
    methods = _methods_of(pooled["share"])
    rows = [(f"{row.name}, {what}", *_ratios(row, methods)) for what, found in pooled.items() for row in found]
    note = (
        "Drawn over real, all seeds together: 1 is best. Share: of the weight with a loss; total: of all losses. "
        f"{_rests(bakeoff, standings(lines, ['method', 'reference'], 'coverage'))}"
    )
    return Sheet(f"Losses at {scale:,} rows", note, ("", *methods), tuple(rows))


def _methods_of(pooled: Sequence[Pooled]) -> list[str]:
    return list(dict.fromkeys(method for row in pooled for method in row.ratios))


def _ratios(row: Pooled, methods: Sequence[str]) -> list[str]:
    # Adding zero turns -0.0, of no losses drawn, into 0.0.
    told = [row.ratios.get(method, math.nan) + 0.0 for method in methods]
    return ["" if math.isnan(ratio) else f"{ratio:.2f}" for ratio in told]


def _gates(bakeoff: Bakeoff, scale: int, lines: Sequence[Line]) -> Sheet:
    found = standings(lines, ["gate"], "log_loss")
    rows = [_row(GATE_METRICS, standing) for standing in found]
    columns = {row["variable"] for line in lines if line["kind"] == "gate" for row in line.get("variables", ())}
    note = (
        f"Zero or not, on each of the {len(columns)} drawn columns with at least {bakeoff.gate_zeros:.0%} zeros, given "
        "the conditions and the true values of the columns before it; weighted scores of the test rows, means over "
        "columns, seconds of one column. ±: standard deviation over seeds, where more than one was tried. "
        f"{_rests(bakeoff, found)}"
    )
    return Sheet(f"Gates at {scale:,} rows", note, ("", *(m.label for m in GATE_METRICS.values())), tuple(rows))


def _published(bakeoff: Bakeoff, lines: Sequence[Line]) -> Sheet:
    told = bakeoff.published
    if told is None:
        return Sheet("", "", (), ())
    found = standings([line for line in lines if line["scale"] == told.scale], ["method"], "coverage")
    here = {standing.name: standing for standing in found if standing.seeds}
    names = [name for name in sorted(told.coverage, key=lambda name: -told.coverage[name]) if name in here]
    rows = [
        (
            name,
            f"{told.coverage[name]:.3f}",
            METRICS["coverage"].told(here[name].mean["coverage"], here[name].spread["coverage"]),
            f"{told.fit_seconds[name]:.0f} s" if name in told.fit_seconds else "",
            METRICS["fit_seconds"].told(here[name].mean["fit_seconds"], here[name].spread["fit_seconds"]),
        )
        for name in names
    ]
    note = (
        f"{told.source}. Published order by coverage: {' > '.join(names)}. {_order(names, here)} The published figures "
        "are of other records, so that only orders compare."
    )
    columns = ("", "coverage published", "coverage here", "fit published", "fit here")
    return Sheet(f"Published figures at {told.scale:,} rows", note, columns, tuple(rows))


def _order(published: Sequence[str], here: Mapping[str, Standing]) -> str:
    """Of each pair of methods, from the best published one down, whether its order here is the same, within noise."""
    pairs: dict[str, list[str]] = {"the same": [], "the other way round": [], "not told apart": []}
    for first, second in combinations(published, 2):
        sides = here[first], here[second]
        difference = sides[0].mean["coverage"] - sides[1].mean["coverage"]
        if not beyond(difference, [side.spread["coverage"] for side in sides], [len(side.seeds) for side in sides]):
            pairs["not told apart"].append(f"{first} and {second}")
        elif difference > 0:
            pairs["the same"].append(f"{first} > {second}")
        else:
            pairs["the other way round"].append(f"{second} > {first}")
    found = "; ".join(f"{what}: {', '.join(named)}" for what, named in pairs.items() if named)
    return f"Here, told from seed noise by Welch's test at 95 %: {found}." if found else ""


def _winners(lines: Sequence[Line]) -> Sheet:
    scale, seeds, found = winners(lines)
    rows = [
        (
            row.variable,
            row.regime,
            row.method,
            METRICS["crps"].told(row.score, row.spread),
            row.runner_up or "",
            METRICS["crps"].told(row.runner_up_score),
            "yes" if row.beyond_noise else "no",
        )
        for row in found
    ]
    note = (
        f"Lowest weighted CRPS on the log scale at {scale:,} rows over seeds {', '.join(map(str, seeds))}, each column "
        "given the true values of those before it. Beyond noise: the differences seed by seed have a mean beyond "
        "Student's t at 95 %."
    )
    columns = ("", "regime", "winner", "CRPS (log)", "runner-up", "CRPS (log)", "beyond noise")
    return Sheet("Winner of each variable", note, columns, tuple(rows))


def _failed(lines: Sequence[Line]) -> Sheet:
    rows = [
        (str(line["name"]), f"{line['scale']:,}", str(line["seed"]), str(line["error"]).splitlines()[-1])
        for line in lines
        if line["status"] == "failed"
    ]
    return Sheet("What failed", "Tried again by --resume.", ("", "rows", "seed", "error"), tuple(rows))
