"""Serves the control interface: checks each request, decodes its query or body, runs the command, returns JSON."""

from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from paycombat_async.errors import ConfigurationError
from paycombat_async.sandbox.control.admission import check_control, check_json
from paycombat_async.sandbox.control.commands import COMMANDS
from paycombat_async.sandbox.control.controls import Command, Controls
from paycombat_async.sandbox.control.stream import EVENTS, stream
from paycombat_async.sandbox.envelopes import refusal
from paycombat_async.sandbox.news import CONTROL
from paycombat_async.sandbox.refusals import Refused, bad_request, not_found

CONTROL_PATH: Final = "/_sandbox/{name:.*}"
CONTROL_ROUTE: Final = "sandbox.control"
# `no-store` keeps responses out of a browser's cache. There are no CORS headers, so that the pages of other sites
# cannot read a response.
_HEADERS: Final = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}


def control_handler(controls: Controls) -> Handler:
    """Returns the aiohttp handler for all paths under `/_sandbox/`."""

    async def control(request: web.Request) -> web.StreamResponse:
        """Returns the result of the command as JSON. If the request is refused, the JSON has `message` and `code`."""
        try:
            check_control(request.headers, controls.token)
            if request.match_info["name"] == EVENTS and request.method == "GET":
                return await stream(request, controls)
            command = _command(request)
            result = await command.run(controls, await _body(request, command))
        except ConfigurationError as error:
            return _refused(bad_request(str(error)))
        except Refused as refused:
            return _refused(refused)
        if request.method == "POST":
            controls.news.publish(CONTROL)
        return web.Response(body=msgspec.json.encode(result), headers=_HEADERS)

    return control


def _command(request: web.Request) -> Command[Any]:
    methods = COMMANDS.get(request.match_info["name"])
    if methods is None:
        names = ", ".join(f"/_sandbox/{name}" for name in (*COMMANDS, EVENTS))
        raise not_found(f"there is no such path; there are: {names}")
    command = methods.get(request.method)
    if command is None:
        raise Refused(405, "METHOD_NOT_ALLOWED", f"this path takes {' and '.join(methods)}")
    return command


async def _body(request: web.Request, command: Command[Any]) -> Any:
    try:
        if request.method == "GET":
            return msgspec.convert(dict(request.query), command.body, strict=False)
        check_json(request.content_type, request.charset, request.headers)
        return msgspec.json.decode(await request.read(), type=command.body)
    except msgspec.ValidationError as error:
        raise bad_request(str(error)) from None
    except msgspec.DecodeError:
        raise bad_request("the body is not JSON") from None


def _refused(refused: Refused) -> web.Response:
    return web.Response(status=refused.status, body=msgspec.json.encode(refusal(refused)), headers=_HEADERS)
