"""Where what is before an entry begins and ends along an order, in the language of steps."""

from __future__ import annotations

from numba import int64
from objc.targets.cpu.kernels import alone, helper
from objc.targets.cpu.running import at_rank, distance

# ---- copied into emitted modules from here on


@alone
def ranks_before(
    low, high, order, groups, keys, count, grouped, from_end, through, by_ties, of_equals
):
    """The ranks of all before the entry of a rank, in its group where they are `grouped`. `from_end`: after
    it; `through`: and itself; `by_ties`: with all of its equals, where these else come before each other as
    they stand; `of_equals`: nothing but these. A key that is no number is compared with nothing: it is
    before nothing, and nothing before it."""
    begin = 0
    while begin < count:
        end = end_of_group(order, groups, keys, begin, count, from_end, grouped, of_equals)
        first, known = numbers(order, groups, keys, keys, begin, end, count, from_end, grouped)
        none_between(low, high, begin, first)
        none_between(low, high, known, end)
        place = first
        while place < known:
            last = place + 1
            if by_ties > 0:
                key = keys[at_rank(order, place, count, from_end)]
                while last < known and keys[at_rank(order, last, count, from_end)] == key:
                    last += 1
            stop = last if through > 0 else place
            while place < last:
                low[place] = first
                high[place] = stop
                place += 1
        begin = end


@alone
def ranks_between(
    low,
    high,
    order,
    enter,
    stay,
    own_order,
    own_enter,
    own_stay,
    lead_enter,
    lead_stay,
    count,
    from_end,
    entering,
    staying,
    led,
):
    """The ranks of all j with `enter[j] sign own_enter[i]` and `stay[j] sign own_stay[i]` for i at a rank of
    its order, the signs being <, <=, > and >= by number, or -1 where nothing else is asked. In these orders
    both sides grow, or fall where it is gone along `from_end`. If they are `led`, leads are added to
    differences."""
    first, known = numbers(order, enter, enter, stay, 0, count, count, from_end, 0)
    begin = first
    end = first
    for rank in range(count):
        own = at_rank(own_order, rank, count, from_end)
        low[rank] = begin
        high[rank] = begin
        if own_enter[own] == own_enter[own] and own_stay[own] == own_stay[own]:
            inside = 1
            while end < known and inside > 0:
                other = at_rank(order, end, count, from_end)
                inside = 1 - is_left_out(enter[other], own_enter[own], lead_enter, entering, led)
                end += inside
            inside = 0
            while begin < known and inside == 0:
                other = at_rank(order, begin, count, from_end)
                inside = 1 - is_left_out(stay[other], own_stay[own], lead_stay, staying, led)
                begin += 1 - inside
            low[rank] = begin
            high[rank] = max(begin, end)


@helper
def none_between(low, high, begin, end):
    """Nothing is before what is at these ranks."""
    while begin < end:
        low[begin] = 0
        high[begin] = 0
        begin += 1


@helper
def end_of_group(order, groups, keys, begin, count, from_end, grouped, of_equals):
    """The rank after those of a group, of one key where nothing but equals is asked of."""
    last = begin + 1
    if grouped + of_equals == 0:
        last = count
    here = at_rank(order, begin, count, from_end)
    alike = 1
    while last < count and alike > 0:
        there = at_rank(order, last, count, from_end)
        if grouped > 0 and groups[here] != groups[there]:
            alike = 0
        if of_equals > 0 and keys[here] != keys[there]:
            alike = 0
        last += alike
    return last


@helper
def numbers(order, groups, keys, others, begin, end, count, from_end, grouped):
    """The ranks of a group from the first to after the last of which both keys are numbers: others come at
    its ends. There is none in a group that is not."""
    first = begin
    known = end
    if grouped > 0:
        own = at_rank(order, begin, count, from_end)
        if groups[own] != groups[own]:
            known = begin
    while first < known and is_no_number(keys, others, at_rank(order, first, count, from_end)) > 0:
        first += 1
    while (
        known > first and is_no_number(keys, others, at_rank(order, known - 1, count, from_end)) > 0
    ):
        known -= 1
    return first, known


@helper
def is_no_number(keys, others, place):
    """1 where one of two keys is no number."""
    found = 0
    if keys[place] != keys[place] or others[place] != others[place]:
        found = 1
    return found


@helper
def is_left_out(one, other, lead, sign, led):
    """1 where a bound does not hold."""
    out = is_beyond(one, other, sign)
    if led > 0:
        beyond = distance(one, other, lead)
        out = is_beyond(beyond, 0.0, sign)
        if beyond != beyond:
            out = int64(sign >= 0)
    return out


@helper
def is_beyond(one, other, sign):
    """1 where a comparison of numbers does not hold."""
    beyond = 0
    if sign == 0:
        beyond = int64(one >= other)
    if sign == 1:
        beyond = int64(one > other)
    if sign == 2:
        beyond = int64(one <= other)
    if sign == 3:
        beyond = int64(one < other)
    return beyond
