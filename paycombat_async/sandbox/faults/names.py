"""The names of all faults, and the default times of the faults that take time."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from paycombat_async.errors import ConfigurationError


class Fault(StrEnum):
    """An error that the sandbox injects into a request or a webhook. The value is the name that users write.

    Most faults act after the request was executed. The request is not executed with these constants: those that end in
    BEFORE_COMMIT; those that begin with STATUS_429 or REDIRECT; `ERROR_OBJECT` and `HTML_413`; those that end in
    IN_200, except `STATUS_499_IN_200`.
    """

    LATENCY = "latency"
    STATUS_429_SECONDS = "429_seconds"
    STATUS_429_FLOAT = "429_float"
    STATUS_429_DATE = "429_date"
    STATUS_429_NEGATIVE = "429_negative"
    STATUS_429_NAN = "429_nan"
    STATUS_429_INFINITY = "429_infinity"
    STATUS_429_HUGE = "429_huge"
    STATUS_429_TEXT = "429_text"
    STATUS_429_BARE = "429_bare"
    STATUS_400_BEFORE_COMMIT = "400_before_commit"
    STATUS_402_AFTER_COMMIT = "402_after_commit"
    STATUS_406_BEFORE_COMMIT = "406_before_commit"
    STATUS_408_AFTER_COMMIT = "408_after_commit"
    STATUS_409_AFTER_COMMIT = "409_after_commit"
    STATUS_418_AFTER_COMMIT = "418_after_commit"
    STATUS_422_BEFORE_COMMIT = "422_before_commit"
    STATUS_425_AFTER_COMMIT = "425_after_commit"
    STATUS_499_AFTER_COMMIT = "499_after_commit"
    STATUS_520_AFTER_COMMIT = "520_after_commit"
    ERROR_OBJECT = "error_object"
    STATUS_500_BEFORE_COMMIT = "500_before_commit"
    STATUS_500_AFTER_COMMIT = "500_after_commit"
    STATUS_503_BEFORE_COMMIT = "503_before_commit"
    STATUS_503_AFTER_COMMIT = "503_after_commit"
    HTML_413 = "html_413"
    HTML_502 = "html_502"
    REDIRECT_301 = "redirect_301"
    REDIRECT_302 = "redirect_302"
    REDIRECT_303 = "redirect_303"
    REDIRECT_307 = "redirect_307"
    REDIRECT_308 = "redirect_308"
    DISCONNECT_BEFORE_COMMIT = "disconnect_before_commit"
    DISCONNECT_AFTER_COMMIT = "disconnect_after_commit"
    RESET_BEFORE_COMMIT = "reset_before_commit"
    RESET_AFTER_COMMIT = "reset_after_commit"
    HALF_HEAD = "half_head"
    HALF_BODY = "half_body"
    LENGTH_TOO_LONG = "length_too_long"
    LENGTH_TOO_SHORT = "length_too_short"
    UNSIZED_END = "unsized_end"
    UNSIZED_RESET = "unsized_reset"
    UNSIZED_HALF = "unsized_half"
    CHUNKED_CUT = "chunked_cut"
    CHUNKED_EMPTY_CUT = "chunked_empty_cut"
    GZIP_CUT = "gzip_cut"
    GZIP_CUT_CHUNKED = "gzip_cut_chunked"
    TRICKLE = "trickle"
    LATE_ANSWER = "late_answer"
    STRAY_ANSWER = "stray_answer"
    STRAY_PART = "stray_part"
    STRAY_408 = "stray_408"
    STRAY_429 = "stray_429"
    STRAY_500 = "stray_500"
    IDLE_END = "idle_end"
    IDLE_RESET = "idle_reset"
    GZIP_BOMB = "gzip_bomb"
    BROTLI_BOMB = "brotli_bomb"
    LONG_HEADER = "long_header"
    MANY_HEADERS = "many_headers"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    WRONG_CONTENT_ENCODING = "wrong_content_encoding"
    PLAIN_AS_GZIP = "plain_as_gzip"
    EMPTY_200 = "empty_200"
    JSON_ARRAY = "json_array"
    TRUNCATED_JSON = "truncated_json"
    LONE_SURROGATE = "lone_surrogate"
    BYTE_ORDER_MARK = "byte_order_mark"
    RAW_TAB = "raw_tab"
    LATIN_1 = "latin_1"
    JSON_NAN = "json_nan"
    DEEP_NESTING = "deep_nesting"
    FAIL_IN_200 = "fail_in_200"
    ERROR_IN_200 = "error_in_200"
    ERROR_OBJECT_IN_200 = "error_object_in_200"
    STATUS_CODE_IN_200 = "status_code_in_200"
    STATUS_499_IN_200 = "499_in_200"
    NO_IDENTITY = "no_identity"
    NO_VERDICT = "no_verdict"
    WRONG_ENVELOPE = "wrong_envelope"
    ENVELOPE_A = "envelope_a"
    ENVELOPE_B = "envelope_b"
    ENVELOPE_C = "envelope_c"
    ENVELOPE_D = "envelope_d"
    NO_ENVELOPE = "no_envelope"
    DUPLICATE_WEBHOOK = "duplicate_webhook"
    OUT_OF_ORDER_WEBHOOK = "out_of_order_webhook"

    def lasting(self, seconds: float) -> "Mishap":
        """Returns this fault with a time in seconds in place of its default time.

        Raises `ConfigurationError` if the fault takes no time, or if the time is negative or not finite.
        """
        if self not in SECONDS:
            raise ConfigurationError(f"{self} takes no time; those that do: {', '.join(SECONDS)}")
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ConfigurationError(f"{self}: the time must be 0 seconds or more")
        return Mishap(self, seconds)


class Mishap(NamedTuple):
    """A fault and its time in seconds. The time is 0 if the fault takes no time."""

    fault: Fault
    seconds: float

    def __str__(self) -> str:
        return f"{self.fault}={self.seconds:g}s" if self.fault in SECONDS else self.fault.value


SECONDS: Final[Mapping[Fault, float]] = {
    Fault.LATENCY: 0.1,
    Fault.STATUS_429_SECONDS: 1,
    Fault.STATUS_429_FLOAT: 0.5,
    Fault.STATUS_429_DATE: 2,
    # The seconds between two bytes of the response.
    Fault.TRICKLE: 0.05,
    # Longer than the client's default timeout of 30 seconds.
    Fault.LATE_ANSWER: 35,
    # For the following faults: seconds from the end of the correct response to the action on the idle connection.
    Fault.STRAY_ANSWER: 0.005,
    Fault.STRAY_PART: 0.005,
    Fault.STRAY_408: 0.005,
    Fault.STRAY_429: 0.005,
    Fault.STRAY_500: 0.005,
    Fault.IDLE_END: 0.005,
    Fault.IDLE_RESET: 0.005,
}
# The faults that act on the connection when it is idle after a correct response.
IDLE_FAULTS: Final = frozenset(fault for fault in Fault if fault.startswith(("stray", "idle")))
WEBHOOK_FAULTS: Final = frozenset({Fault.DUPLICATE_WEBHOOK, Fault.OUT_OF_ORDER_WEBHOOK})


def fault_named(name: str) -> Fault:
    """Returns the fault with this name.

    Raises `ConfigurationError` if no fault has this name. The message lists all names.
    """
    try:
        return Fault(name)
    except ValueError:
        raise ConfigurationError(f"there is no fault {name!r}; there are: {', '.join(Fault)}") from None
