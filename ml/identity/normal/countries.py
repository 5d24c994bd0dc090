"""Which country does a name or a code of three letters mean?"""

import phonenumbers

ISO2 = tuple(sorted(code for code in phonenumbers.SUPPORTED_REGIONS if len(code) == 2 and code.isalpha()))
TABLE = """
AE are, united arab emirates, uae | AR arg, argentina | AT aut, austria, osterreich | AU aus, australia
BE bel, belgium, belgique, belgie, belgien | BG bgr, bulgaria | BR bra, brazil, brasil | CA can, canada
CH che, switzerland, schweiz, suisse, svizzera | CL chl, chile | CN chn, china | CO col, colombia
CR cri, costa rica | CY cyp, cyprus | CZ cze, czechia, czech republic | DE deu, ger, germany, deutschland, allemagne
DK dnk, denmark, danmark | EE est, estonia | EG egy, egypt | ES esp, spain, espana | FI fin, finland, suomi
FR fra, france | GB gbr, uk, united kingdom, great britain, england, scotland, wales, northern ireland
GR grc, greece | HK hkg, hong kong | HR hrv, croatia, hrvatska | HU hun, hungary, magyarorszag | ID idn, indonesia
IE irl, ireland, eire | IL isr, israel | IN ind, india | IS isl, iceland | IT ita, italy, italia | JP jpn, japan
KE ken, kenya | KR kor, south korea, korea | LT ltu, lithuania | LU lux, luxembourg | LV lva, latvia
MA mar, morocco, maroc | MT mlt, malta | MX mex, mexico | MY mys, malaysia | NG nga, nigeria
NL nld, netherlands, the netherlands, holland, nederland | NO nor, norway, norge | NZ nzl, new zealand
PE per, peru | PH phl, philippines | PK pak, pakistan | PL pol, poland, polska | PT prt, portugal | RO rou, romania
RS srb, serbia | RU rus, russia, russian federation | SA sau, saudi arabia | SE swe, sweden, sverige
SG sgp, singapore | SI svn, slovenia | SK svk, slovakia | TH tha, thailand | TR tur, turkey, turkiye | TW twn, taiwan
UA ukr, ukraine | US usa, united states, united states of america, u s a, u s, america | VN vnm, vietnam
ZA zaf, south africa
"""
NAMES = {
    name.strip(): entry.strip()[:2]
    for line in TABLE.strip().splitlines()
    for entry in line.split("|")
    for name in entry.strip()[3:].split(",")
}
