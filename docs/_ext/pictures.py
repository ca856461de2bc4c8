"""The pictures of the site, and the directive `picture` that puts one into a page."""

from collections.abc import Mapping

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from docs._ext.drawing import Arrow, Box, Note, Part, Picture


def _payout() -> Picture:
    record = Box(150, 10, 220, "Recorded as SENDING\nin your intents store", "store")
    call = Box(150, 90, 220, "payouts.create", "plain")
    pending = Box(150, 200, 220, "PENDING\nthe provider has accepted it", "wait")
    success = Box(105, 310, 150, "SUCCESS\nnot the last word", "good")
    failed = Box(325, 310, 150, "FAILED\nfinal", "bad")
    returned = Box(105, 420, 150, "RETURNED\nfinal", "bad")
    unknown = Box(345, 88, 130, "Answer lost:\nUNKNOWN", "doubt")
    parts: list[Part] = [
        *(record, call, pending, success, failed, returned, unknown),
        Arrow([record.bottom, call.top], "durable, before the first byte"),
        Arrow([call.bottom, pending.top], "answer, with an id"),
        Arrow([call.right, unknown.left], is_dashed=True),
        Arrow(
            [(345, 139), (345, 222), (pending.right[0], 222)],
            "webhook, list\nor a person",
            (338, 181),
            "end",
            is_dashed=True,
        ),
        Arrow([(105, 248), success.top], "webhook", (112, 285)),
        Arrow([(200, 248), (325, 280), failed.top], "webhook", (284, 262)),
        Arrow([success.bottom, returned.top], "webhook, later: the bank sends it back"),
        Note(192, 440, "To pay again after FAILED or\nRETURNED, use a new order_id."),
    ]
    alt = (
        "A payout is recorded as SENDING before it is sent. Its answer is PENDING. A webhook then says SUCCESS or "
        "FAILED. After SUCCESS, RETURNED may still follow. If the answer is lost, the outcome is UNKNOWN until a "
        "webhook, the provider's list or a person settles it."
    )
    return Picture("The life of a payout", alt, 480, parts)


def _outcomes() -> Picture:
    start = Box(120, 10, 190, "A call has failed", "plain")
    left = Box(120, 80, 190, "Did a byte leave\nthis machine?", "plain")
    refused = Box(120, 180, 190, "Does the status prove\na refusal?", "plain")
    done = Box(120, 280, 190, "Does the answer say\nthat it was done?", "plain")
    not_sent = Box(335, 80, 160, "NOT_SENT\nsend it again", "good")
    rejected = Box(335, 180, 160, "REJECTED\nmend it, then send", "bad")
    applied = Box(335, 280, 160, "APPLIED\ndo not send: read it", "good")
    unknown = Box(120, 380, 190, "UNKNOWN\nlook for it, do not send", "doubt")
    parts: list[Part] = [
        *(start, left, refused, done, not_sent, rejected, applied, unknown),
        Arrow([start.bottom, left.top]),
        Arrow([left.right, not_sent.left], "no", (224, 100)),
        Arrow([left.bottom, refused.top], "yes, or perhaps"),
        Arrow([refused.right, rejected.left], "yes", (224, 200)),
        Arrow([refused.bottom, done.top], "no"),
        Arrow([done.right, applied.left], "yes", (224, 300)),
        Arrow([done.bottom, unknown.top], "no"),
        Note(255, 243, "400, 401, 403, 404,\n406, 422 or 429"),
        Note(225, 402, "any other status, a broken\nanswer, a time-out, none"),
    ]
    alt = (
        "If no byte left, the outcome is NOT_SENT: send again. If the status is 400, 401, 403, 404, 406, 422 or 429, "
        "it is REJECTED: mend the request. If the answer says that the call was carried out but cannot be read, it is "
        "APPLIED. In all other cases it is UNKNOWN: look for the object, do not send again."
    )
    return Picture("The outcomes of a call that has failed, and what to do", alt, 440, parts)


def _inbox() -> Picture:
    hook = Box(210, 10, 280, "A webhook with a valid signature", "plain")
    receive = Box(210, 80, 130, "inbox.receive", "store")
    again = Box(80, 170, 140, "DUPLICATE\nOUTDATED\nnothing to do", "plain")
    new = Box(235, 170, 120, "NEW\nwaiting", "wait")
    conflict = Box(360, 170, 104, "CONFLICT\na person\nmust look", "doubt")
    taken = Box(235, 300, 150, "Taken\nby one worker", "wait")
    done = Box(235, 400, 150, "Done\npayload deleted", "good")
    parts: list[Part] = [
        *(hook, receive, again, new, conflict, taken, done),
        Arrow([hook.bottom, receive.top]),
        Arrow([(180, 111), (80, 140), again.top]),
        Arrow([(215, 111), (235, 140), new.top]),
        Arrow([(245, 111), (360, 140), conflict.top]),
        Arrow([new.bottom, taken.top], "take: a lease of 60 s", (242, 258)),
        Arrow([taken.bottom, done.top], "the block ends cleanly", (242, 376)),
        Arrow(
            [taken.left, (95, 324), (95, 250), (200, 250), (200, 219)],
            "the block raises, or\nthe lease runs out",
            (5, 345),
        ),
        Arrow([(400, conflict.bottom[1]), (400, done.right[1]), done.right], "inbox.done(event)", (412, 464), "end"),
        Note(284, 100, "then answer 200"),
    ]
    alt = (
        "receive says NEW, DUPLICATE, OUTDATED or CONFLICT. A NEW event waits, is taken by one worker under a lease, "
        "and is done at the clean end of the block. If the block raises, or the lease runs out, it waits again. "
        "A CONFLICT waits for a person."
    )
    return Picture("The states of a webhook in the inbox", alt, 475, parts)


def _machines() -> Picture:
    balancer = Box(210, 10, 200, "Load balancer", "plain")
    one = Box(105, 85, 180, "Machine 1\nweb app + worker", "plain")
    two = Box(315, 85, 180, "Machine 2\nweb app + worker", "plain")
    database = Box(
        210,
        190,
        330,
        "PostgreSQL\nintent: one record per payout, before it is sent\ndelivery: each webhook, until it is done",
        "store",
    )
    provider = Box(210, 310, 200, "PayCombat", "plain")
    parts: list[Part] = [
        *(balancer, one, two, database, provider),
        Arrow([(180, 41), (105, 62), one.top]),
        Arrow([(240, 41), (315, 62), two.top]),
        Arrow([one.bottom, (105, 190)]),
        Arrow([two.bottom, (315, 190)]),
        Arrow([one.left, (8, one.left[1]), (8, provider.left[1]), provider.left], "calls", (14, 345)),
        Arrow([provider.right, (413, provider.right[1]), (413, balancer.right[1]), balancer.right]),
        Note(406, 345, "webhooks", "end"),
    ]
    alt = (
        "A load balancer in front of two machines, each with web app and worker. Both share one PostgreSQL database "
        "with the intent and delivery tables. Both call PayCombat; its webhooks come in over the load balancer."
    )
    return Picture("Two machines, one database", alt, 360, parts)


PICTURES: Mapping[str, Picture] = {
    "payout": _payout(),
    "outcomes": _outcomes(),
    "inbox": _inbox(),
    "machines": _machines(),
}


class Show(SphinxDirective):
    """`picture`, with a name in `PICTURES`: the SVG in the page itself, so that it has the page's colours."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        picture = PICTURES[name]
        alt = f"[Picture: {picture.title}. {picture.alt}]"
        svg = f'<figure class="picture">{picture.svg(name)}<figcaption>{picture.title}</figcaption></figure>'
        return [nodes.raw("", svg, format="html", alt=alt)]


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("picture", Show)
    return {"parallel_read_safe": True}
