"""What mutations insert: words and marks that mean something to the parsers."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


HTML = _words("<p> </p> <br> <!-- --> <div </div> <table> <td> <pre> <svg> <template> </ &lt; &amp; &#x")
SCHEMA = _words("FAQPage Question Answer mainEntity acceptedAnswer name text https://schema.org/")
JSON = _words('@type @id @graph @context @list @value @language {" "} [{ }] ": ", \\" \\u \\ud83d /* */')
MICRODATA = _words("itemscope itemprop= itemtype= itemref= itemid= id= content= datetime= href=")
RDFA = _words("vocab= typeof= property= about= resource= prefix= rel= rev= datatype= content= _: [")
CHARSETS = _words("charset= utf-8 utf-16 windows-1252 shift_jis euc-kr gbk iso-2022-jp big5")
HEADERS = (
    *(":charset ", ":date ", ":url ", ":keep-html\n", ":any-robots\n"),
    *("Link: <", "X-Robots-Tag: ", "noindex", "hreflang=", "rel="),
)
WARC = (
    *("WARC/1.0\r\n", "WARC/1.1\r\n", "\r\n\r\n", "WARC-Type: ", "response", "resource", "revisit"),
    *(
        "Content-Length: ",
        "99999999999",
        "WARC-Block-Digest: sha1:",
        "WARC-Target-URI: ",
        "HTTP/1.1 200 OK\r\n",
    ),
    *("Content-Encoding: gzip\r\n", "Content-Encoding: br\r\n", "Transfer-Encoding: chunked\r\n"),
    *("text/html", "FAQPage"),
)
QUADS = ("<http://schema.org/", "_:a", '"@en', "^^<", " .\n", "\\u", "\\U")
PARQUET = ("PAR1", "\x1e", "\x1f", "https://", "faq", "question", "UTF8")
