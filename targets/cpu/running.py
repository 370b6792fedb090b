"""What is summed up along an order, in the language of steps: what comes of all that is before an entry is
one number on the way along the order."""

from __future__ import annotations

import math

from numba import float64
from objc.targets.cpu.kernels import alone, helper
from objc.targets.cpu.mathematics.bits import maximum, minimum
from objc.targets.cpu.mathematics.float64 import exp_64

# ---- copied into emitted modules from here on


@alone
def running(
    goal,
    order,
    groups,
    keys,
    value,
    weight,
    count,
    grouped,
    from_end,
    through,
    by_ties,
    of_equals,
    what,
):
    """goal[i] = what comes of value[j] over all j before i, in the group of i where they are `grouped`.
    `from_end`: after it; `through`: and i; `by_ties`: with all of its equals, where these else come before
    each other as they stand; `of_equals`: nothing but these.

    `what` is a sum (0), the largest (1) or smallest (2), how often there is the largest, m, (3),
    Σ exp(value[j] − m) of the others (4), Σ weight[j]·exp(value[j] − m) (5), that without weights (6), or
    Σ value[j] / m where m is positive (7). A key that is no number is compared with nothing: it is before
    nothing, and nothing before it."""
    empty = identity(what)
    begin = 0
    while begin < count:
        end = end_of_group(order, groups, keys, begin, count, grouped, of_equals)
        known = numbers(order, groups, keys, begin, end, grouped)
        for rank in range(known, end):
            goal[order[rank]] = empty
        total = empty
        most = -math.inf
        ties = 0.0
        first = begin
        while first < known:
            last = end_of_ties(order, keys, begin, first, known, from_end, by_ties)
            turn = 0
            while turn < 2:
                place = first
                while place < last:
                    own = at_rank(order, begin, place, known, from_end)
                    if turn == through:
                        goal[own] = ties if what == 3 else total
                    else:
                        total, most, ties = taken(
                            total, most, ties, float64(value[own]), weight, own, what
                        )
                    place += 1
                turn += 1
            first = last
        begin = end


@alone
def running_beside(
    goal, front, order, groups, keys, value, weight, count, grouped, from_end, of_equals, what
):
    """`running` with all equals of an entry but for itself: with those in front of it, and those behind, as
    nothing can be taken off again. `front` is memory for as many numbers."""
    empty = identity(what)
    begin = 0
    while begin < count:
        end = end_of_group(order, groups, keys, begin, count, grouped, of_equals)
        known = numbers(order, groups, keys, begin, end, grouped)
        for rank in range(known, end):
            goal[order[rank]] = empty
        total = empty
        most = -math.inf
        ties = 0.0
        first = begin
        while first < known:
            last = end_of_ties(order, keys, begin, first, known, from_end, 1)
            largest = most
            top = -1  # of what is beside the largest another one is that
            place = first
            while place < last and what >= 3:
                x = float64(value[at_rank(order, begin, place, known, from_end)])
                if x > largest:
                    largest = x
                    top = place
                place += 1
            held = ties if what == 3 else total
            if top >= 0:
                if what == 4:
                    held = held + ties
                held = 0.0 if what == 3 else held * part(most, largest, what)
            place = first
            while place < last:
                own = at_rank(order, begin, place, known, from_end)
                front[place] = held
                held = joined(held, share(float64(value[own]), largest, weight, own, what), what)
                place += 1
            held = empty
            while place > first:
                place -= 1
                own = at_rank(order, begin, place, known, from_end)
                x = float64(value[own])
                goal[own] = joined(front[place], held, what)
                held = joined(held, share(x, largest, weight, own, what), what)
                if place != top:
                    total, most, ties = taken(total, most, ties, x, weight, own, what)
            if top >= 0:
                own = at_rank(order, begin, top, known, from_end)
                goal[own] = ties if what == 3 else total
                total, most, ties = taken(total, most, ties, float64(value[own]), weight, own, what)
            first = last
        begin = end


@alone
def running_first(
    goal,
    order,
    groups,
    keys,
    value,
    weight,
    count,
    grouped,
    from_end,
    through,
    by_ties,
    of_equals,
    weighed,
    sign,
):
    """goal[i] = the first j with the largest value[j], for a sign of -1 with the smallest, of all that
    `running` has before i; of values that are no numbers the first of these. Where they are `weighed` a
    weight of 0 leaves out. Of nothing it is the count."""
    begin = 0
    while begin < count:
        end = end_of_group(order, groups, keys, begin, count, grouped, of_equals)
        known = numbers(order, groups, keys, begin, end, grouped)
        for rank in range(known, end):
            goal[order[rank]] = count
        most = -math.inf
        there = count
        first = begin
        while first < known:
            last = end_of_ties(order, keys, begin, first, known, from_end, by_ties)
            turn = 0
            while turn < 2:
                place = first
                while place < last:
                    own = at_rank(order, begin, place, known, from_end)
                    if turn == through:
                        goal[own] = there
                    else:
                        counts = 1
                        if weighed > 0 and float64(weight[own]) == 0.0:
                            counts = 0
                        x = float64(value[own])
                        if sign < 0:
                            x = -x
                        if counts > 0:
                            most, there = first_of(most, there, x, own)
                    place += 1
                turn += 1
            first = last
        begin = end


@alone
def running_count(
    goal, order, groups, keys, value, count, grouped, from_end, through, by_ties, of_equals
):
    """`running` sums of whole numbers."""
    begin = 0
    while begin < count:
        end = end_of_group(order, groups, keys, begin, count, grouped, of_equals)
        known = numbers(order, groups, keys, begin, end, grouped)
        for rank in range(known, end):
            goal[order[rank]] = 0
        total = 0
        first = begin
        while first < known:
            last = end_of_ties(order, keys, begin, first, known, from_end, by_ties)
            before = total
            place = first
            while place < last:
                total += value[at_rank(order, begin, place, known, from_end)]
                place += 1
            place = first
            while place < last:
                own = at_rank(order, begin, place, known, from_end)
                goal[own] = before
                if through == 1:
                    goal[own] = total
                if through == 2:
                    goal[own] = total - value[own]
                place += 1
            first = last
        begin = end


@helper
def identity(what):
    """What comes of nothing."""
    found = 0.0
    if what == 1:
        found = -math.inf
    if what == 2:
        found = math.inf
    return found


@helper
def joined(one, other, what):
    """What comes of two parts, of one largest."""
    found = one + other
    if what == 1:
        found = maximum(one, other)
    if what == 2:
        found = minimum(one, other)
    return found


@helper
def share(x, most, weight, own, what):
    """What one value, that is not larger than the largest, adds to a sum; or the value."""
    found = x
    if what >= 3:
        found = 1.0 if x == most and what != 4 else 0.0
        if x != most and what != 3:
            found = part(x, most, what)
        if what == 5:
            found = float64(weight[own]) * found
        if x == -math.inf or (what == 7 and most <= 0.0):
            found = 0.0
    return found


@helper
def part(x, most, what):
    """exp(x − m), or x / m of a sum of shares."""
    found = 0.0
    if what != 7:
        found = exp_64(x - most)
    if what == 7 and most > 0.0 and x > -math.inf:
        found = 1.0 if x == most else x / most
    if what == 7 and x != x:
        found = x
    return found


@helper
def taken(total, most, ties, x, weight, own, what):
    """What is summed up, the largest so far and how often that came, with one more value."""
    if what == 0:
        total = total + x
    if what == 1:
        total = maximum(total, x)
    if what == 2:
        total = minimum(total, x)
    if what == 7:
        if x > most:
            total = total * part(most, x, what)
            most = x
        total = total + part(x, most, what)
    if what >= 3 and what < 7:
        w = 1.0
        if what == 5:
            w = float64(weight[own])
        if x > most:
            if what == 4:
                total = total + ties
            total = total * exp_64(most - x)
            ties = 1.0
            most = x
            if what >= 5:
                total = total + w
        else:
            if x == most:
                if x > -math.inf:
                    ties = ties + 1.0
                    if what >= 5:
                        total = total + w
            else:
                total = total + w * exp_64(x - most)
    return total, most, ties


@helper
def first_of(most, there, x, own):
    """The largest so far, or what is no number, and its first place, with one more."""
    if x == most:
        there = min(there, own)
    if x > most:
        there = own
        most = x
    if x != x:
        if most == most:
            there = own
        there = min(there, own)
        most = x
    return most, there


@helper
def end_of_group(order, groups, keys, begin, count, grouped, of_equals):
    """The rank after those of a group, of one key where nothing but equals is asked of."""
    last = begin + 1
    if grouped + of_equals == 0:
        last = count
    while last < count and is_alike(order, groups, keys, begin, last, grouped, of_equals) > 0:
        last += 1
    return last


@helper
def is_alike(order, groups, keys, rank, other, grouped, of_equals):
    """1 where two ranks are of one group, and of one key where that is asked."""
    here = order[rank]
    there = order[other]
    alike = 1
    if grouped > 0 and groups[here] != groups[there]:
        alike = 0
    if of_equals > 0 and keys[here] != keys[there]:
        alike = 0
    return alike


@helper
def numbers(order, groups, keys, begin, end, grouped):
    """The rank after those of keys that are numbers: the others come last. There is none in a group that is
    not."""
    known = end
    if grouped > 0 and groups[order[begin]] != groups[order[begin]]:
        known = begin
    while known > begin and keys[order[known - 1]] != keys[order[known - 1]]:
        known -= 1
    return known


@helper
def end_of_ties(order, keys, begin, first, known, from_end, by_ties):
    """The rank after those of keys that are equal, or after this one."""
    last = first + 1
    if by_ties > 0:
        key = keys[at_rank(order, begin, first, known, from_end)]
        while last < known and keys[at_rank(order, begin, last, known, from_end)] == key:
            last += 1
    return last


@helper
def at_rank(order, begin, rank, known, from_end):
    """The place of what is at a rank from the beginning, or as far from the end."""
    if from_end > 0:
        rank = begin + known - 1 - rank
    return order[rank]
