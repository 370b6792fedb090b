"""What runs along an order, in the language of steps: of the ranks between two ends, that both go on along
it, what is held is put together as what can be added but not taken off again."""

from __future__ import annotations

import math

from numba import float64, int64
from objc.targets.cpu.kernels import alone, fixed, helper
from objc.targets.cpu.mathematics.bits import maximum, minimum
from objc.targets.cpu.mathematics.float64 import exp_64

# ---- copied into emitted modules from here on


@fixed
@alone
def running(
    goal,
    sums,
    tops,
    ties,
    fronts,
    front_tops,
    front_ties,
    low,
    high,
    order,
    own_order,
    value,
    weight,
    keys,
    own_keys,
    lead,
    count,
    from_end,
    but_own,
    weighed,
    what,
):
    """goal[i] = what comes of value[j] over the ranks from `low` to before `high` of the rank of i in its
    order; `but_own`: without i, where both have one order. Ranks count along the way that is gone, which
    begins at the end where it is `from_end`.

    What comes in does so at one end, and goes out at the other, but nothing can be taken off again. So there
    are two parts: one that grows, and before it one that has been put together from its end, with what comes
    of each rank on in three arrays. What comes of all before i is kept in front of what is behind it.
    Distances are those from the key of the last rank, and at last from that of i less the lead."""
    for turn in range(1 + but_own):
        middle = 0
        top = 0
        total, most, number = nothing(count, what)
        for rank in range(count):
            own = at_rank(own_order, rank, count, from_end)
            begin = low[rank]
            end = high[rank]
            if but_own > 0:
                begin = max(begin, turn * (rank + 1))
                end = min(end, rank + turn * count)
            if begin > middle:
                middle = max(begin, top)
                if begin < top:
                    total, most, number = nothing(count, what)
                    last = top - 1
                    while top > begin:
                        top -= 1
                        there = at_rank(order, top, count, from_end)
                        held, largest, times = of_one(
                            float64(value[there]), weight, there, count, weighed, what
                        )
                        total, most, number = joined(
                            held, largest, times, total, most, number,
                            gap(keys, order, top, last, count, from_end, what), what,
                        )  # fmt: skip
                        sums[top] = total
                        tops[top] = most
                        ties[top] = number
                top = middle
                total, most, number = nothing(count, what)
            while top < end:
                there = at_rank(order, top, count, from_end)
                held, largest, times = of_one(
                    float64(value[there]), weight, there, count, weighed, what
                )
                total, most, number = joined(
                    total, most, number, held, largest, times,
                    gap(keys, order, max(top - 1, middle), top, count, from_end, what), what,
                )  # fmt: skip
                top += 1
            held, largest, times = total, most, number
            if begin < middle:
                held, largest, times = joined(
                    sums[begin], tops[begin], ties[begin], total, most, number,
                    gap(keys, order, middle - 1, top - 1, count, from_end, what), what,
                )  # fmt: skip
            if end <= begin:
                held, largest, times = nothing(count, what)
            if turn < but_own:
                fronts[rank] = held
                front_tops[rank] = largest
                front_ties[rank] = times
            else:
                if but_own > 0:
                    held, largest, times = joined(
                        fronts[rank], front_tops[rank], front_ties[rank], held, largest, times, 0.0,
                        what,
                    )  # fmt: skip
                beyond = 0.0
                if what >= 10 and begin < end:
                    there = at_rank(order, top - 1, count, from_end)
                    beyond = distance(keys[there], own_keys[own], lead)
                goal[own] = found(held, largest, times, abs(beyond), what)


@fixed
@alone
def running_in_place(goal, value, count, from_end, through):
    """goal[i] = the sum of value[j] up to i, or of those behind it from the end on, in the order in which
    they stand; `through`: with value[i]."""
    total = 0.0
    for rank in range(count):
        own = count - 1 - rank if from_end > 0 else rank
        held = float64(value[own])
        after = total + held
        goal[own] = after if through > 0 else total
        total = after


@alone
def running_count(goal, sums, low, high, order, own_order, value, count, from_end, but_own):
    """`running` sums of whole numbers, which can be taken off again."""
    total = 0
    for rank in range(count):
        total += value[at_rank(order, rank, count, from_end)]
        sums[rank] = total
    for rank in range(count):
        own = at_rank(own_order, rank, count, from_end)
        begin = low[rank]
        end = high[rank]
        total = 0
        if begin < end:
            total = sums[end - 1]
            if begin > 0:
                total -= sums[begin - 1]
            if but_own > 0:
                total -= value[own]
        goal[own] = total


@alone
def running_at_infinity(
    goal,
    low,
    high,
    order,
    own_order,
    groups,
    keys,
    own_keys,
    value,
    weight,
    lead,
    count,
    from_end,
    grouped,
    weighed,
    everywhere,
    but_own,
    what,
):
    """`running` sums of distances where keys or values are infinite, or no numbers: pair by pair. If a
    distance counts `everywhere`, it does so also where it is no number."""
    finite = 1
    for own in range(count):
        size = abs(float64(keys[own])) + abs(float64(own_keys[own])) + abs(float64(value[own]))
        if not size < math.inf:
            finite = 0
    if finite == 0:
        for rank in range(count):
            own = at_rank(own_order, rank, count, from_end)
            total = 0.0
            for other in range(count):
                there = at_rank(order, other, count, from_end)
                beyond = distance(keys[there], own_keys[own], lead)
                if from_end == 0:
                    beyond = -beyond
                counts = int64(low[rank] <= other and other < high[rank])
                if everywhere > 0:
                    counts = 1
                    beyond = 0.0 if beyond <= 0.0 else beyond
                    if grouped > 0 and groups[there] != groups[own]:
                        counts = 0
                if weighed > 0 and float64(weight[there]) == 0.0:
                    counts = 0
                if but_own > 0 and there == own:
                    counts = 0
                if counts > 0:
                    part = 1.0 if beyond > 0.0 else beyond
                    if what == 11:
                        part = beyond
                    if what == 12:
                        part = beyond * beyond
                    total += float64(value[there]) * part
            goal[own] = total


@helper
def distance(key, own, lead):
    """How far a key is above another, with a lead."""
    return (float64(key) - float64(own)) + lead


@fixed
@helper
def gap(keys, order, rank, other, count, from_end, what):
    """What lies between the keys of two ranks, for sums of distances."""
    between = 0.0
    if what >= 10:
        here = at_rank(order, rank, count, from_end)
        there = at_rank(order, other, count, from_end)
        between = abs(distance(keys[here], keys[there], 0.0))
    return between


@fixed
@helper
def found(total, most, number, beyond, what):
    """What there is to be known of what is held, as far beyond it."""
    held = total
    if what == 3:
        held = number
    if what == 11:
        held = most + beyond * total
    if what == 12:
        held = number + beyond * (2.0 * most + beyond * total)
    return held


@fixed
@helper
def nothing(count, what):
    """What there is of no values."""
    total = 0.0
    if what == 1:
        total = -math.inf
    if what == 2:
        total = math.inf
    most = -math.inf
    if what >= 8:
        total = float64(count)
    if what >= 10:
        total = 0.0
        most = 0.0
    return total, most, 0.0


@fixed
@helper
def of_one(x, weight, there, count, weighed, what):
    """What there is of one value: a sum, or the largest (1) or smallest (2), or the first place of the
    largest (8) or smallest (9); of kinds that go by the largest also that, and how often it is there (3): Σ
    exp(value − m) of the others (4), of all by weights (5) or without (6), Σ value / m (7). Of what is beyond
    a key it is how much (10), and what that is times distances (11) and their squares (12)."""
    total, most, number = x, -math.inf, 0.0
    if what >= 3:
        most = x
        total = 1.0
        if x > -math.inf:
            number = 1.0
        if what == 5:
            total = float64(weight[there])
        if what == 7:
            total = 1.0 if x > 0.0 else x
        if what < 8:
            if what == 4:
                total = 0.0
            if x == -math.inf:
                total = 0.0
        if what >= 8:
            total = float64(there)
            if what == 9:
                most = -x
            if weighed > 0 and float64(weight[there]) == 0.0:
                total, most, number = nothing(count, what)
    if what >= 10:
        total = x
        most = 0.0
        number = 0.0
    return total, most, number


@fixed
@helper
def joined(total, most, number, other, other_most, other_number, between, what):
    """What there is of two parts, of which the second is farther along by what is between them."""
    if what == 0:
        total = total + other
    if what == 1:
        total = maximum(total, other)
    if what == 2:
        total = minimum(total, other)
    if what >= 3:
        if what < 8:
            if other_most > most:
                total, most, number, other, other_most, other_number = (
                    other, other_most, other_number, total, most, number,
                )  # fmt: skip
            if other_most == most:
                total = total + other
                number = number + other_number
            else:
                if what == 4:
                    other = other + other_number
                total = total + other * share(other_most, most, what)
        if what >= 8 and what < 10:
            if other_most == most:
                total = minimum(total, other)
            if other_most > most:
                total = other
                most = other_most
            if other_most != other_most:
                if most == most:
                    total = other
                total = minimum(total, other)
                most = other_most
        if what >= 10:
            if what == 12:
                number = number + between * (2.0 * most + between * total) + other_number
            most = most + between * total + other_most
            total = total + other
    return total, most, number


@fixed
@helper
def share(x, most, what):
    """What is of a part with the largest x beside a larger one: exp(x − m), or x / m."""
    found = 1.0
    if what == 7:
        if most > 0.0:
            found = x / most if x > 0.0 else 1.0 / most
    else:
        found = exp_64(x - most)
    return found


@helper
def at_rank(order, rank, count, from_end):
    """The place of what is at a rank from the beginning, or as far from the end."""
    if from_end > 0:
        rank = count - 1 - rank
    return order[rank]
