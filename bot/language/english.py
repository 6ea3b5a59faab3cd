"""The English words of the grammar, as data. Another language is another file like this one.

Words here say how wishes are put, never what a wish does to a picture: there is no table from words to attributes.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> tuple[tuple[str, ...], ...]:
    """Comma-separated phrases, the longest first."""
    return tuple(sorted((tuple(part.split()) for part in text.split(",")), key=len, reverse=True))


REWRITES = {
    "don't": "do not",
    "dont": "do not",
    "doesn't": "does not",
    "didn't": "did not",
    "shouldn't": "should not",
    "can't": "can not",
    "isn't": "is not",
    "aren't": "are not",
    "won't": "will not",
    "wouldn't": "would not",
    "i'd": "i would",
    "i'm": "i am",
    "i've": "i have",
    "it's": "it is",
    "its": "its",
    "that's": "that is",
    "thats": "that is",
    "she's": "she is",
    "he's": "he is",
    "they're": "they are",
    "let's": "let us",
    "lets": "let us",
    "what's": "what is",
    "pls": "please",
    "plz": "please",
    "plss": "please",
    "u": "you",
    "ur": "your",
    "gimme": "give me",
    "lemme": "let me",
    "wanna": "want to",
    "gonna": "going to",
    "w": "with",
    "w/": "with",
    "w/o": "without",
    "bg": "background",
    "thx": "thanks",
    "ty": "thanks",
    "tho": "though",
    "gray": "grey",
    "color": "colour",
    "colored": "coloured",
    "colors": "colours",
    "ctrl+z": "undo",
    "percent": "%",
    "per": "per",
    "&": "and",
    "+": "and",
    "mroe": "more",
    "moer": "more",
    "undoo": "undo",
    "mkae": "make",
    "maek": "make",
    "lil": "little",
    "abit": "a bit",
    "alot": "a lot",
    "kinda": "kind of",
    "cuz": "because",
    "hairs": "hair",
}
"""Contractions, slang and short forms, word by word."""

OPENINGS = _phrases(
    "please,can you,could you,would you,will you,can we,could we,may we,can i,could i,may i,i want you to,i would like you to,i want to,"
    "i want,i would like to,i would like,i would love to,i would love,i need you to,i need,i wish,i think,i prefer,i like,let us try,"
    "let us see,let us,let me,how about,what about,what if,what would happen if,maybe,perhaps,now,next,then,first,finally,lastly,"
    "ok,okay,nah,nope,and,also,plus,but,so,well,hey,hi,hello,yes,yeah,yep,great,nice,cool,perfect,good,thanks,thank you,hmm,um,uh,oh,wow,just,"
    "to see,to have,to get,see,try,going to,go ahead and,with,bot,dear bot,actually,instead,have,get,again,this time,"
    "you should,you could,it would be nice if,it would be great if,would it be possible to,is it possible to,"
    "do you think you can,do you mind,would you mind,please do,kindly,quickly,simply,in addition,additionally,as well,another thing,"
    "no wait,wait,love it,looks good,lol,haha,same but,the same but,keep going but,keep going,like this but"
)
"""Politeness and talk before a wish."""

CLOSINGS = _phrases(
    "please,now,too,as well,also,would be nice,would be great,would be good,would be cool,would look nice,if you can,if possible,"
    "thanks,thank you,for me,on him,on her,on them,on it,on this person,on the person,onto him,onto her,to him,to her,to them,to it,"
    "in the picture,in this picture,in the photo,in the image,to the picture,to the photo,to the image,to the face,on the face,"
    "on his face,on her face,on their face,on this picture,from the picture,from the face,from her face,from his face,from him,"
    "from her,from them,bot,lol,haha,ok,okay,right,maybe,perhaps,though,again,a go,instead,this time,a try,then,so,you know,"
    "somehow,or so,or something,here,there,everywhere,if you do not mind,pretty please,asap"
)
"""The same after it."""

INSTEAD = _phrases("instead,rather")
CONJUNCTIONS = _words("and then but also plus , while")
DROPPED_BETWEEN = _words("and , but also plus then")

MAKING = _words(
    "make makes making made turn turns change changes dye dyes paint paints colour set render switch recolour tint do "
    "convert transform put give gives add adds draw include apply bring get let have try show place stick throw slap grow attach"
)
"""Verbs before what is wished for."""
CONVERTING = _words("turn change convert transform switch set make dye paint colour recolour tint")
TOWARD = _words("to into")
GIVING = _words(
    "give gives add adds put draw include get show place stick throw slap grow attach bring apply have try let"
)
SHAPING = {
    "open": "open",
    "close": "closed",
    "shut": "closed",
    "shave": "shaved",
    "straighten": "straight",
    "curl": "curly",
    "widen": "wide",
    "shorten": "short",
    "lengthen": "long",
    "whiten": "white",
    "darken": "dark",
    "lighten": "light",
    "brighten": "bright",
    "thicken": "thick",
    "thin": "thin",
    "enlarge": "big",
    "shrink": "small",
    "raise": "raised",
    "narrow": "narrow",
    "smooth": "smooth",
    "redden": "red",
    "bleach": "bleached",
    "trim": "short",
}
"""Verbs that name the state of their object: "open his mouth" is an open mouth."""
WAYS = _words("left right up down side sideways front back the a bit little")
"""Where a head may be turned."""
GAZING = _words("to at left right up down away into toward towards straight sideways over out")
"""What follows "look" where it is about the eyes and not about how somebody looks."""
COPULAS = _words(
    "be is are was were being been look looks looking seem seems appear become becomes became look"
)
HAVING = _words("has have had having wear wears wearing need needs needed want wants got sport sports")
MODALS = _words("should could would can may might must shall will")
LIKENESS = _words("like as")
WEARING = _phrases("wearing,with,having,who has,that has,who is,that is")

PERSONS = _words(
    "person man woman guy girl boy lady someone somebody face portrait character subject picture photo image avatar one"
)
PRONOUNS = _words("her him them me it this that she he they i you we us these those")
POSSESSIVES = _words("her his their its my your the this that these those")
ARTICLES = _words("a an some any the her his their its my your this that these those one of")

THINGS = _words(
    "hair eye eyes eyebrow eyebrows brow brows nose mouth lip lips teeth tooth tongue skin face cheek cheeks chin jaw ear ears forehead "
    "head neck beard moustache mustache goatee stubble sideburns fringe bangs ponytail braid braids mohawk bun curls wig glasses "
    "sunglasses goggles spectacles hat cap beanie crown helmet hood headband scarf collar shirt clothes clothing top sweater jumper "
    "dress jacket coat hoodie tie necklace earring earrings piercing jewellery jewelry makeup lipstick mascara eyeshadow blush freckles "
    "wrinkles spots pimples acne blemishes scar scars tattoo mole moles background backdrop sky wall light lighting smile frown grin "
    "expression age gender style eyelashes lashes eyelids outfit beret sombrero headphones mask"
)
"""Nouns that a picture may hold: only used to see where a noun phrase ends."""
ASPECTS = _words("colour colours shade tone size shape length colored style")
"""Dropped when their value is given: "hair colour: pink"."""
SHAPES = _words(
    "black white grey brown red orange yellow green teal blue purple pink violet golden gold silver blonde blond auburn ginger platinum "
    "hazel dark light pale bright long short curly straight wavy big small large tiny huge little thick thin wide narrow round square "
    "soft smooth rough shiny messy tidy spiky fluffy bushy rosy full open closed colourful neon pastel deep vivid tight loose"
)
"""Adjectives of colour, size, shape and texture: before a noun they belong to it ("short and curly hair")."""
COLOURS = _words(
    "black white grey brown red orange yellow green teal blue purple pink violet golden gold silver blonde blond auburn ginger platinum "
    "turquoise lilac crimson scarlet navy beige magenta cyan maroon peach lavender mint"
)
ADJECTIVES = (
    SHAPES
    | COLOURS
    | _words(
        "old young cute happy sad angry serious pretty beautiful handsome ugly scary funny friendly tired sleepy awake calm nice masculine "
        "feminine manly girly fat slim skinny chubby strong weak subtle tan tanned fair warm cool cold rich smart healthy sick evil kind "
        "grumpy cheerful worried surprised bored bald hairy grave mean wise fresh gentle goofy silly fierce wild plain fancy elegant "
        "high low heavy clean dirty clear natural hot shy proud tough sweet stern lively gloomy moody jolly glad mad merry"
    )
)
IRREGULAR = {
    "better": "good",
    "worse": "bad",
    "longer": "long",
    "younger": "young",
    "stronger": "strong",
    "further": "far",
}

DEGREES = {
    0.4: _phrases(
        "a tiny bit,just a hint of,a hint of,a touch of,a touch,a tad,barely,very slightly,ever so slightly,a smidge,a wee bit,a notch"
    ),
    0.5: _phrases(
        "a bit of,a little bit of,a little bit,a bit,a little,slightly,somewhat,kind of,sort of,mildly,subtly"
    ),
    0.75: _phrases("fairly,quite,rather,moderately,pretty much"),
    1.5: _phrases(
        "very very,very,really,much,way,super,so much,so,a lot of,a lot,lots of,lots,extremely,totally,far,significantly,considerably,"
        "insanely,incredibly,crazy,a ton,tons of,heavily,strongly,hugely,extra,ultra,seriously,loads of"
    ),
}
"""How much: strength of a wish, and how far a change of strength goes."""
SUBTLE = {
    "subtle": 0.5,
    "faint": 0.5,
    "slight": 0.5,
    "light": None,
    "strong": 1.5,
    "extreme": 1.75,
    "intense": 1.5,
    "heavy": 1.5,
}

LESS = _phrases(
    "less,fewer,weaker,softer,subtler,more subtle,toned down,tone down,turn down,dial back,dial down,scale back,scale down,bring down,"
    "reduce,decrease,lower,lessen,diminish,soften,ease off,too much,too strong,too intense,too far,not so,not as,not that,not quite so,"
    "overdone,over the top,too,milder,go easy,easy on,back off"
)
MORE = _phrases(
    "more,stronger,further,increase,intensify,turn up,crank up,amp up,dial up,bump up,pump up,ramp up,boost,strengthen,push,enhance,"
    "not enough,exaggerate,heavier,keep going,not strong enough,too weak,too subtle,too little,emphasize,emphasise,amplify"
)
SPLITTABLE = _words("tone turn dial scale bring crank amp bump pump ramp back ease")
"""Verbs whose particle may come after the object: "turn the smile up"."""
FACTORS = {
    0.5: _phrases(
        "half as much,half as strong,half as,half strength,half the strength,by half,in half,halve,half"
    ),
    2.0: _phrases("twice as much,twice as strong,twice as,double,twice"),
    3.0: _phrases("three times as much,three times as strong,three times as,triple,three times"),
    4.0: _phrases("four times as much,four times as strong,four times,quadruple"),
}
IDLE = _words(
    "it that this the a an her him his them their she he they my on of for at by is are was be should could would can make made "
    "making set put look looks looking seem as strong much strength intensity again but still please now even just go once that's "
    "effect one bit and to in with i want like think than before do not has have too up down back was there what how so get got "
    "give also level amount last edit change those these thing part you your let us try need bring take keep going way"
)
"""Words without weight in a sentence about strength."""
EVERYTHING = _words("everything all overall")

REMOVING = _phrases(
    "remove,delete,erase,get rid of,getting rid of,lose,drop,take off,take away,shave off,wipe off,wash off,forget,forget about,scrap,"
    "no more,ditch,clear away,clear,eliminate,cut off,hide,cancel,strip,strip off,do away with,without any,without,with no,no,not any,"
    "do not give,do not add,do not put,should not have,should not wear,should not be wearing,must not have,does not need,do not need,"
    "do not want,minus,none of,turn off,undo,should have no,has no,to have no,have no,should lose,does not have,does not wear"
)
NEGATING = _phrases(
    "not,never,should not be,should not,must not be,do not be,do not make,do not look,is not,are not,stop,anything but,un"
)
OFF = _words("off away out")

KEEPING = _phrases(
    "without changing,without touching,without affecting,without altering,without modifying,without messing with,but do not change,"
    "but do not touch,but do not alter,but do not affect,do not change,do not touch,do not alter,do not affect,do not modify,"
    "but keep,keep,keeping,while keeping,but leave,leave,leaving,preserve,preserving,but preserve,except,except for,but not,"
    "hands off,not touching,not changing,and keep,and leave"
)
UNCHANGED = _phrases(
    "alone,the same,as it is,as they are,as is,unchanged,untouched,intact,the way it is,the way they are,like it is,as it was,same,in place"
)
REST = _phrases("everything else,the rest,all else,other things,anything else,the others,the rest of it")
SIDES = _words("left right upper lower top bottom")
HALVES = [[word, "of"] for word in ("half", "side", "part")]
REGION_MARKS = _phrases("only on,only in,only for,only to,only,just on,just in,just for,just")

NUMBERS = {
    "a": 1,
    "one": 1,
    "once": 1,
    "two": 2,
    "twice": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "couple": 2,
    "few": 4,
    "some": 4,
    "several": 4,
    "more": 4,
    "other": 4,
    "different": 4,
    "both": 2,
}
ORDINALS = {
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "ninth": 9,
    "tenth": 10,
}

_STEP = r"(?:step|steps|edit|edits|change|changes|one|ones|time|times|thing|things|wishes)"
_PHOTO = r"(?:the|my|this|that) (?:whole |entire )?(?:picture|image|photo|photograph|pic|selfie|canvas)"
_AS_A_WHOLE = rf"(?:it|this|that|{_PHOTO})"
_WAY = (
    r"(?:in|out|closer|a (?:bit|little)|more|again|around|round|over|upside down|sideways|horizontally|vertically|left|right"
    r"|clockwise|counterclockwise|anticlockwise|(?:by |to |on |into )[\w ]{1,24}|\d+ degrees)"
)

COMMANDS: tuple[tuple[str, str], ...] = (
    (
        "ask frame",
        rf"(?:(?:crop|uncrop|zoom|rotate|mirror|flip|resize|rescale|upscale)(?: {_AS_A_WHOLE})?(?: {_WAY}){{0,3}}"
        rf"|(?:enlarge|shrink|straighten|brighten|darken|lighten|sharpen|denoise|desaturate) {_PHOTO}(?: {_WAY}){{0,2}}"
        rf"|turn {_AS_A_WHOLE}(?: (?:around|round|over|upside down|sideways|clockwise|counterclockwise|anticlockwise"
        r"|(?:by )?\d+ degrees))(?: (?:by )?[\w ]{1,24})?"
        rf"|(?:make|turn) {_PHOTO} (?:(?:a (?:bit|little)|much|more) )?(?:bigger|larger|smaller|wider|taller|square|brighter|darker"
        r"|lighter|sharper|clearer|bright|dark|light|sharp|(?:in(?:to)? |to )?(?:black and white|gr[ea]yscale|sepia))"
        r"|(?:(?:increase|raise|lower|reduce|decrease|adjust|change|turn up|turn down|more|less|higher|lower)(?: the)? )"
        rf"(?:contrast|brightness|exposure|saturation|sharpness|resolution)(?: of {_PHOTO})?(?: {_WAY}){{0,2}})",
    ),
    (
        "redo",
        r"(?:undo (?:the|that|my|last) ?(?:last )?undo|redo(?: (?:it|that|the last|this|again))?|redo (?:the )?(?:last )?(?P<n>\w+)(?: "
        + _STEP
        + r")?"
        r"|(?:go )?forward(?: again)?|un undo|bring (?:it|that) back|put (?:it|that) back)",
    ),
    (
        "reset",
        r"(?:(?:start|begin) (?:all )?(?:over|again|anew|afresh)(?: again)?(?: from (?:scratch|the (?:start|beginning)))?|reset(?: .{0,24})?"
        r"|(?:remove|undo|delete|clear|erase|revert|forget|discard|drop)(?: all| everything| every)(?: (?:of )?(?:the |my )?(?:it|them|that|edits?|changes?|adjustments?))?"
        r"|from scratch|scrap (?:it all|everything)|back to square one|start from (?:scratch|the beginning))",
    ),
    (
        "show original",
        r"(?:(?:can i |let me |i want to )?(?:show|see|view|display|look at)(?: me| us)?(?: at)? (?:the |my )?original(?: \w+)?(?: again)?|the original(?: \w+)?"
        r"|what did (?:it|the original) look like(?: before| originally)?|original)",
    ),
    (
        "goto original",
        r"(?:(?:go |jump |get |switch |take me |bring me )?(?:back )?(?:to )?(?:the )?(?:original|start|beginning)(?: (?:picture|image|photo|one))?(?: again)?|revert to (?:the )?original)",
    ),
    (
        "goto",
        r"(?:(?:go|jump|get|switch|take me|return|show me|show|revert|bring me)? ?(?:back )?(?:to )?(?:the )?(?:edit|step|number|version|picture|image|no)? ?#? ?(?P<d>\d{1,3})"
        r"|(?:go|jump|get|switch|take me|return|show me|show|revert)? ?(?:back )?(?:to )?(?:the )?(?P<o>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)"
        r"(?: (?:one|edit|step|version|picture|image|result|change))?)",
    ),
    (
        "undo",
        r"(?:undo|revert|go back|back|step back|take (?:it|that) back|oops|whoops|cancel|cancel (?:it|that|this)|never ?mind|no(?:pe)? undo|forget (?:it|that)|oh no|scratch that"
        r"|rewind|go back (?:please|again)|put it back how it was|as it was before|like before|back up|i (?:do not|did not) like (?:it|that|this)|that is (?:bad|wrong|worse|ugly|awful|terrible)"
        r"|undo (?:it|that|this|the last|last|the last one|my last|again|the change)|revert (?:it|that|the last)|previous|(?:the )?(?:previous|last) (?:one|version|picture)"
        r"|go back to (?:the )?(?:previous|last)(?: \w+)?|(?:undo|revert|go back|back|step back|rewind|take back)(?: by)?(?: the)?(?: my)?(?: last| past| previous)? ?(?P<n>\w+)(?: "
        + _STEP
        + r")?"
        r"|(?:undo|revert) (?:the|my) (?:last|previous) (?:" + _STEP + r"))",
    ),
    (
        "show history",
        r"(?:(?:show|list|see|view|display|give)?(?: me)?(?: all)?(?: of)?(?: the| my| our)?(?: edit(?:ing)?)? ?(?:history|timeline)"
        r"|(?:show|list|see|view)(?: me)?(?: all)?(?: of)?(?: the| my| our)? ?(?:edits|steps|versions|pictures)(?: so far)?|what have we done(?: so far)?)",
    ),
    (
        "show compare",
        r"(?:(?:show|see|view|can i see)?(?: me)?(?: a| the)? ?(?:before (?:and|vs|versus|/) ?after|comparison|difference|differences)|compare(?: .{0,30})?|what is the difference"
        r"|what changed visually|side by side|(?:show|put)(?: me| them)? side by side)",
    ),
    (
        "show adjustments",
        r"(?:what (?:did|have) you (?:change|changed|do|done)(?: so far| here| to it)?|what (?:is|was|are) (?:applied|in force|active|changed|on|the (?:edits|adjustments|changes))(?: .{0,16})?"
        r"|(?:list|show|see|view)(?: me)?(?: all)?(?: of)?(?: the| my)? ?(?:changes|adjustments|settings|strengths|layers)|which (?:edits|adjustments|changes) .{0,24}|what changed)",
    ),
    (
        "show help",
        r"(?:help(?: me)?|what (?:can|could) (?:you|i|we) (?:do|say|ask|change|edit)(?: .{0,24})?|how (?:does|do) (?:this|it|you|i|that) .{0,24}|commands|instructions|usage|what (?:are you|is this)"
        r"|who are you|what now|how to use (?:this|it|you)|hi|hello|hey|hey there|hello there|hi there|yo|good (?:morning|evening|afternoon|day)(?: bot)?|thanks|thank you(?: .{0,20})?"
        r"|hello bot|hi bot|what do you know|what wishes .{0,30})",
    ),
    (
        "variations",
        r"(?:(?:(?:show|give|make|create|generate|try|do|let me see|see|i want|some)(?: me| us)? )?(?:a |the )?(?:(?P<n>\d{1,2}|one|two|three|four|five|six|few|couple|some|several|more|other|different) ?)?"
        r"(?:of )?(?:(?:more|other|different|alternative|similar) )*(?:variations?|variants?|alternatives?|versions|options|takes)(?: of (?:it|this|that))?|surprise me|something (?:else|different))",
    ),
    (
        "transfer",
        r"(?:(?:do|apply|use|repeat|copy|transfer|carry over|put|make|give|try)? ?(?:the )?(?:same|this|that|these|those|my|it|exactly the same)(?: (?:look|edits?|changes?|adjustments?|thing|style|again|way))*"
        r" (?:to|on|for|with|onto|in) (?:this|that|another|the (?:next|other|new|second)|my (?:other|next|new|second)|a new|a different|the following)"
        r" (?:one|picture|photo|image|portrait|face|person|selfie)(?: too| as well)?|same (?:again )?(?:here|on this one|for this one|on this|for this))",
    ),
)
"""What a whole clause may be, tried in order: (action, pattern). <n> a count, <d> a number, <o> an ordinal."""

_WHO = r"(?:one|face|person|man|woman|guy|girl|boy|lady|child|kid|head)"
_NUMBER = r"(?P<number>first|second|third|fourth|fifth|sixth|\d)(?:st|nd|rd|th)?"
_END = r"(?:(?P<left>left)|(?P<right>right))"
FACES = tuple(
    re.compile(rf"\b{pattern}\b")
    for pattern in (
        rf"(?:the )?{_NUMBER}(?: {_WHO})? from the {_END}",
        rf"the {_NUMBER} (?:face|person|man|woman|guy|girl|boy|lady|child|kid|head)",
        rf"(?:the )?{_END}(?:most|-most)? {_WHO}",
        rf"the {_WHO} (?:on|at|to) the (?:far )?{_END}(?! (?:eye|ear|cheek|side of))",
        rf"(?:the )?(?P<middle>middle|central|center) {_WHO}",
        rf"(?:the )?{_WHO} in the (?P<middle>middle|center)",
        r"(?:the )?(?P<every>both (?:of (?:them|us|the \w+)|faces|people|persons|men|women|girls|boys)|them both|(?:the )?two of (?:them|us)"
        r"|everyone|everybody|all (?:the |of the )?(?:faces|people|persons)|(?:each|every) (?:face|person|one of them))",
        *(
            rf"(?<={word} )(?P<every>both|all of them)(?! (?:eye|ear|cheek|the|her|his|their|lip|side)\w*)(?! [a-z ]+ and)"
            for word in ("on", "for", "to", "make", "give", "let", "turn")
        ),
        r"^(?P<every>both)$",
    )
)
"""Which face of the picture a message speaks of; "both eyes" and "both glasses and a hat" are something else."""
FACE_SEPARATORS = re.compile(r"[,.;:\n]| and | but | then | while ")

VOCABULARY = sorted(
    word
    for word in THINGS
    | COLOURS
    | ADJECTIVES
    | MAKING
    | _words(
        "without changing original variations history compare remove everything undo "
        "smiling smile slightly little stronger weaker instead please background younger"
    )
    if len(word) >= 5
)
"""What a misspelt word is compared with."""
_REAL = _words(
    "hairy hairs faced cheeky teeth shirts trees tiger shine shore share store stone where there these those three think thing brown "
    "crown clown drown frown grown bread board breed blank wight whole while write wide bride pride green greet queen glass grass large "
    "angle ankle early eagle place peace piece peach reach beach teach coats boats goats capes cakes years bears tears later water "
    "winter summer spring autumn happy puppy sweat swear mouse house horse month south north earth heart "
    "point points health given check checks chance chances likely girls blood attack sleep sleeps shall charge charges miles brain "
    "brains stock block stars brand brands grade aware apple lovely shoot shots plane crowd banks stuck mainly moves shift grace "
    "concert plate print prints blind smell pants trick threw thrown violent palace remote marry sheet bands creek earnings mercy "
    "brush blown stole flesh makers worries cheers closet gently petty shout stack blows tires fridge mates sweep closes curry modes "
    "skirt spike blend grove swept paste surprises flown slots spicy sticky stall jelly slick grape gravel preach rouge scares stitch "
    "funky scans cellar browse covert brink bland weaken gravy crows shire stink stale trough stumble loosen moods scams giggles "
    "awaken cures plaid gloom strung perch toothy stubbly"
)
"""Real words that only look misspelt."""


def _known() -> frozenset[str]:
    """Every word of this file."""
    tables = [
        OPENINGS,
        CLOSINGS,
        LESS,
        MORE,
        REMOVING,
        NEGATING,
        KEEPING,
        UNCHANGED,
        REST,
        *DEGREES.values(),
        *FACTORS.values(),
    ]
    listed = {word for table in tables for phrase in table for word in phrase}
    patterns = set(re.findall(r"[a-z]{4,}", " ".join(pattern for _, pattern in COMMANDS)))
    sets = (
        THINGS | ADJECTIVES | MAKING | PERSONS | IDLE | COPULAS | HAVING | ASPECTS | CONJUNCTIONS | ARTICLES
    )
    return frozenset(
        listed | patterns | sets | set(SHAPING) | set(NUMBERS) | set(ORDINALS) | set(REWRITES) | _REAL
    )


CORRECT = _known()
"""Words that are never taken for misspelt ones."""
