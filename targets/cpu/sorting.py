"""Sorting, in the language of steps: a row of n keys is merged in n·log n steps, where a comparison with
every other key takes n²."""

from __future__ import annotations

from numba import int64
from objc.targets.cpu.kernels import alone, helper

# ---- copied into emitted modules from here on


@alone
def sort(order, spare, held, moved, keys, count):
    """order[r]: the place of the key of rank r, of equal ones the first first; what is no number comes last.
    The others are memory for as many places and keys."""
    known = 0
    falls = 0
    for own in range(count):
        if keys[own] == keys[own]:
            held[known] = keys[own]
            order[known] = own
            if known > 0 and keys[own] < held[known - 1]:
                falls += 1
            known += 1
    rank = known
    for own in range(count):
        if keys[own] != keys[own]:
            order[rank] = own
            rank += 1
    if falls > 0:  # else it is in order as it stands
        sort_runs(held, order, 8, known)
        width = 8
        while width < known:
            merge(moved, spare, held, order, width, known)
            merge(held, order, moved, spare, 2 * width, known)
            width = 4 * width


@helper
def sort_runs(held, order, width, count):
    """Runs of a width, each by insertion."""
    first = 0
    while first < count:
        last = min(first + width, count)
        own = first + 1
        while own < last:
            key = held[own]
            there = order[own]
            place = own
            while place > first and key < held[place - 1]:
                held[place] = held[place - 1]
                order[place] = order[place - 1]
                place -= 1
            held[place] = key
            order[place] = there
            own += 1
        first = last


@helper
def merge(goal, goal_order, source, order, width, count):
    """Pairs of sorted runs of a width, each as one."""
    begin = 0
    while begin < count:
        left = begin
        middle = min(begin + width, count)
        right = middle
        last = min(middle + width, count)
        place = begin
        while left < middle and right < last:
            key = source[left]
            other = source[right]
            here = order[left]
            there = order[right]
            takes = int64(other < key)
            goal[place] = other if takes > 0 else key
            goal_order[place] = here + takes * (there - here)
            right += takes
            left += 1 - takes
            place += 1
        while left < middle:
            goal[place] = source[left]
            goal_order[place] = order[left]
            left += 1
            place += 1
        while right < last:
            goal[place] = source[right]
            goal_order[place] = order[right]
            right += 1
            place += 1
        begin = last
