"""Policies from records: of the setting and the statistic that they were learned for, and of no other."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spm.__main__ import main
from spm.compendium.record.policies import mechanism_of
from spm.compendium.record.runs import run_one
from spm.compendium.record.schema import parsed
from spm.compendium.record.store import Record, opened
from spm.files import canonical
from spm.learning import Hyperparameters, Specification, evaluation_seed
from spm.market import BLOCKS, Block, Market, Statistic, get_statistic
from spm.market.statistics import MORE_STATISTICS, statistic
from spm.mechanisms import play
from spm.settings import Objective, correlated

SMALL = Hyperparameters(n_markets=16, batch_size=16, width=8)


def spent(market: Market) -> np.ndarray:
    return market.payments.sum(axis=1, keepdims=True) / 3


def halved(market: Market) -> np.ndarray:
    return market.payments.sum(axis=1, keepdims=True) / 6


def sees(entries: Any = spent) -> Statistic:
    return Statistic("spent", "Money spent", (BLOCKS["items"], Block("spent", 1, entries)))


@cache
def sealed_record(statistic: Statistic) -> bytes:
    """The sealed record of a tiny run."""
    return run_one(Specification(correlated(3, 2, 0.5), statistic, 0, 100, 2, 50, 50, SMALL))[1]


def record(statistic: Statistic) -> Record:
    """The record of a tiny run."""
    return parsed(Record, canonical(opened(sealed_record(statistic))))


def test_a_record_tells_an_own_block_by_its_content() -> None:
    told = asdict(record(sees()).specification.statistic)
    assert told == {"name": "spent", "blocks": ["items", f"spent@{sees().blocks[1].digest}"]}
    assert told != sees(halved).as_dict()


def test_the_mechanism_is_the_one_that_was_learned() -> None:
    mine = record(sees())
    played = play(
        mechanism_of(mine, correlated(3, 2, 0.5), sees()), correlated(3, 2, 0.5), 50, evaluation_seed("final")
    )
    assert played.mean == mine.final.objective


def test_a_setting_of_the_same_name_is_refused() -> None:
    other = correlated(3, 2, 0.5, objective=Objective("product", lambda received, _: received.prod(axis=1)))
    assert other.name == correlated(3, 2, 0.5).name
    with pytest.raises(ValueError, match=r"not learned for setting '\S+', for another one of the name"):
        mechanism_of(record(get_statistic("none")), other)


def test_another_statistic_of_the_same_name_is_refused() -> None:
    for other in (sees(halved), get_statistic("none")):
        with pytest.raises(ValueError, match=f"the policy does not see '{other.name}' as it is here but"):
            mechanism_of(record(sees()), correlated(3, 2, 0.5), other)


def test_an_own_statistic_must_be_given_or_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    sentence = r"the policy sees 'spent', a statistic that is not built in; play it in Python: \S+mechanism_of"
    with pytest.raises(ValueError, match=sentence):
        mechanism_of(record(sees()), correlated(3, 2, 0.5))
    monkeypatch.setattr("spm.market.statistics.MORE_STATISTICS", MORE_STATISTICS.copy())
    statistic("spent", beside=["items"])(spent)
    assert mechanism_of(record(sees()), correlated(3, 2, 0.5)).statistic.as_dict() == sees().as_dict()


def test_the_command_line_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "spent.json").write_bytes(sealed_record(sees()))
    assert main(["evaluate", str(tmp_path / "spent.json"), "correlated-3-2-0.5"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("spm: ")
    assert "spent.json: the policy sees 'spent', a statistic that is not built in; play it in Python" in said.err
    assert len(said.err) < 300
