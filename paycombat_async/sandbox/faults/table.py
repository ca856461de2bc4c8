"""The effect of each fault: whether the request is executed, when to wait, and how the response changes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from paycombat_async.sandbox.faults import answers, bodies, bombs, cuts, heads, wire, wrappings
from paycombat_async.sandbox.faults.names import Fault
from paycombat_async.sandbox.faults.response import Change, PlainResponse


class Pause(Enum):
    """When a fault waits: before or after the request is executed."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """The effect of a fault.

    `executes` says whether the request is executed, and `pause` when to wait. `change` changes the response. `write`
    produces the raw bytes to send; if it is None, aiohttp writes the response as usual.
    """

    executes: bool = True
    pause: Pause | None = None
    change: Change | None = None
    write: Callable[[PlainResponse], wire.Wire] | None = None


def _refused(change: Change) -> Action:
    return Action(executes=False, change=change)


def _changed(change: Change) -> Action:
    return Action(change=change)


ACTIONS: Final[Mapping[Fault, Action]] = {
    Fault.LATENCY: Action(pause=Pause.BEFORE),
    Fault.STATUS_429_SECONDS: _refused(answers.too_many(answers.in_whole_seconds)),
    Fault.STATUS_429_FLOAT: _refused(answers.too_many(answers.in_fractions)),
    Fault.STATUS_429_DATE: _refused(answers.too_many(answers.as_date)),
    Fault.STATUS_429_NEGATIVE: _refused(answers.too_many(answers.as_text("-5"))),
    Fault.STATUS_429_NAN: _refused(answers.too_many(answers.as_text("NaN"))),
    Fault.STATUS_429_INFINITY: _refused(answers.too_many(answers.as_text("Infinity"))),
    Fault.STATUS_429_HUGE: _refused(answers.too_many(answers.as_text("99999999999999999999"))),
    Fault.STATUS_429_TEXT: _refused(answers.too_many(answers.as_text("in a moment"))),
    Fault.STATUS_429_BARE: _refused(answers.too_many(None)),
    Fault.STATUS_400_BEFORE_COMMIT: _refused(answers.client_error(400)),
    Fault.STATUS_402_AFTER_COMMIT: _changed(answers.client_error(402)),
    Fault.STATUS_406_BEFORE_COMMIT: _refused(answers.client_error(406)),
    Fault.STATUS_408_AFTER_COMMIT: _changed(answers.client_error(408)),
    Fault.STATUS_409_AFTER_COMMIT: _changed(answers.client_error(409)),
    Fault.STATUS_418_AFTER_COMMIT: _changed(answers.client_error(418)),
    Fault.STATUS_422_BEFORE_COMMIT: _refused(answers.client_error(422)),
    Fault.STATUS_425_AFTER_COMMIT: _changed(answers.client_error(425)),
    Fault.STATUS_499_AFTER_COMMIT: _changed(answers.client_error(499)),
    Fault.STATUS_520_AFTER_COMMIT: _changed(answers.server_error(520)),
    Fault.ERROR_OBJECT: _refused(answers.error_object),
    Fault.STATUS_500_BEFORE_COMMIT: _refused(answers.server_error(500)),
    Fault.STATUS_500_AFTER_COMMIT: _changed(answers.server_error(500)),
    Fault.STATUS_503_BEFORE_COMMIT: _refused(answers.server_error(503)),
    Fault.STATUS_503_AFTER_COMMIT: _changed(answers.server_error(503)),
    Fault.HTML_413: _refused(answers.html(413)),
    Fault.HTML_502: _changed(answers.html(502)),
    Fault.REDIRECT_301: _refused(answers.redirect(301)),
    Fault.REDIRECT_302: _refused(answers.redirect(302)),
    Fault.REDIRECT_303: _refused(answers.redirect(303)),
    Fault.REDIRECT_307: _refused(answers.redirect(307)),
    Fault.REDIRECT_308: _refused(answers.redirect(308)),
    Fault.DISCONNECT_BEFORE_COMMIT: Action(executes=False, write=wire.disconnect),
    Fault.DISCONNECT_AFTER_COMMIT: Action(write=wire.disconnect),
    Fault.RESET_BEFORE_COMMIT: Action(executes=False, write=wire.reset),
    Fault.RESET_AFTER_COMMIT: Action(write=wire.reset),
    Fault.HALF_HEAD: Action(write=wire.half_head),
    Fault.HALF_BODY: Action(write=wire.half_body),
    Fault.LENGTH_TOO_LONG: Action(write=wire.length_too_long),
    Fault.LENGTH_TOO_SHORT: Action(write=wire.length_too_short),
    Fault.UNSIZED_END: Action(write=cuts.unsized_end),
    Fault.UNSIZED_RESET: Action(write=cuts.unsized_reset),
    Fault.UNSIZED_HALF: Action(write=cuts.unsized_half),
    Fault.CHUNKED_CUT: Action(write=cuts.chunked_cut),
    Fault.CHUNKED_EMPTY_CUT: Action(write=cuts.chunked_empty_cut),
    Fault.GZIP_CUT: Action(write=cuts.gzip_cut),
    Fault.GZIP_CUT_CHUNKED: Action(write=cuts.gzip_cut_chunked),
    Fault.TRICKLE: Action(write=wire.trickle),
    Fault.LATE_ANSWER: Action(pause=Pause.AFTER),
    Fault.STRAY_ANSWER: Action(write=wire.stray_answer),
    Fault.STRAY_PART: Action(write=wire.stray_part),
    Fault.STRAY_408: Action(write=wire.stray_408),
    Fault.STRAY_429: Action(write=wire.stray_error(429)),
    Fault.STRAY_500: Action(write=wire.stray_error(500)),
    Fault.IDLE_END: Action(write=wire.idle_end),
    Fault.IDLE_RESET: Action(write=wire.idle_reset),
    Fault.GZIP_BOMB: _changed(bombs.gzip_bomb),
    Fault.BROTLI_BOMB: _changed(bombs.brotli_bomb),
    Fault.LONG_HEADER: _changed(heads.long_header),
    Fault.MANY_HEADERS: _changed(heads.many_headers),
    Fault.WRONG_CONTENT_TYPE: _changed(heads.not_as_json),
    Fault.WRONG_CONTENT_ENCODING: _changed(heads.encoded_as("UTF-8")),
    Fault.PLAIN_AS_GZIP: _changed(heads.encoded_as("gzip")),
    Fault.EMPTY_200: _changed(bodies.empty),
    Fault.JSON_ARRAY: _changed(bodies.as_array),
    Fault.TRUNCATED_JSON: _changed(bodies.truncated),
    Fault.LONE_SURROGATE: _changed(bodies.lone_surrogate),
    Fault.BYTE_ORDER_MARK: _changed(bodies.byte_order_mark),
    Fault.RAW_TAB: _changed(bodies.raw_tab),
    Fault.LATIN_1: _changed(bodies.latin_1),
    Fault.JSON_NAN: _changed(bodies.not_a_number),
    Fault.DEEP_NESTING: _changed(bodies.nested),
    Fault.FAIL_IN_200: _refused(answers.in_200(answers.FAIL)),
    Fault.ERROR_IN_200: _refused(answers.in_200(answers.ERROR)),
    Fault.ERROR_OBJECT_IN_200: _refused(answers.in_200(answers.ERROR_OBJECT)),
    Fault.STATUS_CODE_IN_200: _refused(answers.in_200(answers.STATUS_CODE)),
    Fault.STATUS_499_IN_200: _changed(answers.in_200(answers.STATUS_499)),
    Fault.NO_IDENTITY: _changed(wrappings.without_identity),
    Fault.NO_VERDICT: _changed(wrappings.without_verdict),
    Fault.WRONG_ENVELOPE: _changed(wrappings.wrongly_wrapped),
    Fault.ENVELOPE_A: _changed(wrappings.wrapped(wrappings.ENVELOPE_A)),
    Fault.ENVELOPE_B: _changed(wrappings.wrapped(wrappings.ENVELOPE_B)),
    Fault.ENVELOPE_C: _changed(wrappings.wrapped(wrappings.ENVELOPE_C)),
    Fault.ENVELOPE_D: _changed(wrappings.wrapped(wrappings.ENVELOPE_D)),
    Fault.NO_ENVELOPE: _changed(wrappings.unwrapped),
}
