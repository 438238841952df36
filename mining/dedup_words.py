"""Small words that change what is asserted: negations, numerals, units of measure, dates, opposites.

Written by hand for languages that web FAQs are most often in. A language that is missing loses only the
protection that its words would give; a word too many costs a merge. Words are casefolded and stand as the
units that texts are cut into: `n't` is `t`.
"""

import unicodedata


def _words(text: str) -> frozenset[str]:
    return frozenset(unicodedata.normalize("NFKC", text).split())


NEGATIONS = _words(
    """
    not t cannot never without none nor neither nicht kein keine keinen keinem keiner keines nie niemals
    ohne pas jamais sans aucun aucune nunca jamás sin ningún ninguna tampoco não nem sem nenhum nenhuma non
    senza nessun nessuna niet geen nooit zonder inte ej aldrig utan ikke aldri uten uden ingen ei eivät
    ilman bez nigdy żaden nelze nikdy nincs nélkül tilos niciodată fără nu не нет ни нельзя никогда без
    нема немає няма ніколи δεν δε μη μην χωρίς όχι ποτέ değil yok hiçbir tidak bukan tanpa jangan belum
    không chưa لا لم لن ليس ليست غير بدون دون نہیں نہیں نه לא אין בלי ללא אל नहीं न मत बिना না নেই ছাড়া
    இல்லை కాదు 않 없 안 못 없이 없습니다 않습니다
    """
)

WEAK_NEGATIONS = frozenset({"no", "ne", "n"})
"""Negations that are also something else, as in `at no charge`: they count where they were only put in."""

NEGATION_CHARS = frozenset("不没沒無无未勿非别ぬ")
"""Characters that negate in Chinese and Japanese."""

NUMERAL_CHARS = frozenset("〇零一二三四五六七八九十百千万萬億亿兆两兩半")
"""Characters that count in Chinese and Japanese."""

NEGATION_STRINGS = ("ない", "なく", "ません", "ずに", "ไม่", "ບໍ່", "មិន", "မ")
"""Negations of scripts without spaces, where no word list applies."""

FACT_WORDS = _words(
    """
    zero one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty
    sixty hundred thousand million billion half quarter twice double triple first second third fourth fifth
    last seconds minute minutes hour hours day days week weeks fortnight month months year years daily
    weekly monthly yearly annually quarterly monday tuesday wednesday thursday friday saturday sunday
    january february march april june july august september october november december weekend weekday
    weekdays weekends null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf zwanzig dreißig
    fünfzig hundert tausend halb zweimal dreimal doppelt erste zweite dritte ersten zweiten dritten täglich
    wöchentlich monatlich sekunden minuten stunde stunden tag tage tagen woche wochen monat monate monaten
    jahr jahre jahren jährlich deux trois quatre cinq sept huit neuf dix onze douze quinze vingt trente
    cent mille premier première deuxième seconde heure heures jour jours semaine semaines mois ans année
    années lundi mardi mercredi jeudi vendredi samedi dimanche janvier février mars avril mai juin juillet
    août septembre octobre novembre décembre dos tres cuatro cinco seis siete ocho nueve diez doce quince
    veinte treinta cien mil primero primera segundo segunda minuto minutos hora horas día días semana
    semanas meses año años lunes martes miércoles jueves viernes sábado domingo enero febrero marzo abril
    mayo junio julio agosto septiembre octubre noviembre diciembre dois duas três quatro sete oito nove dez
    doze vinte trinta cem dia dias mês ano anos janeiro fevereiro março maio junho julho setembro outubro
    novembro dezembro due tre quattro cinque sette otto dieci dodici venti trenta cento primo prima minuti
    ora ore giorno giorni settimana settimane mese mesi anno anni lunedì martedì mercoledì giovedì venerdì
    sabato domenica gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre twee drie vijf
    zes zeven negen tien twaalf twintig dertig honderd duizend eerste tweede derde minuut uur uren dag
    dagen weken maand maanden jaar jaren maandag dinsdag woensdag donderdag vrijdag zaterdag zondag januari
    februari maart mei juni juli augustus oktober dwa dwie trzy cztery pięć sześć siedem osiem dziewięć
    dziesięć dwanaście dwadzieścia sto tysiąc minut minuty godzina godziny godzin dzień dni tydzień
    tygodnie tygodni miesiąc miesiące miesięcy rok lata lat два две двух три трёх трех четыре пять шесть
    семь восемь девять десять двенадцать двадцать тридцать сто тысяча первый второй третий минута минуты
    минут час часа часов день дня дней неделя недели недель месяц месяца месяцев год года лет понедельник
    вторник среда четверг пятница суббота воскресенье января февраля марта апреля мая июня июля августа
    сентября октября ноября декабря واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة مئة ألف دقيقة
    دقائق ساعة ساعات يوم أيام أسبوع أسابيع شهر أشهر سنة سنوات एक दो तीन चार पांच पाँच छह सात आठ नौ दस मिनट
    घंटे घंटा दिन सप्ताह हफ्ते महीने महीना साल वर्ष satu dua tiga empat lima enam tujuh delapan sembilan
    sepuluh menit jam hari minggu bulan tahun bir iki üç dört beş altı yedi sekiz dokuz dakika saat gün
    hafta ay yıl mg g kg lb lbs oz mm cm km ft yd ml cl dl h min mins hr hrs sec secs ms kb mb gb tb
    kbps mbps gbps kw mw kwh mah hz khz mhz ghz rpm psi pm usd eur gbp jpy chf euro euros dollar
    dollars pound pounds cents percent prozent
    """
)
"""Numerals in letters, units of measure, days, months."""

_PAIRS = """
before after, above below, over under, more less, more fewer, most least, minimum maximum, min max,
inside outside, indoors outdoors, included excluded, including excluding, optional mandatory,
optional required, allowed forbidden, allowed prohibited, permitted prohibited, possible impossible,
available unavailable, open closed, opens closes, early late, earlier later, old new, used new, high low,
higher lower, left right, arrival departure, sender recipient, buyer seller, always sometimes,
increase decrease, enable disable, enabled disabled, add remove, valid invalid, can cannot, all some,
from until, first last, upper lower, adults children, free paid, vor nach, über unter, mehr weniger,
mindestens höchstens, minimal maximal, innerhalb außerhalb, inklusive exklusive,
freiwillig verpflichtend, erlaubt verboten, möglich unmöglich, geöffnet geschlossen, offen geschlossen,
früher später, links rechts, ankunft abfahrt, mit ohne, immer manchmal, avant après, plus moins,
minimum maximum, inclus exclu, facultatif obligatoire, autorisé interdit, possible impossible,
ouvert fermé, ancien nouveau, gauche droite, arrivée départ, avec sans, dessus dessous, antes después,
más menos, mínimo máximo, incluido excluido, opcional obligatorio, permitido prohibido,
posible imposible, abierto cerrado, viejo nuevo, izquierda derecha, llegada salida, con sin, до после,
больше меньше, более менее, можно нельзя, открыто закрыто, раньше позже, входит исключено
"""


def _opposites() -> dict[str, frozenset[str]]:
    pairs = [pair.split() for pair in unicodedata.normalize("NFKC", _PAIRS).split(",")]
    both_ways = [(a, b) for a, b in pairs] + [(b, a) for a, b in pairs]
    return {word: frozenset(b for a, b in both_ways if a == word) for word, _ in both_ways}


OPPOSITES = _opposites()
"""Words by their contraries: one in the place of the other is no wording of the same."""
