"""The exception for refused requests. Its message may name a field, but never contains the field's value."""


class Refused(Exception):
    """Raised to refuse a request. A refused request changes nothing.

    `status` is the HTTP status, and `code` is a machine-readable constant.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(message: str) -> Refused:
    """Returns a `Refused` with status 400, for an invalid body or query."""
    return Refused(400, "BAD_REQUEST", message)


def unauthorized(message: str) -> Refused:
    """Returns a `Refused` with status 401, for a wrong token or signature."""
    return Refused(401, "UNAUTHORIZED", message)


def not_found(message: str) -> Refused:
    """Returns a `Refused` with status 404, for an unknown object or path."""
    return Refused(404, "NOT_FOUND", message)


def conflict(message: str) -> Refused:
    """Returns a `Refused` with status 409, for a transition that the object's current status does not allow."""
    return Refused(409, "CONFLICT", message)


def unprocessable(code: str, message: str) -> Refused:
    """Returns a `Refused` with status 422, for a valid body that cannot be executed now.

    For example, the balance may be too low.
    """
    return Refused(422, code, message)
