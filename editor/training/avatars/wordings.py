"""How people say what a portrait shows: for each attribute and pole, *things* one has and *traits* one is.

Things go where "a person with {thing}" does, traits where "the person is {trait}" or "a {trait} face" does; whole
sentences stand alone. Written from general knowledge of English, dialects and slang included, for training only.
"""

from __future__ import annotations

Wordings = dict[str, tuple[str, ...]]

AMOUNTS: dict[str, tuple[Wordings, Wordings]] = {
    "mouth_open": (
        {"things": ("an open mouth", "a wide open mouth", "parted lips", "a gaping mouth", "visible teeth", "teeth showing", "a toothy mouth", "an agape mouth", "a dropped jaw", "mouth wide open", "mouth open"),
         "traits": ("open-mouthed", "gasping", "shouting", "talking", "yelling", "singing", "agape", "speaking", "yawning", "screaming")},
        {"things": ("a closed mouth", "a shut mouth", "sealed lips", "lips together", "pressed lips", "mouth closed", "lips shut", "no teeth showing"), "traits": ("tight-lipped", "silent", "closed-mouthed", "mute")},
    ),
    "wrinkles": (
        {"things": ("wrinkles", "deep wrinkles", "facial lines", "crow's feet", "forehead lines", "creases", "a wrinkled face", "wrinkly skin", "lined skin", "furrows", "a furrowed forehead", "laugh lines", "smile lines", "creased skin", "weathered skin", "worry lines"),
         "traits": ("wrinkled", "wrinkly", "lined", "weathered", "creased", "furrowed")},
        {"things": ("no wrinkles", "smooth skin", "a smooth face", "a wrinkle-free face", "unlined skin", "a smooth forehead", "taut skin", "ironed-out skin"), "traits": ("wrinkle-free", "smooth-skinned", "unwrinkled", "unlined", "smooth-faced")},
    ),
    "glasses": (
        {"things": ("glasses", "spectacles", "eyeglasses", "specs", "a pair of glasses", "reading glasses", "thick frames", "eyewear", "nerdy glasses", "black-rimmed glasses", "horn-rimmed glasses", "lenses in a frame", "a pair of spectacles", "prescription glasses", "round glasses", "square glasses"),
         "traits": ("bespectacled", "wearing glasses", "four-eyed", "wearing specs", "in glasses")},
        {"things": ("no glasses", "no spectacles", "no eyewear", "bare eyes", "uncovered eyes", "no specs"), "traits": ("glasses-free", "not wearing glasses", "without spectacles", "not bespectacled")},
    ),
    "sunglasses": (
        {"things": ("sunglasses", "shades", "dark glasses", "tinted glasses", "black sunglasses", "dark lenses", "sunnies", "cool shades", "tinted lenses", "aviators", "a pair of sunglasses", "blacked-out glasses", "ray-bans", "wayfarers"),
         "traits": ("wearing shades", "wearing sunglasses", "in dark glasses", "hidden behind sunglasses")},
        {"things": ("no sunglasses", "no shades", "clear lenses", "no dark glasses", "visible eyes"), "traits": ("without shades", "not wearing sunglasses")},
    ),
    "moustache": (
        {"things": ("a moustache", "a mustache", "a stache", "a handlebar moustache", "whiskers on the upper lip", "hair above the lip", "a tache", "a mo", "upper lip hair", "a bushy moustache", "a walrus moustache", "a thick mustache"),
         "traits": ("moustachioed", "mustached", "moustached", "mustachioed")},
        {"things": ("no moustache", "no mustache", "a bare upper lip", "a shaved upper lip", "a hairless upper lip"), "traits": ("without a mustache", "moustache-free")},
    ),
    "beard": (
        {"things": ("a beard", "a full beard", "facial hair on the chin", "a bushy beard", "a goatee", "chin hair", "a thick beard", "whiskers on the jaw", "a lumberjack beard", "a hairy chin", "stubble", "a big beard", "a viking beard", "a bearded chin"),
         "traits": ("bearded", "unshaven", "unshaved", "stubbly", "hairy-faced", "scruffy")},
        {"things": ("no beard", "a bare chin", "a shaved chin", "a hairless chin", "a shaven face", "a smooth chin"), "traits": ("clean-shaven", "beardless", "shaved", "freshly shaven", "smooth-cheeked", "clean shaven")},
    ),
    "fringe": (
        {"things": ("bangs", "a fringe", "hair over the forehead", "a full fringe", "blunt bangs", "hair falling on the forehead", "a covered forehead", "straight bangs", "long bangs", "a bowl-cut fringe", "wispy bangs", "front hair", "a forelock"), "traits": ("fringed", "wearing bangs")},
        {"things": ("no bangs", "no fringe", "a bare forehead", "hair swept back", "a visible forehead", "slicked-back hair", "an open forehead", "an uncovered forehead", "combed-back hair"), "traits": ("fringeless",)},
    ),
    "baldness": (
        {"things": ("no hair", "a bald head", "a shaved head", "a shiny head", "a hairless head", "a bare scalp", "a bald scalp", "a smooth head", "a receding hairline", "a shiny scalp", "no hair on the head", "a chrome dome"),
         "traits": ("bald", "balding", "hairless", "bald-headed", "completely bald", "baldheaded", "skinheaded")},
        {"things": ("a full head of hair", "hair", "hair on the head", "a head of hair", "plenty of hair", "thick hair on top"), "traits": ("haired", "not bald", "hairy-headed")},
    ),
    "lipstick": (
        {"things": ("lipstick", "painted lips", "lip makeup", "glossy lips", "coloured lips", "makeup on the lips", "lip colour", "lip gloss", "makeup", "made-up lips", "bright lips", "bold lips", "rouged lips", "cosmetics", "full makeup", "glam makeup"),
         "traits": ("wearing lipstick", "wearing makeup", "made-up", "made up", "glamorous")},
        {"things": ("no lipstick", "bare lips", "natural lips", "unpainted lips", "no makeup", "no lip makeup", "plain lips", "no make-up", "no cosmetics", "a natural look", "a bare face"), "traits": ("makeup-free", "without makeup", "barefaced", "not wearing makeup", "without make-up", "without lipstick")},
    ),
    "blush": (
        {"things": ("rosy cheeks", "blush", "red cheeks", "flushed cheeks", "pink cheeks", "rouge on the cheeks", "glowing cheeks", "ruddy cheeks", "warm cheeks", "blusher", "apple cheeks", "cheeks turning red"),
         "traits": ("blushing", "flushed", "rosy-cheeked", "embarrassed", "red-faced", "shy", "bashful")},
        {"things": ("no blush", "pale cheeks", "colourless cheeks", "no rouge", "no redness in the cheeks"), "traits": ("unflushed", "not blushing")},
    ),
    "freckles": (
        {"things": ("freckles", "freckled cheeks", "brown spots on the nose", "sun spots", "a sprinkle of freckles", "little brown dots", "a freckly nose", "freckled skin", "dotted cheeks", "sun-kissed freckles"), "traits": ("freckled", "freckly", "freckle-faced", "speckled")},
        {"things": ("no freckles", "a freckle-free face", "unfreckled skin", "no brown dots"), "traits": ("unfreckled", "freckle-free", "without freckles")},
    ),
    "earrings": (
        {"things": ("earrings", "gold earrings", "ear studs", "jewellery on the ears", "ear jewelry", "golden studs", "pierced ears", "ear rings", "hoops", "studs in the ears", "jewellery", "jewelry", "ear bling", "big earrings"), "traits": ("wearing earrings", "bejewelled", "wearing jewellery", "pierced")},
        {"things": ("no earrings", "bare ears", "no jewellery", "no jewelry", "plain ears", "unpierced ears", "no ear studs"), "traits": ("without earrings", "jewellery-free")},
    ),
    "hat": (
        {"things": ("a hat", "headwear", "a sun hat", "a fedora", "a brimmed hat", "a wide-brimmed hat", "a straw hat", "a hat on the head", "headgear", "a bowler hat", "a cowboy hat", "a trilby", "something on the head", "a covered head", "a panama hat", "a sombrero"),
         "traits": ("hatted", "wearing a hat", "with a hat on", "in a hat")},
        {"things": ("no hat", "a bare head", "no headwear", "nothing on the head", "an uncovered head", "no cap"), "traits": ("hatless", "bareheaded", "without a hat", "hat-free")},
    ),
    "beanie": (
        {"things": ("a beanie", "a knitted hat", "a woolly hat", "a bobble hat", "a winter hat", "a knit cap", "a pom-pom hat", "a wool cap", "a ski hat", "a toque", "a stocking cap", "a woollen hat", "a warm hat"), "traits": ("wearing a beanie", "in a bobble hat", "in a woolly hat")},
        {"things": ("no beanie", "no knitted hat", "no bobble hat", "no woolly hat"), "traits": ("beanie-free", "without a beanie")},
    ),
    "collar": (
        {"things": ("a collar", "a shirt collar", "a collared shirt", "a polo collar", "a button-up shirt", "a dress shirt", "a shirt with a collar", "a pointed collar", "a formal collar", "a blouse with a collar"), "traits": ("wearing a collared shirt", "collared", "smartly dressed")},
        {"things": ("no collar", "a collarless shirt", "a t-shirt", "a crew neck", "a round neckline", "a plain tee", "a sweater without collar", "a jumper"), "traits": ("collarless",)},
    ),
    "mohawk": (
        {"things": ("a mohawk", "a mohican", "a punk haircut", "a strip of hair on top", "a punk hairstyle", "spiky punk hair", "shaved sides", "a crest of hair", "an iroquois haircut", "a tall strip of hair", "a mohawk haircut", "a punk crest"), "traits": ("mohawked", "punk", "punky", "punk-haired")},
        {"things": ("no mohawk", "an ordinary haircut", "no punk hair", "a normal hairstyle", "no shaved sides"), "traits": ("without a mohawk",)},
    ),
    "blemishes": (
        {"things": ("blemishes", "pimples", "acne", "spots", "zits", "red spots", "blotchy skin", "a spotty face", "breakouts", "bad skin", "skin blemishes", "red bumps", "a rash", "pimply skin", "blackheads"), "traits": ("spotty", "pimply", "blemished", "acned", "acne-ridden")},
        {"things": ("no blemishes", "clear skin", "flawless skin", "a spotless complexion", "no pimples", "no acne", "a clean complexion", "perfect skin", "unblemished skin", "healthy skin", "clean skin"), "traits": ("unblemished", "clear-skinned", "acne-free", "spot-free", "blemish-free")},
    ),
}  # fmt: skip
"""For each amount: present, absent."""

SCALES: dict[str, tuple[Wordings, Wordings]] = {
    "age": (
        {"things": ("an old face", "an elderly face", "an aged face", "an older face", "signs of age", "an old look", "a senior face"),
         "traits": ("old", "elderly", "aged", "older", "very old", "ancient", "senior", "a pensioner", "a senior citizen", "in old age", "a grandparent", "advanced in years", "geriatric", "retired", "over seventy", "eighty years old", "an old person", "an elder")},
        {"things": ("a young face", "a child's face", "a childlike face", "a youthful face", "a baby face", "a younger look", "a kid's face", "youth"),
         "traits": ("young", "a child", "a kid", "youthful", "a toddler", "childlike", "little", "a youngster", "a little kid", "underage", "very young", "a teenager", "five years old", "juvenile", "a schoolchild", "a young person", "younger", "a teen", "an infant", "a minor")},
    ),
    "gender_presentation": (
        {"things": ("feminine features", "a woman's face", "long eyelashes", "a feminine face", "a female face", "ladylike features", "a girl's face", "thick lashes"),
         "traits": ("a woman", "a girl", "female", "feminine", "a lady", "womanly", "ladylike", "girly", "a gal", "femme", "a female person", "girlish")},
        {"things": ("masculine features", "a man's face", "a square jaw", "a male face", "a manly jaw", "a masculine face", "a strong jaw", "a boy's face"),
         "traits": ("a man", "a guy", "male", "masculine", "a gentleman", "manly", "a dude", "a boy", "a bloke", "butch", "a male person", "a fella", "a chap")},
    ),
    "cuteness": (
        {"things": ("a cute face", "an adorable face", "a sweet face", "a doll-like face", "a cute look", "baby-like features", "a chibi face", "puppy eyes"),
         "traits": ("cute", "adorable", "kawaii", "sweet", "lovable", "charming", "cuddly", "very cute", "as cute as a button", "endearing", "chibi", "a cutie", "precious", "cartoonishly cute", "darling")},
        {"things": ("a long plain face", "a stern long face", "an uncute face", "small beady eyes and a long face", "a severe face"), "traits": ("not cute", "plain", "severe", "long-faced", "unappealing", "homely", "uncute")},
    ),
    "smile": (
        {"things": ("a smile", "a big smile", "a grin", "a broad smile", "a happy face", "a cheerful expression", "a beaming face", "a wide grin", "a joyful look", "upturned lips", "a friendly smile", "a happy expression", "a smiling mouth"),
         "traits": ("smiling", "happy", "grinning", "cheerful", "joyful", "beaming", "delighted", "laughing", "glad", "merry", "amused", "pleased", "in a good mood", "jolly", "smiley", "content", "overjoyed", "ecstatic", "cheery")},
        {"things": ("a frown", "a sad face", "downturned lips", "a gloomy expression", "a sad expression", "a sorrowful look", "a pout", "a sad mouth", "a long face of grief", "an unhappy face", "a serious expression", "a serious face"),
         "traits": ("sad", "frowning", "unhappy", "gloomy", "sorrowful", "miserable", "upset", "depressed", "melancholic", "down", "tearful", "glum", "heartbroken", "serious", "disappointed", "blue and sad", "pouting", "moody", "not smiling")},
    ),
    "skin_tone": (
        {"things": ("dark skin", "brown skin", "black skin", "deep skin", "a dark complexion", "a deep complexion", "ebony skin", "dark brown skin", "chocolate skin"), "traits": ("dark-skinned", "black", "brown-skinned", "dark-complexioned", "of african descent", "deeply tanned", "ebony")},
        {"things": ("pale skin", "fair skin", "light skin", "white skin", "a pale complexion", "porcelain skin", "a light complexion", "ivory skin", "a fair complexion", "ghostly skin", "milky skin", "snow-white skin"), "traits": ("pale", "fair-skinned", "light-skinned", "pasty", "pallid", "white-skinned", "very pale", "fair", "pale as a ghost")},
    ),
    "hair_length": (
        {"things": ("long hair", "flowing hair", "hair past the shoulders", "long locks", "shoulder-length hair", "long tresses", "very long hair", "hair down to the shoulders", "a long mane", "rapunzel hair", "grown-out hair", "lengthy hair"), "traits": ("long-haired", "with flowing locks")},
        {"things": ("short hair", "cropped hair", "a short haircut", "a pixie cut", "close-cropped hair", "a crew cut", "a buzz cut", "trimmed hair", "hair cut short", "a crop", "very short hair", "a short back and sides"), "traits": ("short-haired", "crop-haired")},
    ),
    "curliness": (
        {"things": ("curly hair", "wavy hair", "curls", "frizzy hair", "ringlets", "an afro", "permed hair", "a perm", "waves in the hair", "coiled hair", "bouncy curls", "kinky hair", "curly locks", "corkscrew curls"), "traits": ("curly-haired", "curly", "wavy-haired", "frizzy", "curly-headed")},
        {"things": ("straight hair", "sleek hair", "flat hair", "smooth straight hair", "straightened hair", "ironed hair", "no curls", "lank hair", "poker-straight hair", "hair without curls"), "traits": ("straight-haired", "sleek-haired")},
    ),
    "brow_thickness": (
        {"things": ("thick eyebrows", "bushy brows", "heavy eyebrows", "bold brows", "full eyebrows", "dense eyebrows", "big eyebrows", "strong brows", "thick brows", "bushy eyebrows", "caterpillar eyebrows", "wide eyebrows"), "traits": ("bushy-browed", "thick-browed", "heavy-browed", "beetle-browed")},
        {"things": ("thin eyebrows", "plucked brows", "fine eyebrows", "slim eyebrows", "narrow brows", "sparse eyebrows", "pencil-thin brows", "delicate eyebrows", "thin brows", "skinny eyebrows"), "traits": ("thin-browed", "fine-browed")},
    ),
    "brow_angle": (
        {"things": ("angry eyebrows", "an angry look", "a scowl", "furious brows", "an angry expression", "a glare", "slanted eyebrows", "knitted brows", "an evil look", "an angry face", "a mad face", "a mean look"),
         "traits": ("angry", "furious", "mad", "scowling", "enraged", "cross", "irate", "evil", "mean", "fierce", "aggressive", "menacing", "villainous", "grumpy", "annoyed", "hostile", "raging")},
        {"things": ("worried eyebrows", "a worried look", "raised inner brows", "an anxious expression", "a concerned face", "pleading brows", "a worried expression", "a nervous face"),
         "traits": ("worried", "anxious", "concerned", "nervous", "pleading", "apologetic", "fearful", "afraid", "scared", "timid", "frightened", "insecure")},
    ),
    "nose_size": (
        {"things": ("a big nose", "a large nose", "a huge nose", "a wide nose", "a prominent nose", "a bulbous nose", "a great honker", "a schnozz", "a broad nose", "an enormous nose", "a giant nose"), "traits": ("big-nosed", "large-nosed", "nosy-looking with a large nose")},
        {"things": ("a small nose", "a tiny nose", "a button nose", "a little nose", "a narrow nose", "a petite nose", "a dainty nose", "a cute little nose", "a mini nose"), "traits": ("small-nosed", "button-nosed")},
    ),
    "eye_openness": (
        {"things": ("wide eyes", "wide-open eyes", "open eyes", "staring eyes", "surprised eyes", "a surprised look", "bulging eyes", "round open eyes", "eyes wide open", "a startled look"), "traits": ("wide-eyed", "alert", "wide awake", "surprised", "startled", "astonished", "amazed", "awake", "shocked")},
        {"things": ("sleepy eyes", "half-closed eyes", "narrow eyes", "squinting eyes", "droopy eyes", "tired eyes", "heavy eyelids", "narrowed eyes", "hooded eyes", "slit eyes", "drowsy eyes"), "traits": ("sleepy", "tired", "drowsy", "squinting", "exhausted", "heavy-lidded", "half asleep", "weary", "narrow-eyed", "stoned", "fatigued")},
    ),
    "face_width": (
        {"things": ("a wide face", "a broad face", "a round wide face", "chubby cheeks", "a fat face", "a chubby face", "a full face", "a plump face", "a wide head", "a fleshy face"), "traits": ("wide-faced", "chubby", "broad-faced", "fat-faced", "plump", "fat", "overweight", "chubby-cheeked", "heavy", "stout")},
        {"things": ("a narrow face", "a thin face", "a slim face", "a slender face", "a lean face", "a gaunt face", "hollow cheeks", "a skinny face", "a narrow head"), "traits": ("thin-faced", "narrow-faced", "slim", "skinny", "gaunt", "lean", "slender", "thin", "bony")},
    ),
    "eye_size": (
        {"things": ("big eyes", "large eyes", "huge eyes", "enormous eyes", "anime eyes", "giant eyes", "big round eyes", "great big eyes", "oversized eyes", "manga eyes", "bigger eyes"), "traits": ("big-eyed", "large-eyed", "doe-eyed")},
        {"things": ("small eyes", "tiny eyes", "beady eyes", "little eyes", "minuscule eyes", "piggy eyes", "dot eyes", "smaller eyes"), "traits": ("small-eyed", "beady-eyed")},
    ),
}  # fmt: skip
"""For each scale: high, low."""

COLOURS: dict[str, tuple[str, ...]] = {
    "black": ("black", "jet black", "jet-black", "raven", "ebony", "inky", "coal-black", "pitch black", "midnight black", "onyx"),
    "white": ("white", "snow white", "pure white", "ivory", "snowy", "off-white", "pearl white"),
    "grey": ("grey", "gray", "silver", "ash grey", "silvery", "slate grey", "steel grey", "greying", "graying", "charcoal grey"),
    "brown": ("brown", "chestnut", "chocolate brown", "dark brown", "hazelnut", "coffee-coloured", "mahogany brown", "chocolate", "walnut brown", "brunette"),
    "red": ("red", "scarlet", "crimson", "bright red", "cherry red", "ruby", "vermilion", "tomato red", "fiery red", "blood red"),
    "orange": ("orange", "tangerine", "bright orange", "pumpkin-coloured", "amber", "carrot orange", "apricot"),
    "yellow": ("yellow", "golden yellow", "lemon", "mustard", "sunny yellow", "canary yellow", "bright yellow", "butter yellow"),
    "green": ("green", "emerald", "bright green", "grass green", "lime", "forest green", "moss green", "leaf green", "mint green", "jade"),
    "teal": ("teal", "turquoise", "cyan", "aqua", "blue-green", "sea green", "aquamarine"),
    "blue": ("blue", "bright blue", "azure", "cobalt", "royal blue", "sapphire", "sky blue", "electric blue", "ocean blue", "cerulean"),
    "dark blue": ("dark blue", "navy", "navy blue", "midnight blue", "deep blue", "indigo"),
    "purple": ("purple", "violet", "lilac", "lavender", "plum", "mauve", "amethyst", "magenta-purple", "grape"),
    "pink": ("pink", "rose", "hot pink", "bubblegum pink", "fuchsia", "rosy pink", "salmon pink", "magenta", "candy pink", "pastel pink"),
    "peach": ("peach", "peachy", "apricot-coloured", "salmon", "light orange", "skin-coloured", "pale orange"),
}  # fmt: skip

HAIR_COLOURS: dict[str, tuple[str, ...]] = {
    "black": COLOURS["black"], "brown": COLOURS["brown"], "grey": COLOURS["grey"],
    "auburn": ("auburn", "reddish brown", "red-brown", "mahogany", "dark red", "burgundy", "maroon", "russet", "wine red"),
    "red": ("red", "ginger", "copper", "fiery", "orange", "carroty", "bright red", "flaming red", "redhead", "orange-red", "strawberry red"),
    "blonde": ("blonde", "blond", "golden", "golden blonde", "honey blonde", "yellow", "sandy", "fair blond", "flaxen", "sunny blonde", "straw-coloured"),
    "platinum": ("platinum", "platinum blonde", "white", "bleached", "snow white", "white-blonde", "ice blonde", "very light blonde", "silver-white"),
    "pink": COLOURS["pink"], "purple": COLOURS["purple"], "blue": (*COLOURS["blue"], "dark blue", "navy blue"), "green": COLOURS["green"],
}  # fmt: skip

EYE_COLOURS: dict[str, tuple[str, ...]] = {
    "brown": ("brown", "dark brown", "chocolate", "dark", "chestnut", "deep brown", "coffee-coloured"),
    "hazel": ("hazel", "amber", "golden", "light brown", "golden brown", "honey-coloured", "yellowish brown"),
    "green": COLOURS["green"], "blue": (*COLOURS["blue"], "light blue"),
    "grey": ("grey", "gray", "silver", "steel grey", "ash grey", "silvery", "stone grey"),
}  # fmt: skip

LIP_COLOURS: dict[str, tuple[str, ...]] = {
    "red": COLOURS["red"], "pink": COLOURS["pink"], "dark": ("dark", "burgundy", "black", "plum", "gothic", "wine-coloured", "dark purple", "vampire"),
}  # fmt: skip

COLOURED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "hair_color": (("{c} hair", "hair that is {c}", "{c}-coloured hair", "hair dyed {c}", "{c} locks", "hair in {c}", "a {c} hairdo", "{c} tresses"), ("{c}-haired",)),
    "eye_color": (("{c} eyes", "eyes that are {c}", "{c}-coloured eyes", "{c} irises", "eyes of {c}", "a {c} gaze"), ("{c}-eyed",)),
    "background_color": (("a {c} background", "a {c} backdrop", "a {c} wall behind", "{c} background", "a background in {c}", "{c} behind the head", "a {c} wall", "a plain {c} backdrop"), ("in front of a {c} wall", "on a {c} background", "before a {c} backdrop")),
    "clothing_color": (("a {c} shirt", "a {c} top", "{c} clothes", "a {c} sweater", "{c} clothing", "a {c} t-shirt", "a {c} outfit", "a {c} jumper", "a {c} blouse", "a shirt in {c}", "a {c} dress"), ("dressed in {c}", "wearing {c}")),
    "hat_color": (("a {c} hat", "a {c} cap", "a {c} headpiece", "a hat in {c}", "a hat that is {c}", "{c} headwear"), ("wearing a {c} hat",)),
    "lip_color": (("{c} lips", "{c} lipstick", "lips painted {c}", "a {c} mouth", "lips in {c}", "{c} lip colour"), ("{c}-lipped", "wearing {c} lipstick")),
}  # fmt: skip
"""Things and traits of a coloured part."""

HAIR_TRAITS: dict[str, tuple[str, ...]] = {
    "black": ("raven-haired", "dark-haired with black hair"), "brown": ("brunette", "a brunette", "brown-headed"), "red": ("a redhead", "ginger", "redheaded", "ginger-haired", "a ginger"),
    "blonde": ("blonde", "blond", "a blonde", "fair-haired", "golden-haired", "towheaded"), "grey": ("grey-haired", "silver-haired", "going grey", "gray-headed"), "platinum": ("platinum blonde", "white-haired"),
}  # fmt: skip

COMBINATIONS: tuple[tuple[tuple[str, ...], tuple[tuple[str, str, str], ...]], ...] = (
    (("a grandmother", "a granny", "an old woman", "an old lady", "an elderly lady", "grandma", "nana"), (("age", "high", ""), ("gender_presentation", "high", ""))),
    (("a grandfather", "a grandpa", "an old man", "an elderly gentleman", "granddad", "an old fellow"), (("age", "high", ""), ("gender_presentation", "low", ""))),
    (("a little girl", "a young girl", "a schoolgirl", "a small girl"), (("age", "low", ""), ("gender_presentation", "high", ""))),
    (("a little boy", "a young boy", "a schoolboy", "a small boy", "a lad"), (("age", "low", ""), ("gender_presentation", "low", ""))),
    (("a young woman", "a young lady"), (("age", "low", ""), ("gender_presentation", "high", ""))),
    (("a young man", "a young guy"), (("age", "low", ""), ("gender_presentation", "low", ""))),
    (("a smiling woman", "a happy lady", "a cheerful girl"), (("smile", "high", ""), ("gender_presentation", "high", ""))),
    (("a smiling man", "a happy guy", "a cheerful fellow"), (("smile", "high", ""), ("gender_presentation", "low", ""))),
    (("a bearded man", "a guy with a beard"), (("beard", "present", ""), ("gender_presentation", "low", ""))),
    (("a clown-like face with red lips and rosy cheeks", "red lips and rosy cheeks"), (("lip_color", "is", "red"), ("blush", "present", ""))),
    (("a hipster with a beard and glasses", "glasses and a beard"), (("beard", "present", ""), ("glasses", "present", ""))),
    (("long blonde hair", "long blond locks"), (("hair_length", "high", ""), ("hair_color", "is", "blonde"))),
    (("short black hair",), (("hair_length", "low", ""), ("hair_color", "is", "black"))),
    (("curly red hair", "ginger curls"), (("curliness", "high", ""), ("hair_color", "is", "red"))),
    (("long straight hair",), (("hair_length", "high", ""), ("curliness", "low", ""))),
    (("big blue eyes", "large blue eyes"), (("eye_size", "high", ""), ("eye_color", "is", "blue"))),
    (("an angry old man", "a grumpy grandpa"), (("brow_angle", "high", ""), ("age", "high", ""), ("gender_presentation", "low", ""))),
    (("a crying face", "a weeping face"), (("smile", "low", ""), ("brow_angle", "low", ""))),
)  # fmt: skip

GRADED: tuple[tuple[Wordings, tuple[tuple[str, str, str], ...]], ...] = (
    ({"things": ("a cuter face", "a sweeter face", "a more adorable face"), "traits": ("cuter", "more cute", "sweeter", "more adorable", "more charming", "so cute")}, (("cuteness", "high", ""),)),
    ({"things": ("an older face", "more years", "a more aged face"), "traits": ("much older", "elder", "more mature", "twenty years older", "more aged")}, (("age", "high", ""),)),
    ({"things": ("a younger face", "fewer years"), "traits": ("younger", "more youthful", "much younger", "ten years younger")}, (("age", "low", ""),)),
    ({"things": ("a bigger smile", "a happier face", "a wider smile", "more of a smile"), "traits": ("happier", "more cheerful", "more smiling", "merrier", "friendlier", "less sad", "jollier")}, (("smile", "high", ""),)),
    ({"things": ("a sadder face", "less of a smile"), "traits": ("sadder", "gloomier", "more serious", "less happy", "less smiling", "unhappier")}, (("smile", "low", ""),)),
    ({"things": ("angrier eyebrows", "an angrier face"), "traits": ("angrier", "more furious", "meaner", "more evil", "grumpier", "fiercer")}, (("brow_angle", "high", ""),)),
    ({"things": ("a more worried face",), "traits": ("more worried", "more anxious", "less angry", "more scared")}, (("brow_angle", "low", ""),)),
    ({"things": ("a wider face", "a rounder face", "a fuller face", "a fatter face"), "traits": ("fatter", "chubbier", "plumper", "rounder")}, (("face_width", "high", ""),)),
    ({"things": ("a narrower face", "a slimmer face", "a thinner face"), "traits": ("thinner", "slimmer", "skinnier", "leaner")}, (("face_width", "low", ""),)),
    ({"things": ("larger eyes", "much bigger eyes"), "traits": ("bigger-eyed",)}, (("eye_size", "high", ""),)),
    ({"things": ("littler eyes", "tinier eyes"), "traits": ("smaller-eyed",)}, (("eye_size", "low", ""),)),
    ({"things": ("a bigger nose", "a larger nose", "a longer nose"), "traits": ("bigger-nosed",)}, (("nose_size", "high", ""),)),
    ({"things": ("a smaller nose", "a tinier nose", "less nose"), "traits": ("smaller-nosed",)}, (("nose_size", "low", ""),)),
    ({"things": ("longer hair", "more hair length", "much longer locks"), "traits": ("longer-haired",)}, (("hair_length", "high", ""),)),
    ({"things": ("shorter hair", "a shorter haircut", "less hair length"), "traits": ("shorter-haired",)}, (("hair_length", "low", ""),)),
    ({"things": ("curlier hair", "wavier hair", "more curls"), "traits": ("curlier",)}, (("curliness", "high", ""),)),
    ({"things": ("straighter hair", "fewer curls", "less curly hair"), "traits": ("less curly",)}, (("curliness", "low", ""),)),
    ({"things": ("thicker eyebrows", "bushier brows", "heavier brows"), "traits": ("bushier-browed",)}, (("brow_thickness", "high", ""),)),
    ({"things": ("thinner eyebrows", "finer brows", "slimmer brows"), "traits": ("thinner-browed",)}, (("brow_thickness", "low", ""),)),
    ({"things": ("darker skin", "a darker complexion", "browner skin"), "traits": ("darker-skinned", "more tanned")}, (("skin_tone", "high", ""),)),
    ({"things": ("lighter skin", "paler skin", "fairer skin", "a lighter complexion"), "traits": ("paler", "lighter-skinned", "whiter-skinned")}, (("skin_tone", "low", ""),)),
    ({"things": ("more open eyes", "wider eyes"), "traits": ("more awake", "more surprised", "more astonished")}, (("eye_openness", "high", ""),)),
    ({"things": ("narrower eyes", "sleepier eyes"), "traits": ("sleepier", "more tired", "drowsier")}, (("eye_openness", "low", ""),)),
    ({"things": ("a more feminine face",), "traits": ("more feminine", "girlier", "more womanly", "more ladylike")}, (("gender_presentation", "high", ""),)),
    ({"things": ("a more masculine face", "a manlier face"), "traits": ("more masculine", "manlier", "more manly")}, (("gender_presentation", "low", ""),)),
    ({"things": ("more wrinkles", "deeper wrinkles"), "traits": ("wrinklier", "more wrinkled")}, (("wrinkles", "present", ""),)),
    ({"things": ("fewer wrinkles", "smoother skin", "less wrinkled skin"), "traits": ("less wrinkled", "less wrinkly")}, (("wrinkles", "absent", ""),)),
    ({"things": ("more makeup", "heavy makeup", "heavy make up", "full makeup", "make up"), "traits": ("more made-up",)}, (("lipstick", "present", ""),)),
    ({"things": ("less makeup", "hardly any makeup"), "traits": ("less made-up",)}, (("lipstick", "absent", ""),)),
    ({"things": ("rosier cheeks", "redder cheeks", "pinker cheeks", "sunburnt cheeks"), "traits": ("rosier", "more flushed")}, (("blush", "present", ""),)),
    ({"things": ("a longer beard", "a thicker beard", "a fuller beard", "a bushier beard", "more beard"), "traits": ("hairier in the face",)}, (("beard", "present", ""),)),
    ({"things": ("clearer skin", "fewer pimples", "fewer spots"), "traits": ("less spotty",)}, (("blemishes", "absent", ""),)),
    ({"things": ("more freckles",), "traits": ("more freckled",)}, (("freckles", "present", ""),)),
)  # fmt: skip
"""Comparatives and other degrees."""

NEUTRAL: tuple[str, ...] = (
    "a face", "a person", "a portrait", "a head", "somebody", "a cartoon portrait", "a picture of a person", "a human face", "an avatar", "a cartoon face", "someone", "a photo of a person", "a drawing of a face", "a character", "the picture", "an image of a face",
)  # fmt: skip
"""True of every portrait."""

IMPOSSIBLE: tuple[str, ...] = (
    "wings", "a car", "a landscape", "a dragon", "a zombie", "a horse", "a mountain", "the ocean", "a house", "a robot", "a tail", "horns", "a sword", "a guitar", "a bicycle", "a tree", "flowers", "a dog", "a cat", "a tiger", "a lion", "a wolf", "a fox", "a bird", "a fish",
    "a spaceship", "an astronaut helmet", "a crown", "a tattoo", "a scar", "an eye patch", "a mask", "a cigarette", "a pipe", "a bow tie", "a necktie", "a necklace", "a scarf", "a cape", "armour", "a castle", "a city", "a street", "a forest", "a beach", "the moon", "the sun", "stars", "rain", "snow falling",
    "fire", "smoke", "lightning", "a rainbow", "a river", "a boat", "an airplane", "a train", "a bus", "food", "a pizza", "a cup of coffee", "a book", "a computer", "a phone", "a chair", "a table", "a window", "a door", "a clock", "hands", "arms", "legs", "feet", "a whole body", "two people", "a crowd", "a baby in arms",
    "a vampire with fangs", "an elf with pointed ears", "a mermaid", "a skeleton", "a ghost", "a monster", "an alien", "a demon", "an angel with a halo", "a knight", "a pirate", "a ninja", "a witch", "a wizard", "a superhero", "a soldier", "a police officer", "a doctor", "a chef", "a queen", "a king",
    "quantum physics", "the stock market", "democracy", "music", "a loud noise", "mathematics", "a football match", "happiness index", "tomorrow", "nothing at all", "left-handed", "a password", "an invoice", "a spreadsheet", "a recipe", "a tax form", "the weather", "a long journey", "a good idea", "freedom", "asdf", "qwerty", "lorem ipsum", "xyzzy", "blah blah",
    "a famous actor", "a famous singer", "the president", "a footballer", "a painting by van gogh", "a photo in black and white", "upside down", "blurry", "pixel art", "a sketch", "a statue", "made of stone", "made of gold", "underwater", "at night", "in the snow", "on a horse", "in a car", "third eye", "purple skin", "green skin", "blue skin", "a long neck", "big ears", "pointy ears", "a unicorn horn", "fur", "feathers", "scales of a fish", "a beak", "a snout", "paws", "a trunk", "antlers",
    "dreadlocks", "a ponytail", "pigtails", "braids", "plaits", "a bun", "cornrows", "spiky hair", "a mullet", "rainbow hair", "multicoloured hair", "sideburns", "a nose ring", "a lip piercing", "a septum piercing", "a monocle", "braces on the teeth", "a gold tooth", "missing teeth", "a tongue sticking out", "a wink", "one eye closed",
    "crossed eyes", "three eyes", "red eyes", "glowing eyes", "laser eyes", "tears", "face paint", "clown makeup", "a red nose", "a blue nose", "a bandage", "a black eye", "a headscarf", "a turban", "a helmet", "headphones", "a hood", "a veil", "a tiara", "a flower in the hair", "a hair clip", "a santa suit", "a wedding dress", "a uniform", "a tuxedo",
    "goth", "emo", "a hippie", "a rockstar", "a rapper", "a biker", "a hipster", "a nerd", "an elf", "an orc", "a fairy", "a troll", "a vampire", "a werewolf", "a cyborg", "an anime girl", "a doll", "a puppet", "a caveman", "a viking", "a cowboy", "an astronaut", "a samurai", "a mummy", "santa claus", "a snowman", "a mime", "a clown",
    "a boy band", "a pop star", "a wrestler", "a ballerina", "a nurse", "a judge", "a pilot", "a farmer", "a fireman", "a politician", "a celebrity", "my mother", "a cat's face", "a monkey", "an ape", "a pig", "a rabbit", "bunny ears", "cat ears", "a mouse", "a bear", "a panda", "a lizard", "a snake", "a dinosaur", "a shark", "an owl",
    "a shorter neck", "broad shoulders", "muscles", "abs", "a tie with stripes", "stripes", "polka dots", "a logo", "text", "a speech bubble", "a frame", "a border", "a sepia photo", "an oil painting", "a watercolour", "a comic", "manga", "a photo", "a selfie", "3d", "neon light", "a sunset", "a beach background", "a city in the background",
    "a school", "a kitchen", "a garden", "a sandwich", "ice cream", "coffee", "a ball", "a balloon", "an umbrella", "a gun", "a knife", "money", "a diamond", "a key", "a lamp", "paris", "the internet", "history", "love", "war", "peace", "science", "yesterday", "seven", "hello", "thank you", "what is this", "why", "stop", "yes", "ok",
)  # fmt: skip
"""False of every portrait: what the model should know that it does not know."""
