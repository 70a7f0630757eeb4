from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from spm.compendium.theory.offers import NOTHING, Vector, choose, price_menu


def vectors(n_types: int) -> st.SearchStrategy[tuple[Vector, ...]]:
    """One to three different value vectors, in whole values of T + 2 ticks."""
    value = st.integers(0, 3).map(lambda x: x * (n_types + 2))
    return st.lists(st.tuples(*[value] * n_types), min_size=1, max_size=3, unique=True).map(tuple)


supports = st.integers(1, 2).flatmap(lambda n: st.tuples(vectors(n), st.tuples(*[st.integers(0, 1)] * n)))


@given(supports)
def test_offers_reach_exactly_the_choice_maps_of_all_prices(case: tuple[tuple[Vector, ...], Vector]) -> None:
    support, items = case
    ticks = len(items) + 2
    every = product(range(4 * ticks), repeat=len(items))
    reachable = {tuple(choose(v, prices, items) for v in support) for prices in every}
    listed = [tuple(choose(v, prices, items) for v in support) for prices in price_menu(support, items, False)]
    assert set(listed) == reachable
    assert len(listed) == len(reachable)


@given(supports)
def test_one_type_sells_at_the_highest_price_of_its_choice_map(case: tuple[tuple[Vector, ...], Vector]) -> None:
    support, items = case
    for prices in price_menu(support, items, False):
        higher = [price + 1 for price in prices]
        for t, left in enumerate(items):
            buyers = [v for v in support if choose(v, prices, items) == t]
            if len(items) == 1 and left and buyers:
                assert any(choose(v, tuple(higher), items) == NOTHING for v in buyers)


def test_revenue_lists_the_values_that_occur_and_no_sale() -> None:
    support = ((4, 8), (12, 0))
    assert set(price_menu(support, (1, 1), True)) == set(product((4, 12, 13), (8, 13)))
    assert set(price_menu(support, (0, 1), True)) == set(product((13,), (8, 13)))


def test_lower_price_of_a_worse_item_can_separate_buyers() -> None:
    support = ((40, 0), (40, 40), (0, 40))
    maps = {tuple(choose(v, prices, (1, 1)) for v in support) for prices in price_menu(support, (1, 1), False)}
    assert (0, 1, 1) in maps  # the agent who likes both takes type 1: only a price difference does that
    assert (NOTHING, 0, NOTHING) not in maps
