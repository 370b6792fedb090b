"""What a function of a library returns."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """The statuses of C; the header documents each."""

    OK = 0
    INDEX_OUT_OF_RANGE = 1
    INVALID_SIZE = 2
    MISSING_ARRAY = 3
    OUTSIDE_DOMAIN = 4
    OUT_OF_MEMORY = 5
    INVALID_STEP = 6


MEANINGS = {
    Status.OK: "done",
    Status.INDEX_OUT_OF_RANGE: "an index in the data leaves its axis: see objc_error; the results are void",
    Status.INVALID_SIZE: "a size is negative; objc_error names the dimension",
    Status.MISSING_ARRAY: "an array with entries is NULL; objc_error names it",
    Status.OUTSIDE_DOMAIN: "a hyperparameter lies outside of its domain; objc_error names it",
    Status.OUT_OF_MEMORY: "memory could not be allocated, or the sizes are beyond any memory",
    Status.INVALID_STEP: "there is no such step, or no such chunk of it",
}
