"""The messages between bot and editor: jobs, their results and their events.

The editor is stateless. A job carries everything it needs (the picture, its latent code, the adjustments in
force), so any replica can run any job, and the same job gives the same answer. This module needs neither
torch nor numpy. Bytes travel as base64 inside JSON, or as raw attachments (``editor.api.framing``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from editor.api.binary import Data

VARIATION_STRENGTH = 0.35
"""Strength of a variation: this share of the way between two random pictures of the generator."""


class Message(BaseModel):
    """Base of all messages. Immutable; unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Array(Message):
    """A dense array in row-major order, little-endian."""

    dtype: Literal["float16", "float32"]
    shape: tuple[int, ...]
    data: Data


class Latent(Message):
    """A picture's W+ code ``w`` [num_ws, w_dim], valid only for the generator that ``fingerprint`` names."""

    bundle: str
    fingerprint: str
    w: Array


class Geometry(Message):
    """The square that is edited, in pixels of the upright picture."""

    center_x: float
    center_y: float
    side: float = Field(gt=0)
    roll: float = Field(0.0, description="degrees, clockwise")
    width: int = Field(gt=0, description="width of the whole picture")
    height: int = Field(gt=0, description="height of the whole picture")


Quality = Literal["draft", "standard", "best"]
"""How closely an inversion reproduces the picture, from the quickest to the closest."""
QUALITIES: tuple[Quality, ...] = get_args(Quality)
Box = tuple[float, float, Annotated[float, Field(gt=0)]]
"""A square in a picture: left, top and side in pixels."""


def quality_is_below(reached: Quality, requested: Quality) -> bool:
    """Return whether an inversion stopped short of the requested quality."""
    return QUALITIES.index(reached) < QUALITIES.index(requested)


class Fidelity(Message):
    """How well the generator reproduces the picture before any edit."""

    psnr: float = Field(description="dB over the square, after refinement")
    similarity: float = Field(description="cosine of image embeddings of picture and reconstruction, -1 to 1")
    in_domain: bool = Field(description="False when the picture is unlike anything that the bundle knows")
    quality: Quality = Field("standard", description="the quality that was reached")


class Inversion(Message):
    """An editable picture: the result of an ``invert`` job, needed by every later job."""

    latent: Latent
    geometry: Geometry
    fidelity: Fidelity
    tuning: Data | None = Field(None, description="this picture's change of the generator, as safetensors")


MethodName = Literal[
    "mapper",
    "direction",
    "prompt-mapper",
    "optimization",
    "optimization-s",
    "styleclip",
    "styleclip-auto",
    "styleclip-optimization",
    "stylemc",
    "stylespace",
    "ganspace",
    "interfacegan",
    "styleflow",
    "tedigan",
    "variation",
]
"""Ways to find a StyleSpace delta (``editor.editing.methods.registry``). A bundle lists those it offers."""
Level = Literal["coarse", "medium", "fine"]
"""Groups of W+ rows that a mapper may move: shape, features, colours."""


class PictureData(Message):
    """An encoded picture with its size in pixels."""

    media_type: Literal["image/png", "image/jpeg", "image/webp"]
    width: int
    height: int
    data: Data


class Change(Message):
    """A requested change, in words. Strength 1 is the bundle's standard step; negative means the opposite."""

    prompt: str = Field(min_length=1, max_length=300)
    said: str | None = Field(
        None, max_length=300, description="the user's own words, where the prompt is a translation"
    )
    neutral: str | None = Field(
        None, max_length=300, description="contrast text; chosen by the editor when absent"
    )
    strength: float = Field(1.0, ge=-3, le=3)
    method: MethodName | None = Field(None, description="chosen by measurement when absent")
    region: str | None = Field(
        None, max_length=100, description="where it may act, in words: 'hair', 'the left eye'"
    )
    mask: PictureData | None = Field(
        None,
        description="where it may act, painted white on black over the whole picture in any size; "
        "overrides region",
    )
    keep: tuple[str, ...] = ()

    @property
    def sign(self) -> float:
        """-1 for the opposite of the prompt, else 1."""
        return -1.0 if self.strength < 0 else 1.0


class Adjustment(Change):
    """A change that was found: its recipe, and its StyleSpace delta [channels] at strength 1.

    ``basis`` names the latent and the earlier deltas that the delta was found on ("" when it depends on
    none). Where these have changed, the editor finds the delta again.
    """

    method: MethodName
    threshold: float | None = Field(None, description="disentanglement threshold beta, for directions")
    fingerprint: str
    basis: str = ""
    most: float | None = Field(
        None,
        gt=0,
        description="multiple of the delta beyond which the change gets no truer on this picture; a cap",
    )
    delta: Array


class Effect(Message):
    """What one change did, measured on the rendered picture."""

    prompt: str
    verdict: Literal["done", "weak", "refused"]
    method: MethodName | None
    gain: float = Field(description="rise of the prompt's CLIP score against its neutral text, in logits")
    satisfied: bool = Field(description="the picture already showed it before the edit")
    identity: float = Field(description="cosine of identity features before and after, -1 to 1")
    changed: float = Field(description="share of the square's pixels that changed visibly, 0 to 1")
    outside: float = Field(description="share of that change outside the requested region, 0 to 1")
    replaced: tuple[str, ...] = Field((), description="prompts of earlier adjustments that this one replaced")
    nearest: tuple[str, ...] = Field((), description="after a refusal: similar prompts that do work")
    notes: tuple[str, ...] = Field(
        (),
        description="codes: region-ignored (the words name no place in this picture), "
        "not-here (a refusal of something that other pictures can show)",
    )


class InvertRequest(Message):
    """Make a new picture editable, and apply ``changes`` to it if there are any."""

    kind: Literal["invert"] = "invert"
    bundle: str | None = Field(None, description="the bundle that knows the picture best when absent")
    picture: Data = Field(description="an encoded picture, as the user sent it")
    quality: Quality = "standard"
    seconds: float | None = Field(
        None,
        gt=0,
        description="about how long the inversion may take; if given, a picture that 'standard' leaves too "
        "far away is inverted as 'best'",
    )
    box: Box | None = Field(None, description="the square to edit; no face is looked for then")
    face: int | None = Field(
        None,
        description="which face: 0 is the first from the left, -1 the first from the right; "
        "the largest when absent",
    )
    changes: tuple[Change, ...] = Field((), description="first edit of the picture, done in the same job")


class OtherFace(Message):
    """Another face of the same picture: its inversion, and the adjustments in force on it."""

    inversion: Inversion
    adjustments: tuple[Adjustment, ...]


def _rename(data: Any, **old: str) -> Any:
    """Accept fields by their earlier names, given as ``old_name="new_name"``."""
    return {old.get(key, key): value for key, value in data.items()} if isinstance(data, Mapping) else data


class EditRequest(Message):
    """Render the adjustments in force and further changes, and paste the result into the picture.

    A request without changes renders known adjustments only, as for "less", "more" or a move in the history.
    """

    kind: Literal["edit", "render"] = "edit"
    picture: Data
    inversion: Inversion
    adjustments: tuple[Adjustment, ...] = ()
    other_faces: tuple[OtherFace, ...] = Field(
        (), description="the other edited faces; they stay as they are"
    )
    changes: tuple[Change, ...] = ()
    seed: int | None = Field(None, description="for variations: a small deterministic change of look")
    search: bool = Field(False, description="slow methods may be tried where the fast ones do too little")
    seconds: float | None = Field(
        None, gt=0, description="about how long such a method may take; unlimited when absent"
    )

    @model_validator(mode="before")
    @classmethod
    def _accept_old_names(cls, data: Any) -> Any:
        return _rename(data, wishes="changes", beside="other_faces", patient="search")


class CompareRequest(Message):
    """Apply one change by several methods, each from the same start. Nothing is kept."""

    kind: Literal["compare"] = "compare"
    picture: Data
    inversion: Inversion
    adjustments: tuple[Adjustment, ...] = ()
    other_faces: tuple[OtherFace, ...] = ()
    change: Change
    methods: tuple[MethodName, ...] = Field((), description="those of the bundle when empty")

    @model_validator(mode="before")
    @classmethod
    def _accept_old_names(cls, data: Any) -> Any:
        return _rename(data, wish="change", beside="other_faces")


class TrainMapperRequest(Message):
    """Train a mapper for one prompt and keep it with the bundle; later changes with the same meaning use it.

    Runs alongside other jobs. Its progress has the stage "train" and counts seconds of ``minutes``.
    """

    kind: Literal["train-mapper"] = "train-mapper"
    bundle: str | None = None
    prompt: str = Field(min_length=1, max_length=300)
    neutral: str | None = Field(None, max_length=300)
    levels: tuple[Level, ...] = ("coarse", "medium", "fine")
    minutes: float = Field(3.0, gt=0, le=120)
    seed: int = 0


class EditResult(Message):
    kind: Literal["edit"] = "edit"
    picture: PictureData
    adjustments: tuple[Adjustment, ...] = Field(
        description="all that are in force now, refused changes excluded"
    )
    effects: tuple[Effect, ...] = Field(description="one for each change, in order")

    @property
    def worth_a_search(self) -> bool:
        """Whether a change was refused that a ``search`` may still find: other pictures can show it."""
        return any("not-here" in effect.notes and not effect.satisfied for effect in self.effects)


class InvertResult(Message):
    kind: Literal["invert"] = "invert"
    inversion: Inversion
    picture: PictureData = Field(
        description="the upload decoded: upright, sRGB, no alpha, a still picture, as PNG; "
        "a large JPEG unchanged but for its metadata"
    )
    warnings: tuple[str, ...] = Field(
        (),
        description="codes: animated, downscaled, alpha-flattened, not-aligned, no-face, several-faces, "
        "outside-domain",
    )
    face: int | None = Field(
        None, description="number of the chosen face from the left; None where none was looked for"
    )
    faces: int = Field(0, description="how many were found")
    edit: EditResult | None = Field(
        None,
        exclude_if=lambda edit: edit is None,  # earlier clients do not know this field
        description="the first edit, where the request had changes",
    )


class MethodResult(Message):
    """What one method made of the change. ``adjustment`` is None where it found nothing.

    ``adjustments`` are all in force in its picture, so that a front end can continue from there.
    """

    method: MethodName
    picture: PictureData
    adjustment: Adjustment | None
    adjustments: tuple[Adjustment, ...]
    effect: Effect
    milliseconds: float


class CompareResult(Message):
    kind: Literal["compare"] = "compare"
    rows: tuple[MethodResult, ...]


class TrainMapperResult(Message):
    kind: Literal["train-mapper"] = "train-mapper"
    bundle: str
    prompt: str
    steps: int
    gain: float = Field(description="mean rise of the prompt's logit over unseen samples")
    kept: bool = Field(description="False where the mapper learnt too little to be kept")


Request = Annotated[
    InvertRequest | EditRequest | CompareRequest | TrainMapperRequest, Field(discriminator="kind")
]
Result = Annotated[InvertResult | EditResult | CompareResult | TrainMapperResult, Field(discriminator="kind")]


class Job(Message):
    """The body of ``PUT /v1/jobs/{id}``."""

    user: str = Field(min_length=1, max_length=200, description="the fair queue counts the job for this user")
    priority: int = Field(0, ge=-10, le=10, description="higher runs first among one user's jobs")
    request: Request


class Queued(Message):
    event: Literal["queued"] = "queued"
    number: int
    position: int = Field(description="jobs ahead of this one")


class Started(Message):
    event: Literal["started"] = "started"
    number: int


class Progress(Message):
    event: Literal["progress"] = "progress"
    number: int
    stage: Literal["decode", "encode", "refine", "tune", "find", "fit", "train", "render", "measure", "paste"]
    step: int
    total: int
    preview: PictureData | None = Field(
        None, description="a small picture of the work so far, at most about two a second"
    )


class Done(Message):
    event: Literal["done"] = "done"
    number: int
    result: Result
    milliseconds: float


class Failed(Message):
    event: Literal["failed"] = "failed"
    number: int
    code: str = Field(description="stable, for programs")
    sentence: str = Field(description="for people")
    detail: dict[str, Any] = {}


Event = Annotated[Queued | Started | Progress | Done | Failed, Field(discriminator="event")]


class BundleInfo(Message):
    """One editable domain, as ``GET /v1/bundles`` lists it."""

    name: str
    title: str
    domain: str = Field(description="what it knows, as a plural noun phrase: 'cartoon portraits'")
    resolution: int
    fingerprint: str
    licence: str
    examples: tuple[str, ...] = Field((), description="prompts that work well, for hints and autocomplete")
    methods: tuple[MethodName, ...] = ()
    languages: tuple[str, ...] = Field(("en",), description="languages that its text-image model understands")


State = Literal["queued", "running", "done", "failed"]


class JobState(Message):
    """The state of a job, as ``GET /v1/jobs/{id}`` reports it."""

    id: str
    state: State
    events: int = Field(description="number of events so far")


class EditorStatus(Message):
    """The state of the editor, as ``GET /v1/status`` reports it."""

    bundles: tuple[str, ...] = Field(description="names of the loaded bundles; empty before they are loaded")
    waiting: int = Field(description="jobs in the queue")
    running: int
    seconds: float = Field(description="time since it started")
    device: str = Field(description="cpu or cuda; empty before the bundles are loaded")
    versions: dict[str, str] = Field({}, description="versions of Python and the main libraries")
