"""How the sandbox says no: `Refused`, with a message that names the field and never shows its value."""


class Refused(Exception):
    """The request is not carried out. `status` is the HTTP status, `code` a constant for programs."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def bad_request(message: str) -> Refused:
    """400, for a body or a query that breaks the rules."""
    return Refused(400, "BAD_REQUEST", message)


def unauthorized(message: str) -> Refused:
    """401, for a wrong token or signature."""
    return Refused(401, "UNAUTHORIZED", message)


def not_found(message: str) -> Refused:
    """404, for an unknown object or path."""
    return Refused(404, "NOT_FOUND", message)


def conflict(message: str) -> Refused:
    """409, for a move that the object's status does not allow."""
    return Refused(409, "CONFLICT", message)


def unprocessable(code: str, message: str) -> Refused:
    """422, for a body that keeps the rules, but cannot be carried out as things stand."""
    return Refused(422, code, message)
