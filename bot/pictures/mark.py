"""Marks that say a picture was edited with AI: metadata in every file, and a visible label on request.

The metadata is the IPTC digital source type in an XMP packet. Article 50(2) of the EU's AI Act asks for a
machine-readable mark, and search engines and image editors read this one. It contains nothing that the user
said or sent. If the operator has a certificate, a signed C2PA manifest is added too
(``bot.pictures.credentials``).
"""

from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image, ImageDraw

from bot.pictures import fonts
from bot.pictures.xmp import with_packet
from storage.records import Picture

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
"""IPTC's term for a composite that includes content made by a trained model."""
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


def mark(picture: Picture, visible: bool = False) -> Picture:
    """Mark a picture as edited with AI. A picture that has the mark is returned unchanged.

    The same picture always gives the same bytes. The mark does not touch the pixels. Only ``visible`` does:
    it draws a small label in the lower right corner, so use it once, when the picture is posted.
    """
    if visible:
        picture = _with_label(picture)
    return picture if is_marked(picture.data) else replace(picture, data=with_packet(picture.data, _PACKET))


def is_marked(data: bytes) -> bool:
    """Return whether the file has the mark."""
    return _PACKET in data


# the visible label

_LABEL, _OVERSAMPLING = "AI", 4
_RELATIVE_HEIGHT, _MIN_HEIGHT = 0.05, 14
"""Height of the label: a fraction of the picture's shorter side, and at least so many pixels."""
_SAVE_OPTIONS = {
    "image/png": ("PNG", {"compress_level": 6}),
    "image/jpeg": ("JPEG", {"quality": 95, "subsampling": 0}),
    "image/webp": ("WEBP", {"quality": 95, "method": 4}),
}


def _with_label(picture: Picture) -> Picture:
    with Image.open(io.BytesIO(picture.data)) as opened:
        profile, mode = opened.info.get("icc_profile"), opened.mode
        image = opened.convert("RGBA")
    label = _draw_label(max(_MIN_HEIGHT, round(_RELATIVE_HEIGHT * min(image.size))))
    margin = max(3, label.height // 2)
    left, top = image.width - label.width - margin, image.height - label.height - margin
    image.alpha_composite(label, (max(0, left), max(0, top)))
    form, options = _SAVE_OPTIONS[picture.media_type]
    if mode not in ("RGBA", "LA", "PA") or form == "JPEG":
        image = image.convert("RGB")
    buffer = io.BytesIO()
    image.save(buffer, form, icc_profile=profile, **options)
    return replace(picture, data=buffer.getvalue())


def _draw_label(height: int) -> Image.Image:
    """Draw light letters on a dark pill with a light rim, visible on light and on dark pictures.

    Returns:
        An RGBA picture of ``height`` pixels, drawn larger and reduced so that its edges are smooth.
    """
    tall = height * _OVERSAMPLING
    font = fonts.latin(round(0.66 * tall))
    width = round(font.getlength(_LABEL) + 0.8 * tall)
    pill = Image.new("RGBA", (width, tall), (255, 255, 255, 0))
    draw = ImageDraw.Draw(pill)
    draw.rounded_rectangle((0, 0, width - 1, tall - 1), tall / 2, fill=(255, 255, 255, 205))
    rim = max(_OVERSAMPLING, tall // 16)
    draw.rounded_rectangle(
        (rim, rim, width - 1 - rim, tall - 1 - rim), tall / 2 - rim, fill=(16, 17, 20, 225)
    )
    draw.text((width / 2, tall / 2), _LABEL, (255, 255, 255, 255), font, anchor="mm", stroke_width=tall // 44)
    return pill.resize((round(width / _OVERSAMPLING), height), Image.Resampling.BOX)
