"""The exception for refused requests; its message names the field and never contains its value."""


class Refused(Exception):
    """The request is refused and changes nothing. `status` is the HTTP status, `code` a machine-readable constant."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(message: str) -> Refused:
    """400: an invalid body or query."""
    return Refused(400, "BAD_REQUEST", message)


def unauthorized(message: str) -> Refused:
    """401: a wrong token or signature."""
    return Refused(401, "UNAUTHORIZED", message)


def not_found(message: str) -> Refused:
    """404: an unknown object or path."""
    return Refused(404, "NOT_FOUND", message)


def conflict(message: str) -> Refused:
    """409: a transition that the object's status does not allow."""
    return Refused(409, "CONFLICT", message)


def unprocessable(code: str, message: str) -> Refused:
    """422: a valid body that cannot be executed in the current state, such as too low a balance."""
    return Refused(422, code, message)
