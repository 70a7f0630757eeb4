"""The benchmark measures what it says; how fast is not asserted."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from benchmarks import speed
from benchmarks.speed import raw_batched
from spm.learning import Hyperparameters


@pytest.mark.endurance
def test_ratios_are_of_the_rates() -> None:
    data = speed.bench(seconds=0.01, sizes=(20,))
    assert min(data.values()) > 0
    learning = data["learning_visits_per_second"]
    assert data["raw_ratio"] == data["raw_visits_per_second"] / data["raw_visits_per_second_single"]
    assert data["learning_ratio"] == learning / data["learning_visits_per_second_single"]
    assert data["learning_percent_of_networks"] == 100 * learning / data["networks_visits_per_second"]
    assert data["learning_percent_outside_torch"] < 100
    assert data["items_agents_left_20_markets"] == data["price_allocation_20_markets"] == 200


@pytest.mark.parametrize(
    ("seconds", "sentence"),
    [
        ("-1", "seconds must be more than 0 and at most 600, not -1"),
        ("0", "seconds must be more than 0 and at most 600, not 0"),
        ("1e99", "seconds must be more than 0 and at most 600, not 1e+99"),
        (
            "nan",
            "--seconds must be a number such as 2, 0.5 or 1e-3, not 'nan' (see python -m benchmarks.speed --help)",
        ),
        ("inf", "--seconds must be a number"),
        ("1_0", "--seconds must be a number"),
        ("٣", "--seconds must be a number"),
        ("", "--seconds must be a number"),
    ],
)
def test_a_measurement_takes_a_sane_time(seconds: str, sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert speed.main(["--seconds", seconds]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"bench: {sentence}")
    assert printed.err.count("\n") == 1


def test_a_measurement_in_python_is_held_to_the_same_limits() -> None:
    with pytest.raises(ValueError, match="seconds must be more than 0 and at most 600, not nan"):
        speed.bench(seconds=float("nan"))


def test_an_episode_counts_its_visits() -> None:
    visits = raw_batched(7)()
    assert 5 * 7 <= visits <= 20 * 7


def test_a_rollout_of_the_environment_counts_its_visits() -> None:
    assert speed.stepping("correlated-12-3-0.5", "allocation", 5)() == 12 * 5


def test_the_floor_does_the_passes_of_a_rollout_and_its_update(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []

    def counted(inputs: int, outputs: int) -> torch.nn.Sequential:
        layer = torch.nn.Linear(inputs, outputs)
        layer.register_forward_hook(lambda *call: rows.append(len(call[1][0])))
        return torch.nn.Sequential(layer)

    monkeypatch.setattr(speed, "_perceptron", counted)
    assert speed.networks_alone()() == 20 * 512
    assert rows.count(512) == 2 * 20, "actor and critic, at each step"
    epochs = Hyperparameters().n_epochs
    assert sum(rows) - 2 * 20 * 512 == 2 * epochs * 20 * 512, "and on every visit, in each epoch"


def test_time_outside_torch_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def half_asleep(*_: object) -> object:
        def work() -> int:
            start, square = time.perf_counter(), torch.rand(300, 300)
            for _ in range(20):
                square @ square
            time.sleep(9 * (time.perf_counter() - start))
            return 1

        return work

    monkeypatch.setattr(speed, "_learn", half_asleep)
    assert 80 < speed.percent_outside_torch() < 100


@pytest.mark.endurance
def test_the_peak_is_the_processes_own() -> None:
    """Memory that this process holds is not counted, although the measured process starts from here."""
    held = np.ones(2**26)  # 512 MiB
    rows = speed.growth(0.01, (8,))
    assert held.nbytes == 2**29
    assert 50 < rows["items_agents_left_8_peak_mib"] < 600
