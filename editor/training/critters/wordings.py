"""How people say what a critter shows: for each attribute and pole, *things* one has and *traits* one is.

Things go where "an animal with {thing}" does, traits where "the animal is {trait}" does; whole sentences stand alone.
Written from general knowledge of English, for training only.
"""

from __future__ import annotations

from editor.training.avatars import wordings as people
from editor.training.lexicon import Condition, Wordings

SPECIES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cat": (("cat", "kitty", "house cat", "pussycat", "tomcat", "kitty cat", "domestic cat", "moggy", "alley cat", "mouser", "pussy cat", "puss"),
            ("catlike", "cat-like", "kitty-like", "cat-faced", "a tabby", "meowing", "purring")),
    "dog": (("dog", "doggy", "hound", "pooch", "mutt", "doggo", "beagle", "labrador", "retriever", "spaniel", "terrier", "bloodhound", "mongrel", "doggie"),
            ("doglike", "dog-like", "dog-faced", "houndlike", "barking", "man's best friend", "canine and tame")),
    "lion": (("lion", "king of the jungle", "african lion", "male lion", "king of beasts", "savanna lion", "lion king", "simba", "big maned cat"),
             ("leonine", "lion-like", "lionlike", "lion-faced")),
    "tiger": (("tiger", "bengal tiger", "siberian tiger", "tigress", "striped big cat", "jungle tiger", "sumatran tiger", "amur tiger", "tigger"),
              ("tiger-like", "tigerish", "tiger-faced", "tigerlike")),
    "wolf": (("wolf", "grey wolf", "timber wolf", "she-wolf", "gray wolf", "wild wolf", "arctic wolf", "lobo", "big bad wolf", "lone wolf", "wolf of the pack"),
             ("wolfish", "lupine", "wolf-like", "wolflike", "wolf-faced", "howling")),
    "fox": (("fox", "red fox", "vixen", "foxy", "wild fox", "reynard", "forest fox", "sly fox", "swift fox", "zorro the fox"),
            ("vulpine", "fox-like", "foxlike", "fox-faced", "foxy-looking")),
}  # fmt: skip
"""For each species: nouns and traits."""

SPECIES_FORMS = (
    "{x}", "{a}", "a portrait of {a}", "a picture of {a}", "the face of {a}", "it is {a}", "like {a}", "looks like {a}", "a cartoon {x}",
    "the head of {a}", "more like {a}", "{a} portrait", "an animal that is {a}", "more of {a}",
)  # fmt: skip
CHANGES = (
    "{other} into {x}", "{other} into {a}", "{a_other} turned into {a}", "the {other} as {a}", "from {other} to {x}", "not {a_other} but {a}",
    "{a} instead of {a_other}", "{other} to {x}",
)  # fmt: skip
"""Changes from another species; what counts is where they end."""

AMOUNTS: dict[str, tuple[Wordings, Wordings]] = {
    "mouth_open": (
        {"things": ("an open mouth", "a wide open mouth", "a gaping mouth", "an open muzzle", "open jaws", "a tongue showing", "mouth open", "mouth wide open", "an open snout", "a visible tongue"),
         "traits": ("open-mouthed", "roaring", "yawning", "panting", "barking loudly", "meowing loudly", "growling", "howling loudly", "talking", "shouting", "singing", "agape", "yelping")},
        {"things": ("a closed mouth", "a shut mouth", "mouth closed", "a closed muzzle", "shut jaws", "no tongue showing", "a sealed mouth"), "traits": ("silent", "closed-mouthed", "tight-lipped", "quiet", "mute")},
    ),
    "stripes": (
        {"things": ("stripes", "striped fur", "dark stripes", "tiger stripes", "a striped coat", "black stripes", "bands on the fur", "a tabby pattern", "tabby stripes", "stripy fur", "a striped face", "zebra stripes", "markings in bands"),
         "traits": ("striped", "stripy", "streaky", "tabby-striped", "banded", "stripey")},
        {"things": ("no stripes", "fur without stripes", "an unstriped coat", "a stripeless coat", "no bands on the fur", "no tabby pattern"), "traits": ("unstriped", "stripeless", "stripe-free", "not striped")},
    ),
    "spots": (
        {"things": ("spots", "spotted fur", "dark spots", "leopard spots", "a spotted coat", "dots on the fur", "cheetah spots", "dalmatian spots", "a dotted coat", "spotty fur", "speckles", "jaguar spots", "polka dots", "a leopard pattern"),
         "traits": ("spotted", "spotty", "dotted", "speckled", "dappled", "leopard-like")},
        {"things": ("no spots", "fur without spots", "an unspotted coat", "no dots on the fur", "a spotless coat", "no speckles"), "traits": ("unspotted", "spotless", "spot-free", "not spotted")},
    ),
    "mane": (
        {"things": ("a mane", "a big mane", "a lion's mane", "a bushy mane", "thick hair around the face", "a ring of hair", "a full mane", "a long mane", "a shaggy mane", "a collar of hair", "a thick mane", "a hairy mane", "a ruff of hair", "a majestic mane"),
         "traits": ("maned", "long-maned", "heavily maned", "thickly maned")},
        {"things": ("no mane", "a head without a mane", "a shaved mane", "no hair around the face", "no ruff"), "traits": ("maneless", "unmaned", "without a mane", "mane-free")},
    ),
    "whiskers": (
        {"things": ("whiskers", "long whiskers", "whiskers on the cheeks", "cat whiskers", "feelers", "bristles on the muzzle", "whiskers beside the nose", "stiff whiskers", "a whiskered muzzle", "whisker hairs"), "traits": ("whiskered", "whiskery", "bewhiskered", "with whiskers")},
        {"things": ("no whiskers", "trimmed whiskers", "a muzzle without whiskers", "a bare muzzle", "shaved whiskers", "no bristles"), "traits": ("whiskerless", "without whiskers", "whisker-free")},
    ),
    "blush": (
        {"things": ("rosy cheeks", "blush", "red cheeks", "flushed cheeks", "pink cheeks", "glowing cheeks", "ruddy cheeks", "warm cheeks", "rouge", "apple cheeks", "rosier cheeks", "redder cheeks"),
         "traits": ("blushing", "flushed", "rosy-cheeked", "embarrassed", "shy", "bashful", "red-cheeked")},
        {"things": ("no blush", "pale cheeks", "no rosy cheeks", "no redness in the cheeks", "no rouge", "plain cheeks"), "traits": ("unflushed", "not blushing", "unblushing")},
    ),
    "glasses": (
        people.AMOUNTS["glasses"][0], people.AMOUNTS["glasses"][1],
    ),
    "collar": (
        {"things": ("a collar", "a pet collar", "a dog collar", "a cat collar", "a neckband", "a collar with a tag", "a name tag", "a band around the neck", "a golden tag", "a necklace", "a collar around the neck", "a neck strap", "a pendant"),
         "traits": ("collared", "wearing a collar", "in a collar", "tame with a collar", "tagged")},
        {"things": ("no collar", "a bare neck", "no tag", "no neckband", "no necklace", "nothing around the neck"), "traits": ("collarless", "without a collar", "collar-free", "not wearing a collar")},
    ),
    "bow": (
        {"things": ("a bow tie", "a bow", "a bowtie", "a ribbon", "a ribbon bow", "a big bow", "a bow at the neck", "a fancy bow", "a bow under the chin", "a dickie bow", "a tied ribbon", "a gift bow", "a formal bow tie"),
         "traits": ("wearing a bow tie", "in a bow tie", "dressed up with a bow", "wearing a bow", "in a ribbon", "elegant", "dapper")},
        {"things": ("no bow tie", "no bow", "no ribbon", "a neck without a bow", "no bowtie"), "traits": ("bowless", "without a bow tie", "not wearing a bow")},
    ),
    "hat": (
        {"things": ("a party hat", "a hat", "a birthday hat", "a cone hat", "a pointed hat", "a paper hat", "a cap", "headwear", "a cone on the head", "a little hat", "a party cone", "a striped cone hat", "a birthday cap", "a hat on the head"),
         "traits": ("wearing a party hat", "wearing a hat", "in a hat", "hatted", "celebrating", "partying", "having a birthday")},
        {"things": ("no hat", "no party hat", "a bare head", "no headwear", "nothing on the head", "an uncovered head", "no cap"), "traits": ("hatless", "bareheaded", "without a hat", "hat-free")},
    ),
}  # fmt: skip
"""For each amount: present, absent."""

SCALES: dict[str, tuple[Wordings, Wordings]] = {
    "age": (
        {"things": ("an old face", "a grey muzzle", "a greying muzzle", "an aged face", "signs of age", "white eyebrows", "grey hairs", "bags under the eyes", "a weathered face", "a wise old face", "a silver muzzle"),
         "traits": ("old", "elderly", "aged", "older", "very old", "ancient", "senior", "a veteran", "wise and old", "a grandparent", "geriatric", "long in the tooth", "grizzled", "venerable", "mature", "adult")},
        {"things": ("a young face", "a cub's face", "a baby face", "a puppy's face", "a kitten's face", "a youthful face", "a childlike face", "a baby animal's face"),
         "traits": ("young", "a cub", "a baby", "youthful", "a baby animal", "juvenile", "newborn", "a youngster", "little", "a pup", "childlike", "very young", "younger", "a whelp", "a toddler", "infant", "an infant")},
    ),
    "cuteness": (
        {"things": ("a cute face", "an adorable face", "a sweet face", "a cute look", "puppy eyes", "a chibi face", "a lovable face", "sparkling eyes", "a cuddly face"),
         "traits": ("cute", "adorable", "kawaii", "sweet", "lovable", "charming", "cuddly", "very cute", "endearing", "chibi", "a cutie", "precious", "darling", "huggable", "as cute as a button", "cutesy")},
        {"things": ("a plain face", "a stern face", "a severe face", "a long plain face", "an uncute face", "a rugged face"), "traits": ("not cute", "plain", "severe", "unappealing", "homely", "uncute", "rugged", "tough-looking", "stern")},
    ),
    "smile": (
        {"things": ("a smile", "a big smile", "a grin", "a broad smile", "a happy face", "a cheerful expression", "a beaming face", "a wide grin", "a joyful look", "a friendly smile", "a happy expression", "a smiling mouth", "a smirk"),
         "traits": ("smiling", "happy", "grinning", "cheerful", "joyful", "beaming", "delighted", "laughing", "glad", "merry", "amused", "pleased", "in a good mood", "jolly", "friendly", "content", "overjoyed", "playful", "cheery")},
        {"things": ("a frown", "a sad face", "a gloomy expression", "a sad expression", "a sorrowful look", "a pout", "a sad mouth", "an unhappy face", "a serious expression", "a downturned mouth"),
         "traits": ("sad", "frowning", "unhappy", "gloomy", "sorrowful", "miserable", "upset", "depressed", "melancholic", "tearful", "glum", "heartbroken", "serious", "disappointed", "pouting", "moody", "not smiling", "grumpy-mouthed", "lonely")},
    ),
    "brow_angle": (
        {"things": ("angry eyebrows", "an angry look", "a scowl", "furious brows", "an angry expression", "a glare", "slanted eyebrows", "an evil look", "an angry face", "a mean look", "a fierce look", "a menacing stare"),
         "traits": ("angry", "furious", "mad", "scowling", "enraged", "cross", "evil", "mean", "fierce", "aggressive", "menacing", "villainous", "grumpy", "annoyed", "hostile", "raging", "ferocious", "dangerous", "savage")},
        {"things": ("worried eyebrows", "a worried look", "raised inner brows", "an anxious expression", "a concerned face", "pleading brows", "a worried expression", "a nervous face", "begging eyebrows"),
         "traits": ("worried", "anxious", "concerned", "nervous", "pleading", "apologetic", "fearful", "afraid", "scared", "timid", "frightened", "insecure", "begging", "guilty-looking")},
    ),
    "eye_openness": people.SCALES["eye_openness"],
    "eye_size": people.SCALES["eye_size"],
    "ear_size": (
        {"things": ("big ears", "large ears", "huge ears", "long ears", "enormous ears", "tall ears", "bat ears", "giant ears", "great big ears", "oversized ears", "bigger ears"), "traits": ("big-eared", "large-eared", "long-eared", "all ears", "jug-eared")},
        {"things": ("small ears", "tiny ears", "little ears", "short ears", "stubby ears", "petite ears", "miniature ears", "smaller ears", "dainty ears"), "traits": ("small-eared", "short-eared", "tiny-eared")},
    ),
    "ear_droop": (
        {"things": ("floppy ears", "droopy ears", "hanging ears", "lop ears", "drooping ears", "ears hanging down", "folded ears", "flappy ears", "beagle ears", "spaniel ears", "soft hanging ears", "ears down", "dangling ears"), "traits": ("floppy-eared", "lop-eared", "droopy-eared", "flap-eared")},
        {"things": ("pointed ears", "pointy ears", "upright ears", "erect ears", "perked ears", "ears standing up", "pricked ears", "perky ears", "ears up", "raised ears", "stiff ears", "triangular ears"), "traits": ("prick-eared", "pointy-eared", "sharp-eared", "perk-eared")},
    ),
    "nose_size": (
        {"things": ("a big nose", "a large nose", "a huge nose", "a wide nose", "a prominent nose", "a broad nose", "an enormous nose", "a giant nose", "a bulbous nose", "a great snout"), "traits": ("big-nosed", "large-nosed", "broad-nosed")},
        {"things": ("a small nose", "a tiny nose", "a button nose", "a little nose", "a narrow nose", "a petite nose", "a dainty nose", "a mini nose", "a cute little nose"), "traits": ("small-nosed", "button-nosed", "tiny-nosed")},
    ),
    "fluffiness": (
        {"things": ("fluffy fur", "bushy fur", "shaggy fur", "long fur", "thick fur", "fluffy cheeks", "tufts of fur", "a fluffy coat", "fuzzy fur", "bushy cheeks", "a tuft of hair on the head", "wild fur", "a tousled tuft", "a woolly coat", "a fur tuft"),
         "traits": ("fluffy", "shaggy", "furry", "fuzzy", "hairy", "bushy", "woolly", "long-haired", "unkempt", "tousled", "scruffy", "very fluffy", "downy")},
        {"things": ("short fur", "sleek fur", "smooth fur", "trimmed fur", "a sleek coat", "a smooth coat", "cropped fur", "flat fur", "a shorn coat", "no tufts"), "traits": ("sleek", "short-haired", "smooth-coated", "shorn", "trimmed", "sleek-coated", "short-furred")},
    ),
}  # fmt: skip
"""For each scale: high, low."""

COLOURS = people.COLOURS
FUR_COLOURS: dict[str, tuple[str, ...]] = {
    "orange": ("orange", "ginger", "red", "rusty", "copper", "amber", "tangerine", "fiery", "marmalade", "bright orange", "orange-red", "reddish"),
    "golden": ("golden", "sandy", "tan", "yellow", "blonde", "tawny", "honey-coloured", "beige", "cream", "gold", "fawn", "blond", "straw-coloured"),
    "brown": ("brown", "chocolate", "chestnut", "dark brown", "coffee-coloured", "hazelnut", "mahogany", "walnut brown", "cocoa", "umber"),
    "black": COLOURS["black"], "grey": COLOURS["grey"], "white": COLOURS["white"], "pink": COLOURS["pink"],
    "blue": (*COLOURS["blue"], "light blue"),
}  # fmt: skip
EYE_COLOURS: dict[str, tuple[str, ...]] = {
    "green": COLOURS["green"], "blue": (*COLOURS["blue"], "light blue", "icy blue"),
    "yellow": ("yellow", "golden", "amber", "gold", "lemon", "honey-coloured", "bright yellow", "golden yellow", "glowing yellow"),
    "brown": ("brown", "dark brown", "chocolate", "chestnut", "dark", "deep brown", "hazelnut brown", "coffee-coloured"),
}  # fmt: skip

_Form = tuple[str, tuple[str, ...], tuple[str, ...]]
COLOURED: dict[str, tuple[_Form, ...]] = {
    "fur_color": (("", ("{c} fur", "a {c} coat", "fur that is {c}", "{c}-coloured fur", "fur dyed {c}", "{c} hair", "a {c} pelt", "a coat in {c}"), ("{c}-furred", "covered in {c} fur")),),
    "eye_color": (("", ("{c} eyes", "eyes that are {c}", "{c}-coloured eyes", "{c} irises", "eyes of {c}", "a {c} gaze"), ("{c}-eyed",)),),
    "background_color": (("", *people.COLOURED["background_color"]),),
    "accessory_color": (
        ("collar", ("a {c} collar", "a {c} neckband", "a collar in {c}", "a {c} pet collar"), ("wearing a {c} collar",)),
        ("bow", ("a {c} bow", "a {c} bow tie", "a {c} ribbon", "a bow in {c}"), ("wearing a {c} bow tie",)),
        ("hat", ("a {c} hat", "a {c} party hat", "a hat in {c}", "a {c} cone hat"), ("wearing a {c} hat",)),
        ("", ("{c} accessories", "things worn in {c}"), ("dressed in {c}",)),
    ),
}  # fmt: skip
"""For each choice of a colour: (what must be worn or "", things, traits)."""

_YOUNG: dict[str, tuple[str, ...]] = {
    "cat": ("a kitten", "kitten", "a baby cat", "a little kitty", "a young cat", "a kitty baby"),
    "dog": ("a puppy", "puppy", "a baby dog", "a young dog", "a puppy dog", "a little doggy"),
    "lion": ("a lion cub", "a baby lion", "a young lion"), "tiger": ("a tiger cub", "a baby tiger", "a young tiger"),
    "wolf": ("a wolf cub", "a wolf pup", "a baby wolf", "a young wolf"), "fox": ("a fox cub", "a fox kit", "a baby fox", "a young fox"),
}  # fmt: skip
_WITH_SPECIES: tuple[tuple[tuple[str, ...], Condition], ...] = (
    (("a cute {s}", "cute {s}", "an adorable {s}", "a sweet {s}", "a lovely {s}"), ("cuteness", "high", "")),
    (("a happy {s}", "a smiling {s}", "happy {s}", "a cheerful {s}"), ("smile", "high", "")),
    (("a sad {s}", "sad {s}", "an unhappy {s}"), ("smile", "low", "")),
    (("an angry {s}", "angry {s}", "a fierce {s}"), ("brow_angle", "high", "")),
    (("an old {s}", "old {s}", "an elderly {s}"), ("age", "high", "")),
    (("a fluffy {s}", "fluffy {s}", "a shaggy {s}"), ("fluffiness", "high", "")),
    (("a {s} with glasses", "a bespectacled {s}"), ("glasses", "present", "")),
    (("a {s} with a bow tie",), ("bow", "present", "")),
    (("a {s} with a party hat",), ("hat", "present", "")),
    (("a big-eyed {s}", "a {s} with big eyes"), ("eye_size", "high", "")),
    (("a white {s}", "white {s}"), ("fur_color", "is", "white")),
    (("a black {s}", "black {s}"), ("fur_color", "is", "black")),
    (("a brown {s}", "brown {s}"), ("fur_color", "is", "brown")),
    (("a pink {s}", "pink {s}"), ("fur_color", "is", "pink")),
    (("a blue {s}", "blue {s}"), ("fur_color", "is", "blue")),
)  # fmt: skip
_OTHERS: tuple[tuple[tuple[str, ...], tuple[Condition, ...]], ...] = (
    (("a ginger cat", "an orange cat", "a marmalade cat", "garfield"), (("species", "is", "cat"), ("fur_color", "is", "orange"))),
    (("a tabby cat", "a striped cat"), (("species", "is", "cat"), ("stripes", "present", ""))),
    (("a dalmatian", "a spotted dog"), (("species", "is", "dog"), ("spots", "present", ""))),
    (("a lioness", "a female lion"), (("species", "is", "lion"), ("mane", "absent", ""))),
    (("a lion with a big mane", "a maned lion"), (("species", "is", "lion"), ("mane", "present", ""))),
    (("an arctic fox", "a snow fox"), (("species", "is", "fox"), ("fur_color", "is", "white"))),
    (("big floppy ears", "long floppy ears"), (("ear_size", "high", ""), ("ear_droop", "high", ""))),
    (("big pointy ears", "tall pointed ears"), (("ear_size", "high", ""), ("ear_droop", "low", ""))),
    (("big blue eyes", "large blue eyes"), (("eye_size", "high", ""), ("eye_color", "is", "blue"))),
    (("big green eyes", "large green eyes"), (("eye_size", "high", ""), ("eye_color", "is", "green"))),
    (("plain fur", "a plain coat", "fur in one colour", "a solid coat"), (("stripes", "absent", ""), ("spots", "absent", ""))),
)  # fmt: skip


def combinations() -> tuple[tuple[tuple[str, ...], tuple[Condition, ...]], ...]:
    """Texts of several conditions: cubs, and species that have something."""
    young = [(texts, (("species", "is", name), ("age", "low", ""))) for name, texts in _YOUNG.items()]
    paired = [
        (tuple(text.format(s=name) for text in texts), (("species", "is", name), condition))
        for name in SPECIES
        for texts, condition in _WITH_SPECIES
    ]
    return (*young, *paired, *_OTHERS)


GRADED: tuple[tuple[Wordings, tuple[Condition, ...]], ...] = (
    ({"things": ("a cuter face", "a sweeter face"), "traits": ("cuter", "more cute", "sweeter", "more adorable", "so cute")}, (("cuteness", "high", ""),)),
    ({"things": ("an older face",), "traits": ("much older", "elder", "more mature", "more aged", "greyer in the muzzle")}, (("age", "high", ""),)),
    ({"things": ("a younger face",), "traits": ("more youthful", "much younger", "more childlike", "more like a cub")}, (("age", "low", ""),)),
    ({"things": ("a bigger smile", "a happier face", "a wider smile"), "traits": ("happier", "more cheerful", "merrier", "friendlier", "less sad")}, (("smile", "high", ""),)),
    ({"things": ("a sadder face",), "traits": ("sadder", "gloomier", "more serious", "less happy", "unhappier")}, (("smile", "low", ""),)),
    ({"things": ("angrier eyebrows", "an angrier face"), "traits": ("angrier", "more furious", "meaner", "more evil", "grumpier", "fiercer")}, (("brow_angle", "high", ""),)),
    ({"things": ("a more worried face",), "traits": ("more worried", "more anxious", "less angry", "more scared")}, (("brow_angle", "low", ""),)),
    ({"things": ("larger eyes", "much bigger eyes"), "traits": ("bigger-eyed",)}, (("eye_size", "high", ""),)),
    ({"things": ("littler eyes", "tinier eyes"), "traits": ("smaller-eyed",)}, (("eye_size", "low", ""),)),
    ({"things": ("larger ears", "longer ears", "much bigger ears"), "traits": ("bigger-eared",)}, (("ear_size", "high", ""),)),
    ({"things": ("shorter ears", "tinier ears"), "traits": ("smaller-eared",)}, (("ear_size", "low", ""),)),
    ({"things": ("floppier ears", "droopier ears"), "traits": ("floppier-eared",)}, (("ear_droop", "high", ""),)),
    ({"things": ("pointier ears", "perkier ears", "more pointed ears"), "traits": ("pointier-eared",)}, (("ear_droop", "low", ""),)),
    ({"things": ("a bigger nose", "a larger nose"), "traits": ("bigger-nosed",)}, (("nose_size", "high", ""),)),
    ({"things": ("a smaller nose", "a tinier nose"), "traits": ("smaller-nosed",)}, (("nose_size", "low", ""),)),
    ({"things": ("fluffier fur", "longer fur", "thicker fur", "more fluff"), "traits": ("fluffier", "furrier", "shaggier", "fuzzier", "hairier")}, (("fluffiness", "high", ""),)),
    ({"things": ("shorter fur", "less fluff", "sleeker fur"), "traits": ("sleeker", "less fluffy", "less furry")}, (("fluffiness", "low", ""),)),
    ({"things": ("more stripes", "stronger stripes", "bolder stripes"), "traits": ("more striped", "stripier")}, (("stripes", "present", ""),)),
    ({"things": ("fewer stripes", "fainter stripes"), "traits": ("less striped",)}, (("stripes", "absent", ""),)),
    ({"things": ("more spots", "bigger spots"), "traits": ("more spotted", "spottier")}, (("spots", "present", ""),)),
    ({"things": ("fewer spots", "fainter spots"), "traits": ("less spotted",)}, (("spots", "absent", ""),)),
    ({"things": ("a bigger mane", "a longer mane", "a thicker mane", "more mane"), "traits": ("more maned",)}, (("mane", "present", ""),)),
    ({"things": ("a smaller mane", "less mane"), "traits": ("less maned",)}, (("mane", "absent", ""),)),
    ({"things": ("more open eyes", "wider eyes"), "traits": ("more awake", "more surprised")}, (("eye_openness", "high", ""),)),
    ({"things": ("narrower eyes", "sleepier eyes"), "traits": ("sleepier", "more tired", "drowsier")}, (("eye_openness", "low", ""),)),
)  # fmt: skip
"""Comparatives and other degrees."""

NEUTRAL: tuple[str, ...] = (
    "an animal", "a critter", "a portrait of an animal", "an animal's face", "a cartoon animal", "a creature", "a pet", "a picture of an animal", "a drawing of an animal", "a beast", "a mammal", "an animal head", "a furry creature", "the picture", "a cartoon face", "a cartoon portrait",
)  # fmt: skip
"""True of every portrait."""

_POSSIBLE = frozenset({
    "a dog", "a cat", "a tiger", "a lion", "a wolf", "a fox", "big ears", "pointy ears", "fur", "a snout", "a bow tie", "a necklace", "stripes",
    "polka dots", "a cat's face", "cat ears", "a tongue sticking out", "a sketch", "a werewolf",
})  # fmt: skip
IMPOSSIBLE: tuple[str, ...] = (
    *(text for text in people.IMPOSSIBLE if text not in _POSSIBLE),
    "a beard", "a moustache", "lipstick", "a mohawk", "curly hair", "earrings", "a woman", "a man", "a girl", "a boy", "a human face", "a person", "sunglasses", "freckles",
    "bald", "wrinkles", "makeup", "a shirt", "a dress", "an elephant", "a giraffe", "a penguin", "a frog", "a cow", "a sheep", "a goat", "a deer", "a squirrel", "a hamster", "a parrot", "an eagle", "a duck", "a chicken", "a kangaroo", "a koala",
    "a raccoon", "a hippo", "a rhino", "a camel", "a zebra", "a turtle", "a crocodile", "a spider", "a bee", "a butterfly", "a bone", "a ball of wool", "a mouse in the mouth", "a doghouse", "a cage", "a zoo", "a leash", "a tail wagging", "paws up", "running", "sleeping in a basket",
)  # fmt: skip
"""False of every portrait: what the model should know that it does not know."""
