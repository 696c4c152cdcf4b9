"""Everything that synthetic rows are judged by, at once: the whole table, and each drawn column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..spec.rare_cells import RareCell
from .calibrated_synthesis import Solve, calibrate_synthesis
from .distribution import weighted_ks
from .latent import Encoder, fit_encoder, latent_prdc
from .prdc import prdc
from .rare_cells import rare_cell_shares, top_thresholds
from .relations import interior_band_violations, spearman_distance
from .scaling import Scaling, fit_scaling
from .zeros import zero_rate_error


@dataclass(frozen=True)
class Judge:
    """Held-out rows, and the spaces learned from training rows in which synthetic rows are held against them.

    train: (n rows), test: (m rows), with the same columns, all numbers; train_weights: (n,); weights: (m,) of the test
    rows. drawn: the columns that are synthetic. k, cap: of PRDC, which looks at rows and not at weights. Made by
    `fit_judge`; its methods take synthetic rows (s rows) of the same columns and their weights (s,).
    """

    train: pd.DataFrame
    test: pd.DataFrame
    train_weights: np.ndarray
    weights: np.ndarray
    drawn: tuple[str, ...]
    scaling: Scaling
    encoder: Encoder
    k: int
    cap: int | None
    seed: int

    def whole(self, synthetic: pd.DataFrame, weights: np.ndarray) -> dict[str, float]:
        """Scores of the table: PRDC in standardised columns and in the latent space, relations, band, zero rates.

        `zero_rate_mae` and `band_violations` are the mean and the sum over the drawn columns; `spearman_distance` is
        the mean over pairs of which one column at least is drawn.
        """
        drawn, test = list(self.drawn), self.test
        latent = latent_prdc(self.encoder, test, synthetic, self.k, self.cap, self.seed)
        return {
            **prdc(self.scaling(test), self.scaling(synthetic), self.k, self.cap, self.seed),
            **{f"latent_{name}": value for name, value in latent.items()},
            "zero_rate_mae": zero_rate_error(test[drawn], synthetic[drawn], self.weights, weights),
            "spearman_distance": spearman_distance(test, synthetic, self.weights, weights, test.columns.isin(drawn)),
            "band_violations": sum(interior_band_violations(self.train[name], synthetic[name]) for name in drawn),
        }

    def column(self, name: str, synthetic: pd.DataFrame, weights: np.ndarray) -> dict[str, float]:
        """Scores of one drawn column: distance, zero rates, losses as a share of the weight and in all per weight."""
        sides = [(self.test[name].to_numpy(), self.weights), (synthetic[name].to_numpy(), weights)]
        (real, w), (drawn, v) = sides
        zeros, losses, totals = (
            [float(np.average(of(values), weights=weight)) for values, weight in sides]
            for of in (lambda x: x == 0, lambda x: x < 0, lambda x: np.minimum(x, 0.0))
        )
        return {
            "ks": weighted_ks(real, w, drawn, v),
            "zero_real": zeros[0],
            "zero_drawn": zeros[1],
            "zero_error": abs(zeros[0] - zeros[1]),
            "band_violations": interior_band_violations(self.train[name], drawn),
            "loss_share_real": losses[0],
            "loss_share_drawn": losses[1],
            "loss_mean_real": totals[0],
            "loss_mean_drawn": totals[1],
        }

    def rare_cells(
        self, cells: Sequence[RareCell], synthetic: pd.DataFrame, weights: np.ndarray
    ) -> list[dict[str, Any]]:
        """Each cell's rows, and its shares of the weight, among real and synthetic rows.

        Where a `top` begins is told by the training rows: of the test rows, too, more or fewer may lie above it.
        """
        thresholds = top_thresholds(cells, self.train, self.train_weights)
        found = rare_cell_shares(cells, self.test, synthetic, self.weights, weights, thresholds)
        return [
            {
                "name": cell.name,
                "rows_real": cell.real_rows,
                "rows_drawn": cell.synthetic_rows,
                "share_real": cell.real_share,
                "share_drawn": cell.synthetic_share,
            }
            for cell in found
        ]

    def calibrated(
        self, synthetic: pd.DataFrame, weights: np.ndarray, solve: Solve, by: str | None = None
    ) -> dict[str, float]:
        """How near calibration brings the synthetic rows to real totals: amounts and counts, in each group of `by`.

        Medians beside the means, which a few totals near zero decide.
        """
        real, made = (self._additions(table, by) for table in (self.test, synthetic))
        result = calibrate_synthesis(real, made, solve, self.weights, weights)
        return {
            "calibration_error_before": float(np.nanmedian(np.abs(result.before))),
            "calibration_error": float(np.nanmedian(np.abs(result.after))),
            "calibration_mean_error_before": result.error_before,
            "calibration_mean_error": result.error_after,
            "calibration_ess": result.ess_share,
            "calibration_unsupported": result.unsupported,
        }

    def _additions(self, table: pd.DataFrame, by: str | None) -> np.ndarray:
        """What each row adds to each target, (m, targets)."""
        amounts = table[list(self.drawn)].to_numpy()
        added = np.hstack([amounts, amounts != 0])
        if by is None:
            return added
        groups = np.unique(self.test[by])
        return np.hstack([added * (table[by].to_numpy() == group)[:, None] for group in groups])


def fit_judge(
    train: pd.DataFrame,
    test: pd.DataFrame,
    train_weights: np.ndarray,
    weights: np.ndarray,
    drawn: Sequence[str],
    *,
    k: int = 5,
    cap: int | None = None,
    log: bool = False,
    latent: int = 16,
    epochs: int = 30,
    seed: int = 0,
) -> Judge:
    """Learn the scale of the columns and a latent space from the training rows alone. Raises SpecError.

    log: amounts on the signed-log scale before they are standardised for PRDC; the latent space always has them so.
    """
    scaling = fit_scaling(train, train_weights, log)
    encoder = fit_encoder(train, train_weights, latent=latent, epochs=epochs, seed=seed)
    return Judge(train, test, train_weights, weights, tuple(drawn), scaling, encoder, k, cap, seed)
