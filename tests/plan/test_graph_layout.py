"""Graphs: nodes gathered into cards without a circle, placed in rows without overlap."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from microplex_spec.plan.drawing import draw
from microplex_spec.plan.graph import MOST_ROWS, Node, cards, mermaid, restricted
from microplex_spec.plan.layout import place


@st.composite
def graphs(draw) -> list[Node]:
    """Nodes in a random order, each of one of a few groups and needing some of those numbered below it."""
    count = draw(st.integers(1, 14))
    nodes = []
    for i in range(count):
        needs = draw(st.sets(st.integers(0, i - 1), max_size=4)) if i else set()
        group = draw(st.sampled_from(["", "x", "y", "z"]))
        nodes.append(Node(f"n{i}", f"n{i}", "derive", group, tuple(f"n{j}" for j in sorted(needs))))
    return draw(st.permutations(nodes))


def reach(needs: dict) -> dict:
    found: dict = {}

    def of(node):
        if node not in found:
            found[node] = set().union(*({other} | of(other) for other in needs[node]))
        return found[node]

    for node in needs:
        of(node)
    return found


@given(graphs())
def test_cards_hold_every_node_once_and_keep_what_reaches_what(nodes):
    drawn = cards(nodes)
    assert sorted(row.id for card in drawn for row in card.rows) == sorted(node.id for node in nodes)
    assert all(other < index for index, card in enumerate(drawn) for other in card.needs)
    home = {row.id: index for index, card in enumerate(drawn) for row in card.rows}
    above = reach({index: card.needs for index, card in enumerate(drawn)})
    for node in nodes:
        for other in node.needs:
            assert home[other] == home[node.id] or home[other] in above[home[node.id]]


@given(graphs())
def test_no_edge_between_cards_follows_from_others(nodes):
    drawn = cards(nodes)
    above = reach({index: card.needs for index, card in enumerate(drawn)})
    for card in drawn:
        assert not any(other in above[via] for other in card.needs for via in card.needs)


@given(graphs(), st.data())
def test_what_is_left_out_still_joins_what_is_kept(nodes, data):
    ids = data.draw(st.sets(st.sampled_from([node.id for node in nodes])))
    whole = reach({node.id: node.needs for node in nodes})
    kept = restricted(nodes, ids)
    assert {node.id for node in kept} == ids
    above = reach({node.id: node.needs for node in kept})
    assert all(above[node] == whole[node] & ids for node in ids)


@given(graphs())
def test_boxes_do_not_overlap_and_edges_run_downward(nodes):
    drawn = cards(nodes)
    sizes = [(60.0 + 40 * (i % 3), 30.0 + 25 * (i % 4)) for i in range(len(drawn))]
    edges = [(other, index) for index, card in enumerate(drawn) for other in card.needs]
    layout = place(sizes, edges)
    boxes = [(x, y, x + w, y + h) for (x, y), (w, h) in zip(layout.corners, sizes, strict=True)]
    for i, a in enumerate(boxes):
        assert a[0] >= -1e-6 and a[1] >= 0 and a[2] <= layout.width + 1e-6 and a[3] <= layout.height + 1e-6
        for b in boxes[i + 1 :]:
            assert a[2] <= b[0] + 1e-6 or b[2] <= a[0] + 1e-6 or a[3] <= b[1] + 1e-6 or b[3] <= a[1] + 1e-6
    assert set(layout.routes) == set(edges)
    for route in layout.routes.values():
        assert all(lower[1] >= upper[1] for upper, lower in pairwise(route))


def test_a_long_edge_passes_beside_the_boxes_of_the_rows_between():
    layout = place([(100, 40)] * 4, [(0, 1), (1, 2), (2, 3), (0, 3)])
    for x, y in layout.routes[0, 3][2:-1]:
        for (left, top), box in zip(layout.corners, range(4), strict=True):
            assert box in (0, 3) or not (left < x < left + 100 and top < y < top + 40)


def test_a_card_of_very_many_rows_lists_the_first_and_counts_the_rest():
    (card,) = cards([Node(f"n{i}", f"n{i}", "targets", "many", ()) for i in range(50)])
    assert len(card.shown) == MOST_ROWS and card.more == 50 - MOST_ROWS
    assert f"and {card.more} more" in str(draw([card], "t"))


@pytest.mark.parametrize("name", ['<script>alert("x")</script>', "a & b", 'say "hi"; `x` #1'])
def test_names_are_text_and_never_markup(name):
    drawn = cards([Node("a", name, "derive", "g", (), label=name)])
    assert name not in str(draw(drawn, name)) or not set(name) & set("<>&")
    assert "<script" not in str(draw(drawn, name))
    line = mermaid(drawn, lambda kind: "#000").splitlines()[1]
    assert line.count('"') == 2 and "<script" not in line and "`" not in line
