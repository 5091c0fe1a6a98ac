"""The figures that say what learning changes."""

from __future__ import annotations

import pytest
import torch

from scumble_models.evaluation.styles import (
    LearnedReport,
    StyleFigures,
    correlation,
    fine_detail,
    learned_table,
    mesh,
)


def test_fine_detail_of_the_same_marks_correlates_and_of_others_does_not() -> None:
    first, second = torch.rand(2, 1, 3, 96, 96)
    smooth = torch.linspace(0, 1, 96).expand(1, 3, 96, 96)
    alike = correlation(fine_detail(first), fine_detail(0.5 * first + 0.3 * smooth))
    assert alike > 0.97
    assert abs(correlation(fine_detail(first), fine_detail(second))) < 0.1


def test_the_mesh_is_what_repeats_every_two_or_four_pixels() -> None:
    flat = torch.full((1, 3, 136, 136), 0.5)
    meshed = flat.clone()
    meshed[..., ::4] += 8 / 255
    assert mesh(flat) == pytest.approx(0.0, abs=1e-3)
    assert mesh(meshed) > 2.0
    assert mesh(flat + 0.03 * torch.rand(1, 3, 136, 136)) < 1.0


def test_the_table_gives_all_figures_and_the_means_of_their_ratios() -> None:
    values = (4.0, 3.0, 2.0), (3.0, 2.4, 1.5), (0.5, 0.45, 0.4), (2.0, 1.2, 1.0)
    table = learned_table(
        LearnedReport([StyleFigures(name, *values) for name in ("a", "b")], (0.9, 0.6, 0.4)), 12
    )
    assert "| a | 4.00 → 3.00 → 2.00 |" in table
    assert "| **first sight, mean of ratios** | **0.75** | **0.80** | **0.90** | **0.60** |" in table
    assert "| **learned, mean of ratios** | **0.50** | **0.50** | **0.80** | **0.50** |" in table
    assert "0.90" in table
    assert "0.40" in table
