from pipeline.sample.text import html_blocks, html_inline, plain_inline, plain_text, typed_text

SOURCE = """It depends on\u00a0the plan:

- Small: **5 €** a month
- 6:30 & later: see [the list](https://a.example/list)

Write to x@a.example or visit https://a.example/q?a=1."""


def test_plain_text_has_a_line_for_each_paragraph_and_item_and_no_marks() -> None:
    assert plain_text("Yes: [here](https://a.example/b), **now**.\n\n- one\n- two\n\nEnd") == (
        "Yes: here, now.\none\ntwo\nEnd"
    )


def test_plain_text_folds_white_space_and_keeps_joiners() -> None:
    assert plain_inline("a\u00a0b \t c\u00ad\ufeffd\u200c\u200d\u200e\u200fe\u202ff") == (
        "a b cd\u200c\u200d\u200e\u200fe f"
    )


def test_plain_text_has_no_blank_lines() -> None:
    assert plain_text("\na\n\n\n\nb\n \n- c\n") == "a\nb\nc"


def test_lines_of_one_paragraph_are_joined() -> None:
    assert plain_text("one\ntwo\n- item\nthree") == "one two\nitem\nthree"


def test_typed_text_keeps_blank_lines_between_blocks_and_no_break_spaces() -> None:
    assert typed_text("a\u00a0b:\n\n- **c**\n- d") == "a\u00a0b:\n\nc\nd"


def test_html_escapes_links_and_marks() -> None:
    assert html_blocks(SOURCE, strong_labels=True) == [
        "<p>It depends on&nbsp;the plan:</p>",
        "<ul><li>Small: <strong>5 €</strong> a month</li>"
        '<li>6:30 &amp; later: see <a href="https://a.example/list">the list</a></li></ul>',
        '<p>Write to <a href="mailto:x@a.example">x@a.example</a> or visit '
        '<a href="https://a.example/q?a=1">https://a.example/q?a=1</a>.</p>',
    ]


def test_labels_of_items_can_be_strong() -> None:
    assert html_blocks("- Dawn\uff1aone", strong_labels=True) == [
        "<ul><li><strong>Dawn\uff1a</strong>one</li></ul>"
    ]
    assert html_blocks("- Dawn: one", strong_labels=True) == ["<ul><li><strong>Dawn:</strong> one</li></ul>"]
    for item in ("6:30 to 8:00", "https://a.example/x"):
        assert "<strong>" not in html_blocks(f"- {item}", strong_labels=True)[0]


def test_headings_are_elements_of_their_own() -> None:
    assert html_blocks("## Why?\nBecause.") == ["<h2>Why?</h2>", "<p>Because.</p>"]


def test_a_less_than_sign_is_text() -> None:
    assert html_inline("5 < 6 & 7") == "5 &lt; 6 &amp; 7"
