"""What is summed up between two bounds that go along an order, in the language of steps: an entry comes in
at one end and goes out at the other."""

from __future__ import annotations

import math

from numba import float64
from objc.targets.cpu.kernels import alone, helper
from objc.targets.cpu.running import at_rank, identity, joined, numbers, part, taken

# ---- copied into emitted modules from here on


@alone
def sliding(
    goal,
    totals,
    largest,
    equals,
    order,
    keys,
    enter,
    stay,
    own_order,
    own_keys,
    own_enter,
    own_stay,
    value,
    weight,
    count,
    from_end,
    entering,
    staying,
    what,
):
    """goal[i] = what comes of value[j] over all j with `enter[j] sign own_enter[i]` and `stay[j] sign
    own_stay[i]`, the signs being <, <=, > and >= by number, or -1 where nothing else is asked. In the order
    of their keys both sides grow, or fall where it is run along `from_end`.

    Along both orders values come in at one end and go out at the other, but nothing can be taken off again.
    So there are two parts: one that grows, and before it one that has been put together from its end, with
    what comes of each place on in the three arrays."""
    empty = identity(what)
    known = numbers(order, keys, keys, 0, count, 0)
    own_known = numbers(own_order, own_keys, own_keys, 0, count, 0)
    for rank in range(own_known, count):
        goal[own_order[rank]] = empty
    low = 0
    middle = 0
    high = 0
    total = empty
    most = -math.inf
    ties = 0.0
    for place in range(own_known):
        own = at_rank(own_order, 0, place, own_known, from_end)
        goal[own] = empty
        if own_enter[own] == own_enter[own] and own_stay[own] == own_stay[own]:
            high, total, most, ties = entered(
                order,
                enter,
                stay,
                value,
                weight,
                known,
                from_end,
                own_enter[own],
                entering,
                high,
                total,
                most,
                ties,
                what,
            )
            low = left_out(order, stay, known, from_end, own_stay[own], staying, low)
            if low > middle:
                middle = max(low, high)
                rank = high
                total = empty
                most = -math.inf
                ties = 0.0
                while rank > low:
                    rank -= 1
                    other = at_rank(order, 0, rank, known, from_end)
                    if enter[other] == enter[other] and stay[other] == stay[other]:
                        total, most, ties = taken(
                            total, most, ties, float64(value[other]), weight, other, what
                        )
                    totals[rank] = total
                    largest[rank] = most
                    equals[rank] = ties
                high = middle
                total = empty
                most = -math.inf
                ties = 0.0
            held = total
            number = ties
            if low < middle:
                held, number = of_both(
                    totals[low], largest[low], equals[low], total, most, ties, what
                )
            goal[own] = number if what == 3 else held


@alone
def sliding_count(
    goal,
    order,
    keys,
    enter,
    stay,
    own_order,
    own_keys,
    own_enter,
    own_stay,
    value,
    count,
    from_end,
    entering,
    staying,
):
    """`sliding` sums of whole numbers, which can be taken off again."""
    known = numbers(order, keys, keys, 0, count, 0)
    own_known = numbers(own_order, own_keys, own_keys, 0, count, 0)
    for rank in range(own_known, count):
        goal[own_order[rank]] = 0
    low = 0
    high = 0
    total = 0
    for place in range(own_known):
        own = at_rank(own_order, 0, place, own_known, from_end)
        goal[own] = 0
        if own_enter[own] == own_enter[own] and own_stay[own] == own_stay[own]:
            first = low
            low = left_out(order, stay, known, from_end, own_stay[own], staying, low)
            while first < min(low, high):
                other = at_rank(order, 0, first, known, from_end)
                if enter[other] == enter[other] and stay[other] == stay[other]:
                    total -= value[other]
                first += 1
            high = max(low, high)
            inside = 1
            while high < known and inside > 0:
                other = at_rank(order, 0, high, known, from_end)
                inside = 1 - is_beyond(enter[other], own_enter[own], entering)
                if inside > 0 and enter[other] == enter[other] and stay[other] == stay[other]:
                    total += value[other]
                high += inside
            goal[own] = total


@helper
def entered(
    order, enter, stay, value, weight, known, from_end, bound, sign, high, total, most, ties, what
):
    """What has come in at a bound."""
    inside = 1
    while high < known and inside > 0:
        other = at_rank(order, 0, high, known, from_end)
        inside = 1 - is_beyond(enter[other], bound, sign)
        if inside > 0:
            if enter[other] == enter[other] and stay[other] == stay[other]:
                total, most, ties = taken(
                    total, most, ties, float64(value[other]), weight, other, what
                )
            high += 1
    return high, total, most, ties


@helper
def left_out(order, stay, known, from_end, bound, sign, low):
    """The first rank that is not beyond a bound."""
    beyond = 1
    while low < known and beyond > 0 and sign >= 0:
        other = at_rank(order, 0, low, known, from_end)
        beyond = is_beyond(stay[other], bound, sign)
        if stay[other] != stay[other]:
            beyond = 1
        low += beyond
    return low


@helper
def is_beyond(one, other, sign):
    """1 where a comparison of numbers does not hold."""
    beyond = 0
    if sign == 0 and one >= other:
        beyond = 1
    if sign == 1 and one > other:
        beyond = 1
    if sign == 2 and one <= other:
        beyond = 1
    if sign == 3 and one < other:
        beyond = 1
    return beyond


@helper
def of_both(total, most, ties, other, other_most, other_ties, what):
    """What is summed up in two parts, and how often the largest of both is there."""
    held = joined(total, other, what)
    number = ties + other_ties
    if what >= 3 and most < other_most:
        if what == 4:
            total = total + ties
        held = total * part(most, other_most, what) + other
        number = other_ties
    if what >= 3 and other_most < most:
        if what == 4:
            other = other + other_ties
        held = total + other * part(other_most, most, what)
        number = ties
    return held, number
