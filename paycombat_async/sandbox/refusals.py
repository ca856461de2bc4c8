"""The error with which the sandbox refuses a request. Its message may name a field but never contains its value."""


class Refused(Exception):
    """Raised to refuse a request. A refused request changes nothing.

    `status` is the HTTP status of the response. `code` is a constant for programs, such as "NOT_FOUND".
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(message: str) -> Refused:
    """Returns the error for an invalid body or query: a `Refused` with HTTP status 400."""
    return Refused(400, "BAD_REQUEST", message)


def unauthorized(message: str) -> Refused:
    """Returns the error for a wrong token or signature: a `Refused` with HTTP status 401."""
    return Refused(401, "UNAUTHORIZED", message)


def not_found(message: str) -> Refused:
    """Returns the error for an unknown object or path: a `Refused` with HTTP status 404."""
    return Refused(404, "NOT_FOUND", message)


def conflict(message: str) -> Refused:
    """Returns the error for a change that the object's status does not allow: a `Refused` with HTTP status 409."""
    return Refused(409, "CONFLICT", message)


def unprocessable(code: str, message: str) -> Refused:
    """Returns the error for a valid request that cannot be executed now: a `Refused` with HTTP status 422.

    One reason is a balance that is too low.
    """
    return Refused(422, code, message)
