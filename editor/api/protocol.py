"""What the bot and the editor say to each other: jobs, their results and their events, as JSON.

The editor is stateless: a job carries all it needs (the picture, its latent, the adjustments in force), so any replica
can serve any job and a job asked twice gives the same answer. Nothing here imports torch or numpy; arrays travel as
little-endian bytes in base64 with their dtype and shape.
"""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


def _bytes_from_base64(value: Any) -> Any:
    return base64.b64decode(value, validate=True) if isinstance(value, str) else value


Base64Data = Annotated[
    bytes,
    BeforeValidator(_bytes_from_base64),
    PlainSerializer(lambda value: base64.b64encode(value).decode("ascii"), return_type=str, when_used="json"),
]

VARIATION = 0.35
"""Strength of a variation: this share of the way between two random pictures of the generator."""


class Message(BaseModel):
    """Base of everything on the wire: immutable, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Array(Message):
    """A dense array in row-major order, little-endian."""

    dtype: Literal["float16", "float32"]
    shape: tuple[int, ...]
    data: Base64Data


class Latent(Message):
    """A picture's place in W+: ``w`` is [num_ws, w_dim]. Valid for one generator only, which ``fingerprint`` names."""

    bundle: str
    fingerprint: str
    w: Array


class Geometry(Message):
    """Where the edited square lies in the picture, in its own pixels after EXIF orientation: centre, side, roll."""

    center_x: float
    center_y: float
    side: float = Field(gt=0)
    roll: float = Field(0.0, description="degrees, clockwise")
    width: int = Field(gt=0, description="of the whole picture")
    height: int = Field(gt=0)


Quality = Literal["draft", "standard", "best"]
"""Of an inversion: ``editor.inversion.inversion`` says what each is."""
QUALITIES: tuple[Quality, ...] = get_args(Quality)
"""From the quickest to the closest."""
Box = tuple[float, float, Annotated[float, Field(gt=0)]]
"""A square in a picture: left, top, side in pixels."""


def is_less(reached: Quality, asked: Quality) -> bool:
    """Whether an inversion did not get as far as it was asked to."""
    return QUALITIES.index(reached) < QUALITIES.index(asked)


class Fidelity(Message):
    """How well the generator reproduces the picture before any edit."""

    psnr: float = Field(description="dB over the square, after refinement")
    similarity: float = Field(description="cosine of image embeddings of picture and reconstruction, -1 to 1")
    in_domain: bool = Field(description="False when the picture is unlike anything that the bundle knows")
    quality: Quality = Field("standard", description="the one that was reached")


class Inversion(Message):
    """A picture made editable: what `invert` gives and every later job needs."""

    latent: Latent
    geometry: Geometry
    fidelity: Fidelity
    tuning: Base64Data | None = Field(
        None, description="the picture's own change of the generator, as safetensors"
    )


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
"""Ways to a StyleSpace delta; ``editor.editing.methods.registry`` has them. A bundle lists those it offers."""
Level = Literal["coarse", "medium", "fine"]
"""Groups of W+ rows that a mapper may move: shape, features, colours."""


class PictureData(Message):
    """An encoded picture with its size in pixels."""

    media_type: Literal["image/png", "image/jpeg", "image/webp"]
    width: int
    height: int
    data: Base64Data


class Wish(Message):
    """What is asked for, in words. ``strength`` 1 is the bundle's standard step, negative asks for the opposite."""

    prompt: str = Field(min_length=1, max_length=300)
    said: str | None = Field(
        None, max_length=300, description="the user's own words where the prompt translates them"
    )
    neutral: str | None = Field(
        None, max_length=300, description="contrast text; chosen by the editor when absent"
    )
    strength: float = Field(1.0, ge=-3, le=3)
    method: MethodName | None = Field(None, description="chosen by measuring when absent")
    region: str | None = Field(
        None, max_length=100, description="where it may act, in words: 'hair', 'the left eye'"
    )
    mask: PictureData | None = Field(
        None,
        description="where it may act, painted: white on black, of the whole picture in any size; goes before region",
    )
    keep: tuple[str, ...] = ()

    @property
    def sign(self) -> float:
        """-1 where the opposite is asked for, else 1."""
        return -1.0 if self.strength < 0 else 1.0


class Adjustment(Wish):
    """A wish that has been found: its recipe and its StyleSpace delta at strength 1.

    ``delta`` is [channels], in the order of the generator's style layers. ``basis`` names the latent and the earlier
    deltas it was found on ("" when it depends on none): where these changed, the editor finds the delta anew.
    """

    method: MethodName
    threshold: float | None = Field(None, description="disentanglement threshold beta, for directions")
    fingerprint: str
    basis: str = ""
    most: float | None = Field(
        None,
        gt=0,
        description="lengths of the delta at which the wish is as true as it gets on this "
        "picture: no strength goes further",
    )
    delta: Array


class Effect(Message):
    """What one wish did, as measured on the rendered picture."""

    prompt: str
    verdict: Literal["done", "weak", "refused"]
    method: MethodName | None
    gain: float = Field(description="rise of the CLIP score of the wish against its neutral text, in logits")
    satisfied: bool = Field(description="the picture already showed it before the edit")
    identity: float = Field(description="cosine of identity features before and after, -1 to 1")
    changed: float = Field(description="share of the square's pixels that changed visibly, 0 to 1")
    outside: float = Field(description="share of that change which lies outside the wished region, 0 to 1")
    replaced: tuple[str, ...] = Field(
        (), description="prompts of earlier adjustments that this one took over from"
    )
    nearest: tuple[str, ...] = Field(
        (), description="for a refusal: near wishes that this bundle does answer"
    )
    notes: tuple[str, ...] = Field(
        (),
        description="codes: region-ignored, where its words name no place in this picture; "
        "not-here, for a refusal of what other pictures can show",
    )


class InvertRequest(Message):
    kind: Literal["invert"] = "invert"
    bundle: str | None = Field(None, description="the bundle that knows the picture best when absent")
    picture: Base64Data = Field(description="an encoded picture, as the user sent it")
    quality: Quality = "standard"
    seconds: float | None = Field(
        None,
        gt=0,
        description="about how long the inversion may take; within that, what "
        "'standard' leaves too far away becomes 'best', which it never does without",
    )
    box: Box | None = Field(None, description="the square to edit, where no face is to be looked for")
    face: int | None = Field(
        None,
        description="which face: 0 is the first from the left, -1 the first from the right; "
        "the largest when absent",
    )


class Beside(Message):
    """Another face of the same picture: its inversion, and the adjustments in force on it."""

    inversion: Inversion
    adjustments: tuple[Adjustment, ...]


class EditRequest(Message):
    """Adjustments in force, then new wishes, rendered and pasted back into the picture.

    Without wishes this is what "less", "more" and a jump in the history need.
    """

    kind: Literal["edit", "render"] = "edit"
    picture: Base64Data
    inversion: Inversion
    adjustments: tuple[Adjustment, ...] = ()
    beside: tuple[Beside, ...] = Field(
        (), description="the other faces that are edited; they stay as they are"
    )
    wishes: tuple[Wish, ...] = ()
    seed: int | None = Field(None, description="for variations: a small deterministic change of look")
    patient: bool = Field(False, description="slow methods may be tried where the fast ones do too little")
    seconds: float | None = Field(
        None, gt=0, description="about how long such a method may search; to its end when absent"
    )


class CompareRequest(Message):
    """One wish by several methods, each from the same start; nothing is kept."""

    kind: Literal["compare"] = "compare"
    picture: Base64Data
    inversion: Inversion
    adjustments: tuple[Adjustment, ...] = ()
    beside: tuple[Beside, ...] = ()
    wish: Wish
    methods: tuple[MethodName, ...] = Field((), description="those of the bundle when empty")


class TrainMapperRequest(Message):
    """A mapper for one prompt, trained and kept with the bundle by the installation; later wishes that say the same use it.

    It runs beside other jobs. Its progress has the stage "train" and counts seconds of ``minutes``.
    """

    kind: Literal["train-mapper"] = "train-mapper"
    bundle: str | None = None
    prompt: str = Field(min_length=1, max_length=300)
    neutral: str | None = Field(None, max_length=300)
    levels: tuple[Level, ...] = ("coarse", "medium", "fine")
    minutes: float = Field(3.0, gt=0, le=120)
    seed: int = 0


class InvertResult(Message):
    kind: Literal["invert"] = "invert"
    inversion: Inversion
    picture: PictureData = Field(
        description="the upload decoded: upright, sRGB, no alpha, a still picture, as PNG; "
        "a large JPEG as it was, less its metadata"
    )
    warnings: tuple[str, ...] = Field(
        (),
        description="codes: animated, downscaled, alpha-flattened, not-aligned, no-face, several-faces, outside-domain",
    )
    face: int | None = Field(
        None, description="number from the left of the face that was taken, None where none was looked for"
    )
    faces: int = Field(0, description="how many were found")


class EditResult(Message):
    kind: Literal["edit"] = "edit"
    picture: PictureData
    adjustments: tuple[Adjustment, ...] = Field(
        description="all in force now; refused wishes are not among them"
    )
    effects: tuple[Effect, ...] = Field(description="one per wish, in order")

    @property
    def worth_a_search(self) -> bool:
        """Was a wish refused that other pictures do show? Asked again with ``patient``, a search may find it on this one."""
        return any("not-here" in effect.notes and not effect.satisfied for effect in self.effects)


class Compared(Message):
    """What one method made of the wish; ``adjustment`` is None where it found nothing.

    ``adjustments`` are all in force in its picture, so that a front end can go on from there.
    """

    method: MethodName
    picture: PictureData
    adjustment: Adjustment | None
    adjustments: tuple[Adjustment, ...]
    effect: Effect
    milliseconds: float


class CompareResult(Message):
    kind: Literal["compare"] = "compare"
    rows: tuple[Compared, ...]


class TrainMapperResult(Message):
    kind: Literal["train-mapper"] = "train-mapper"
    bundle: str
    prompt: str
    steps: int
    gain: float = Field(description="mean rise of the wish's logit over unseen samples")
    kept: bool = Field(description="False where it learnt too little to be worth keeping")


Request = Annotated[
    InvertRequest | EditRequest | CompareRequest | TrainMapperRequest, Field(discriminator="kind")
]
Result = Annotated[InvertResult | EditResult | CompareResult | TrainMapperResult, Field(discriminator="kind")]


class Job(Message):
    """The body of ``PUT /v1/jobs/{id}``."""

    user: str = Field(min_length=1, max_length=200, description="whom the fair queue counts it for")
    priority: int = Field(0, ge=-10, le=10, description="higher goes first within one user")
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
    examples: tuple[str, ...] = Field(
        (), description="wishes that it answers well, for hints and autocomplete"
    )
    methods: tuple[MethodName, ...] = ()
    languages: tuple[str, ...] = Field(("en",), description="languages that its text-image model understands")


State = Literal["queued", "running", "done", "failed"]


class JobState(Message):
    """How a job stands, as ``GET /v1/jobs/{id}`` tells."""

    id: str
    state: State
    events: int = Field(description="events there are so far")


class EditorStatus(Message):
    """How the editor stands, as ``GET /v1/status`` tells."""

    bundles: tuple[str, ...] = Field(description="names of what is loaded; empty before that")
    waiting: int = Field(description="jobs in the queue")
    running: int
    seconds: float = Field(description="since it started")
    device: str = Field(description="what it computes on: cpu, cuda; empty before it is loaded")
    versions: dict[str, str] = Field({}, description="of Python and the libraries that matter")
