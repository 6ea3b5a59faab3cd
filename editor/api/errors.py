"""Every error of the editor.

    EditorError
    ├── BadPicture            the file is not a picture that can be opened
    │   └── PictureTooLarge   its bytes or its pixels exceed the limits
    ├── BadRequest            the job makes no sense (schema, shapes)
    │   ├── WrongBundle       a latent or delta was made for another generator
    │   └── NoSuchFace        the picture has fewer faces than that
    ├── BadCheckpoint         a weights file is malformed, hostile or for another network
    ├── UnknownBundle
    ├── UnknownJob
    ├── PictureUnknown        a picture was left out of a request and is not in the cache: send it
    ├── JobConflict           the job id was already used with another body
    ├── QueueFull             too many jobs of one user are waiting
    ├── Overloaded            the requests of all users take too much memory
    ├── TooSlow               a request did not arrive in time
    ├── NotAuthorised
    ├── Draining              the editor is stopping and takes no new work
    ├── Cancelled
    ├── OutOfMemory
    ├── DiskFull
    └── EditorAway            (client side) the editor cannot be reached

``code`` is stable and meant for programs, the text is meant for people, ``status`` is the HTTP status. No
other place maps errors to these.
"""

from __future__ import annotations

from typing import Any, ClassVar


class EditorError(Exception):
    """Base class. ``detail`` carries data for programs, such as limits, positions and names."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    sentence: ClassVar[str] = "Something went wrong inside the editor. Please try again."

    _by_code: ClassVar[dict[str, type[EditorError]]] = {}

    def __init__(self, sentence: str | None = None, **detail: Any) -> None:
        super().__init__(sentence or self.sentence)
        self.detail = detail

    def __init_subclass__(cls) -> None:
        cls._by_code.setdefault(cls.code, cls)


class BadPicture(EditorError):
    code, status, sentence = "bad-picture", 422, "This file is not a picture that I can open."


class PictureTooLarge(BadPicture):
    code, status, sentence = "picture-too-large", 413, "This picture is too large for me."


class BadRequest(EditorError):
    code, status, sentence = "bad-request", 400, "This request could not be understood."


class WrongBundle(BadRequest):
    code, status = "wrong-bundle", 409
    sentence = "This edit was made with another model and cannot be continued with the present one."


class NoSuchFace(BadRequest):
    """``detail``: the ``number``, the side it counts from (``reason``), and how many ``faces`` there are."""

    code, status, sentence = "no-such-face", 422, "There is no such face in this picture."


class BadCheckpoint(EditorError):
    code, status, sentence = "bad-checkpoint", 422, "This weights file cannot be used."


class UnknownBundle(EditorError):
    code, status, sentence = "unknown-bundle", 404, "There is no model of that name here."


class UnknownJob(EditorError):
    code, status, sentence = "unknown-job", 404, "There is no job of that name here."


class PictureUnknown(EditorError):
    """``detail["sha256"]`` lists the hashes of what has to be sent."""

    code, status = "picture-unknown", 422
    sentence = "The editor does not have this picture any more; send it."


class JobConflict(EditorError):
    code, status, sentence = "job-conflict", 409, "Another request was already made under this job's name."


class QueueFull(EditorError):
    """``detail["retry_after"]`` is in seconds."""

    code, status = "queue-full", 429
    sentence = "You have too many edits waiting. Please try again in a moment."


class Overloaded(EditorError):
    """``detail["retry_after"]`` is in seconds."""

    code, status = "overloaded", 503
    sentence = "Too many pictures are being edited at once. Please try again in a moment."


class TooSlow(EditorError):
    code, status, sentence = "too-slow", 408, "The request did not arrive in time."


class NotAuthorised(EditorError):
    code, status, sentence = "not-authorised", 401, "The editor did not accept the access token."


class Draining(EditorError):
    code, status, sentence = "draining", 503, "The editor is restarting. Please try again in a moment."


class Cancelled(EditorError):
    code, status, sentence = "cancelled", 410, "This edit was cancelled."


class OutOfMemory(EditorError):
    code, status, sentence = "out-of-memory", 507, "There was not enough memory for this edit."


class DiskFull(EditorError):
    code, status, sentence = "disk-full", 507, "There is no space left on the disk."


class EditorAway(EditorError):
    code, status, sentence = "editor-away", 503, "The editor cannot be reached at the moment."


def error_for(code: str, sentence: str, detail: dict[str, Any] | None = None) -> EditorError:
    """Return the error for a code in a response; an unknown code gives the base class."""
    return EditorError._by_code.get(code, EditorError)(sentence, **(detail or {}))
