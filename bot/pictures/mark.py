"""The marks that say a picture was edited with AI: one for machines in every file, one for eyes where it is wanted.

The machines' mark is the IPTC digital source type in an XMP packet, as Article 50(2) of the EU's AI Act asks for and as
search engines and image editors read it. It holds nothing of what the user said or sent. Where the operator has a
certificate, a signed C2PA manifest goes with it (``bot.pictures.credentials``).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import Protocol

from PIL import Image, ImageDraw

from bot.pictures import fonts
from bot.pictures.xmp import with_packet
from storage.records import Picture

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC: "a composite of a photograph or drawing and what a trained model made"."""
TOOL = "styleclip-bot"

_PACKET = f"""<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">
   <xmp:CreatorTool>{TOOL}</xmp:CreatorTool>
   <Iptc4xmpExt:DigitalSourceType>{SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>""".encode()


class Mark(Protocol):
    """What marks pictures: ``mark`` or a ``Marker``."""

    def __call__(self, picture: Picture, visible: bool = False, /) -> Picture:
        """The picture marked; ``visible`` also for the eye."""


class Signs(Protocol):
    """What can sign a finished file."""

    def sign(self, picture: Picture) -> Picture:
        """The same picture with a signed manifest in its file."""


def mark(picture: Picture, visible: bool = False) -> Picture:
    """The picture marked as edited with AI: the same pixels, and the same bytes for the same picture.

    A picture that carries the mark already comes back as it is. ``visible`` also draws a small label into the lower
    right corner, which is the only thing here that changes pixels; ask for it once, when the picture is posted.
    """
    if visible:
        picture = _labelled(picture)
    return picture if is_marked(picture.data) else replace(picture, data=with_packet(picture.data, _PACKET))


def is_marked(data: bytes) -> bool:
    """Does the file carry the mark?"""
    return _PACKET in data


@dataclass(frozen=True)
class Marker:
    """``mark``, then a signature where there is a signer. A signed picture is not the same bytes each time."""

    signer: Signs | None = None

    def __call__(self, picture: Picture, visible: bool = False) -> Picture:
        """The picture marked and, if it was not yet, signed."""
        if self.signer is None:
            return mark(picture, visible)
        fresh = visible or not is_marked(picture.data)
        marked = mark(picture, visible)
        return self.signer.sign(marked) if fresh else marked


# the visible mark

_LABEL, _TIMES = "AI", 4
_SHARE, _LEAST = 0.05, 14
"""Height of the label: a share of the shorter side, and never fewer pixels."""
_SAVE = {
    "image/png": ("PNG", {"compress_level": 6}),
    "image/jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    "image/webp": ("WEBP", {"quality": 95, "method": 4}),
}


def _labelled(picture: Picture) -> Picture:
    with Image.open(io.BytesIO(picture.data)) as opened:
        profile, mode = opened.info.get("icc_profile"), opened.mode
        image = opened.convert("RGBA")
    label = _label(max(_LEAST, round(_SHARE * min(image.size))))
    margin = max(3, label.height // 2)
    image.alpha_composite(
        label, (max(0, image.width - label.width - margin), max(0, image.height - label.height - margin))
    )
    form, options = _SAVE[picture.media_type]
    buffer = io.BytesIO()
    kept = image if mode in ("RGBA", "LA", "PA") and form != "JPEG" else image.convert("RGB")
    kept.save(buffer, form, icc_profile=profile, **options)
    return replace(picture, data=buffer.getvalue())


def _label(height: int) -> Image.Image:
    """A dark pill with a light rim and light letters: it stands out from light and from dark. RGBA, ``height`` pixels high."""
    tall = height * _TIMES
    font = fonts.latin(round(0.66 * tall))
    width = round(font.getlength(_LABEL) + 0.8 * tall)
    pill = Image.new("RGBA", (width, tall), (255, 255, 255, 0))
    draw = ImageDraw.Draw(pill)
    draw.rounded_rectangle((0, 0, width - 1, tall - 1), tall / 2, fill=(255, 255, 255, 205))
    rim = max(_TIMES, tall // 16)
    draw.rounded_rectangle(
        (rim, rim, width - 1 - rim, tall - 1 - rim), tall / 2 - rim, fill=(16, 17, 20, 225)
    )
    draw.text((width / 2, tall / 2), _LABEL, (255, 255, 255, 255), font, anchor="mm", stroke_width=tall // 44)
    return pill.resize((round(width / _TIMES), height), Image.Resampling.BOX)
