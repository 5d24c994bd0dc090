"""NYSIIS the slow way, letter by letter as published, and codes that others print."""

# the table that Apache Commons Codec checks its own implementation with
PUBLISHED = {
    "macintosh": "MCANT", "knuth": "NAT", "koehn": "CAN", "phillipson": "FALAPSAN", "pfeister": "FASTAR",
    "schoenhoeft": "SANAFT", "mckee": "MCY", "mackie": "MCY", "heitschmidt": "HATSNAD", "bart": "BAD", "hurd": "HAD",
    "hunt": "HAD", "westerlund": "WASTARLAD", "casstevens": "CASTAFAN", "vasquez": "VASG", "frazier": "FRASAR",
    "bowman": "BANAN", "mcknight": "MCNAGT", "rickert": "RACAD", "deutsch": "DAT", "westphal": "WASTFAL",
    "shriver": "SRAVAR", "kuhl": "CAL", "rawson": "RASAN", "jiles": "JAL", "carraway": "CARY", "yamada": "YANAD",
    "odaniel": "ODANAL", "odonnel": "ODANAL", "cory": "CARY", "corey": "CARY", "kory": "CARY", "fuzzy": "FASY",
    "trueman": "TRANAN", "truman": "TRANAN", "kobwick": "CABWAC", "kocher": "CACAR", "fesca": "FASC", "shom": "SAN",
    "ohlo": "OL", "uhu": "UH", "um": "UN", "smith": "SNAT", "schmit": "SNAT", "schmidt": "SNAD", "dent": "DAD",
    "capp": "CAP", "kipp": "CAP", "brian": "BRAN", "brown": "BRAN", "xay": "XY", "xays": "XY", "xas": "X", "xs": "X",
}  # fmt: skip
VOWELS = "AEIOU"
STARTS = (("MAC", "MCC"), ("KN", "NN"), ("K", "C"), ("PH", "FF"), ("PF", "FF"), ("SCH", "SSS"))
ENDS = (("EE", "Y"), ("IE", "Y"), *((end, "D") for end in ("DT", "RT", "RD", "NT", "ND")))


def nysiis_letter_by_letter(name):
    """The code of one name of letters a to z; the word changes under the reader, as the rules say."""
    word = name.upper()
    for start, sound in STARTS:
        if word.startswith(start):
            word = sound + word[len(start) :]
            break
    for end, sound in ENDS:
        if word.endswith(end):
            word = word[: -len(end)] + sound
            break
    letters = list(word)
    key = letters[0]
    for place in range(1, len(letters)):
        sound = _sound(letters, place)
        letters[place : place + len(sound)] = sound
        if letters[place] != key[-1]:
            key += letters[place]
    return _ended(key)


def _sound(letters, place):
    letter, before = letters[place], letters[place - 1]
    after = "".join(letters[place + 1 : place + 3])
    if letter == "E" and after.startswith("V"):
        return "AF"
    plain = {**dict.fromkeys(VOWELS, "A"), "Q": "G", "Z": "S", "M": "N"}.get(letter)
    if plain:
        return plain
    if letter == "K":
        return "NN" if after.startswith("N") else "C"
    if letter == "S" and after == "CH":
        return "SSS"
    if letter == "P" and after.startswith("H"):
        return "FF"
    is_silent = letter == "H" and (before not in VOWELS or after[:1] not in VOWELS or not after)
    return before if is_silent or (letter == "W" and before in VOWELS) else letter


def _ended(key):
    if len(key) > 1 and key.endswith("S"):
        key = key[:-1]
    if len(key) > 2 and key.endswith("AY"):
        key = key[:-2] + "Y"
    return key[:-1] if len(key) > 1 and key.endswith("A") else key
