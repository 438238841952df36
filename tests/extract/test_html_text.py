"""HTML to text lines, from strings and from trees."""

import html
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.charset import parse_html
from extract.html_text import element_to_text, fold_lines, html_to_text, inner_html

BOTH_WAYS = {
    "paragraphs": ("<p>A</p><p>B &amp; C</p>", "A\nB & C"),
    "inline elements add no space": ("<b>a</b>b <i>c</i>d", "ab cd"),
    "block elements end lines": ("a<div>b</div>c", "a\nb\nc"),
    "line breaks": ("x<br/>y<BR>z<br><br>w", "x\ny\nz\nw"),
    "lists without marks": ("<ul><li>a</li><li>b<ol><li>c</ol></ul>", "a\nb\nc"),
    "a table row is a line": ("<table><tr><td>a</td><td>b</td></tr><tr><th>c</th><td>d</table>", "a b\nc d"),
    "definition lists": ("<dl><dt>a<dd>b</dl>", "a\nb"),
    "white space folds": ("<p>  a \t b\n c&nbsp;&nbsp;d </p>", "a b c d"),
    "no blank lines": ("<div><p></p><p> </p><p>a</p>\n\n<p>b</p></div>", "a\nb"),
    "scripts and styles": ("<p>a<script>x<1</script><style>b{}</style>b</p>", "ab"),
    "templates and noscript": ("<p>a</p><template><p>b</p></template><noscript>c</noscript>", "a"),
    "embedded things": (
        "<p>a<iframe>b</iframe><svg><title>c</title></svg><select><option>d</select>e</p>",
        "ae",
    ),
    "comments": ("<p>a<!-- b <p>c</p> -->d</p>", "ad"),
    "images have no text": ('<p>a<img alt="b > c" src="d">e</p>', "ae"),
    "quoted angle brackets": ('<p title="<b>">a</p>', "a"),
    "preformatted lines": ("<pre>a\n  b</pre><p>c\nd</p>", "a\nb\nc d"),
    "zero-width joiners stay": ("<p>می‌خواهم क्‍ष</p>", "می‌خواهم क्‍ष"),
    "soft hyphens and marks go": ("<p>a&shy;b\ufeffc\u200bd&#8203;e</p>", "abcde"),
    "entities": ("<p>&lt;b&gt; &quot;x&quot; &#39;y&#39; &#x1F600; &eacute;</p>", "<b> \"x\" 'y' 😀 é"),
    "ruby": ("<p><ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp></ruby>字</p>", "漢字"),
    "unclosed": ("<p>a<b>b<p>c", "ab\nc"),
    "stray ends": ("</div>a</p>b</b>c", None),
    "details": ("<details><summary>a</summary>b</details>", "a\nb"),
    "buttons": ("<button>a</button>", "a"),
    "upper case": ("<P>a</P><SCRIPT>b</SCRIPT><P>c</P>", "a\nc"),
}


@pytest.mark.parametrize("case", BOTH_WAYS)
def test_strings_and_trees_are_laid_out_alike(case):
    source, expected = BOTH_WAYS[case]
    if expected is not None:
        assert html_to_text(source) == expected
        assert element_to_text(parse_html(f"<body>{source}</body>").find("body")) == expected
    else:
        assert html_to_text(source) == "a\nbc"


STRINGS = {
    "plain lines stay": ("a\nb\r\nc\rd", "a\nb\nc\nd"),
    "plain is normalised": ("  a \u00a0 b\u00ad\u200b \n\n\n c\x00 ", "a b\nc"),
    "lines stay beside inline tags": ("a\nb <a href='x'>c</a>", "a\nb c"),
    "lines fold beside block tags": ("<p>a\nb</p>", "a b"),
    "less-than is text": ("a < b", "a < b"),
    "less-than before a digit": ("x<5 & y>3", "x<5 & y>3"),
    "less-than before a word": ("if a <b and c> d, x<y", "if a <b and c> d, x<y"),
    "placeholders are text": ("git clone <url> <your-name>", "git clone <url> <your-name>"),
    "an unknown element with an end": ("<o:p>a</o:p> <my-tag>b</my-tag>", "a b"),
    "an unknown element with attributes": ('<font-x size="2">a', "a"),
    "an unfinished tag": ("a <p", "a <p"),
    "only brackets": ("<> < > <<>>", "<> < > <<>>"),
    "references need a semicolon": ("?a=1&copy=2&lt=3 AT&T &copy;", "?a=1&copy=2&lt=3 AT&T ©"),
    "an unknown reference": ("&bogus; &amp;", "&bogus; &"),
    "text about tags": ("Use the &lt;p&gt; tag", "Use the <p> tag"),
    "escaped twice": ("&lt;p&gt;a &amp;amp; b&lt;/p&gt;&lt;p&gt;c&lt;/p&gt;", "a & b\nc"),
    "escaped twice, breaks": ("a&lt;br /&gt;b", "a\nb"),
    "escaped twice, a link": ('see &lt;a href="x"&gt;here&lt;/a&gt;', "see here"),
    "escaped inside real tags": ("<p>Write &lt;b&gt;x&lt;/b&gt;</p>", "Write <b>x</b>"),
    "cdata": ("<![CDATA[<p>a</p>b]]>", "a\nb"),
    "doctype": ("<!DOCTYPE html><p>a", "a"),
    "processing instruction": ("a<?php x ?>b", "ab"),
    "an unclosed comment": ("a<!-- b", "a"),
    "an unclosed quote": ('<a title="x>a</a> b', "a b"),
    "an unclosed script": ("a<script>b", "a"),
    "lone surrogates": ("a\ud83db", "ab"),
    "nothing": ("", ""),
}


@pytest.mark.parametrize("case", STRINGS)
def test_strings(case):
    source, expected = STRINGS[case]
    assert html_to_text(source) == expected


def test_tail_of_the_element_is_not_its_text():
    assert element_to_text(parse_html("<p><b>a</b>tail</p>").find(".//b")) == "a"


def test_comments_of_other_parsers_keep_their_tail():
    import lxml.html

    assert element_to_text(lxml.html.fromstring("<p>a<!-- b -->c<?x y?>d</p>")) == "acd"


def test_a_title_is_text_but_a_script_is_not():
    tree = parse_html("<title>a</title><script>b</script>")
    assert element_to_text(tree.find(".//title")) == "a"
    assert element_to_text(tree.find(".//script")) == ""


def test_deep_trees():
    tree = parse_html("<div>" * 2000 + "deep" + "</div>" * 2000)
    assert element_to_text(tree) == "deep"


def test_inner_html():
    tree = parse_html('<div id=a class="x > y"><p>a &amp; b<br>c</p></div>tail')
    assert inner_html(tree.find(".//div")) == "<p>a &amp; b<br>c</p>"
    assert inner_html(tree.find(".//br")) == ""


HOSTILE = {
    "open quotes": "<a '",
    "two kinds of quotes": "<a x='\"",
    "values": "<a =\"<a ='",
    "unknown tags": "<zz ",
    "unknown tags with an end": "<zz>",
    "brackets": "<",
    "scripts": "<script>",
    "comments": "<!--",
    "declarations": "<!a",
    "cdata": "<![CDATA[",
    "references": "&",
    "escaped": "&lt;p ",
    "attributes": "<p a a",
    "ends": "</a",
}


@pytest.mark.parametrize("case", HOSTILE)
def test_time_is_linear(case):
    unit = HOSTILE[case]

    def seconds(n_chars: int) -> float:
        source = unit * (n_chars // len(unit))
        times = []
        for _ in range(3):
            start = time.process_time()
            html_to_text(source)
            times.append(time.process_time() - start)
        return min(times)

    small, large = seconds(20_000), seconds(320_000)
    assert large < 0.2 or large < 64 * small  # 16 times the input; quadratic would be 256 times


@given(st.text(max_size=200))
def test_never_raises_and_gives_folded_lines(source):
    text = html_to_text(source)
    text.encode()
    assert all(line and line == " ".join(line.split()) for line in text.split("\n") if text)


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<br>", "<b>", "</b>", "<", ">", "&lt;", "&amp;", "a", " ", "\n", '"']
        )
    )
)
def test_never_raises_on_markup(parts):
    html_to_text("".join(parts))


@given(st.text(alphabet=st.characters(exclude_characters="<&"), max_size=200))
def test_fast_path_is_the_slow_path(plain):
    assert html_to_text(plain) == fold_lines(plain)
    assert html_to_text(plain + "<!-- -->") == html_to_text(plain)
    assert html_to_text(f"<span>{plain}</span>") == html_to_text(plain)


@given(st.text(max_size=200))
def test_escaped_text_comes_back(source):
    text = fold_lines(source.replace("<", "(").replace(">", ")"))
    assert html_to_text(html.escape(text)) == text


@given(st.text(alphabet=st.characters(exclude_characters="<&"), max_size=200))
def test_idempotent(plain):
    once = html_to_text(plain)
    assert html_to_text(once) == once


@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<br/>", "<div class='x'>", "</div>", "<ul><li>", "<a href=x>", "</a>"]
        )
    )
)
def test_no_tag_is_left(tags):
    assert html_to_text("".join(tags)) == ""
