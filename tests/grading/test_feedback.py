"""Feedback pages: everybody's own page, and one page a question with all answers to it."""

from labs_utils.grading import feedback, released
from labs_utils.grading.submission import Submitted
from tests.grading import sample
from tests.grading.sample import cells, hand_in, notebook, text_cell

RELEASED = "1. Why is twice\n   twice?\n2. Why not thrice?"
QUESTIONS = feedback.numbered(RELEASED)


def said(*markdown):
    return feedback.written_answers(Submitted(markdown=list(markdown)), QUESTIONS)


def test_the_questions_are_those_of_the_released_notebook(sample_course):
    assert feedback.numbered(released.load(sample.LAB).questions) == QUESTIONS
    assert list(QUESTIONS) == ["1", "2"] and QUESTIONS["1"].endswith("twice?")


def test_answers_below_each_question():
    text = (
        "## Discussion\n\n1. Why is twice\n   twice?\n\n   Because it is.\n   Always.\n2. Why not thrice?\n\nOne less."
    )
    assert said(text, "### Further reading\n\n1. a book") == {"1": "Because it is.\n   Always.", "2": "One less."}


def test_answers_in_cells_of_their_own_begun_with_the_number():
    text = f"## For discussion\n\n{RELEASED}"
    assert said(text.replace("For discussion", "10 · To discuss"), "1. First") == {"1": "First"}
    assert said(text, "**2.** Second\nmore", "1) First") == {"1": "First", "2": "Second\nmore"}


def test_nothing_written_is_nothing():
    assert said(f"## Discussion\n\n{RELEASED}\n\n### Further reading\n\n- x") == {}
    assert said("1. not below the heading") == {}


def test_a_page_a_question_shows_everybody_side_by_side(submissions, grade, tmp_path):
    for student, text in (("ann", "By definition."), ("bob", "<b>No idea</b>")):
        talk = text_cell(f"## Discussion\n\n1. Why is twice\n   twice?\n\n{text}\n\n2. Why not thrice?")
        hand_in(submissions, student, notebook([*cells(), talk]))
    hand_in(submissions, "cy")
    grade()
    first = (tmp_path / "report" / "feedback" / f"{sample.LAB}-question-1.html").read_text("utf-8")
    assert "By definition." in first and "&lt;b&gt;No idea" in first and "2 of 3 submissions" in first
    assert "ann" in first and "bob" in first
    second = (tmp_path / "report" / "feedback" / f"{sample.LAB}-question-2.html").read_text("utf-8")
    assert "0 of 3 submissions" in second


def test_pages_of_an_earlier_folder_stay_and_the_questions_show_everybody(submissions, grade, tmp_path):
    talk = text_cell("## Discussion\n\n1. Why is twice\n   twice?\n\nBy definition.")
    hand_in(submissions, "ann", notebook([*cells(), talk]))
    grade()
    before = page_of(tmp_path, "ann")
    hand_in(tmp_path / "late", "bob", notebook([*cells(), talk]))
    grade(tmp_path / "late")
    assert page_of(tmp_path, "ann") == before
    question = (tmp_path / "report" / "feedback" / f"{sample.LAB}-question-1.html").read_text("utf-8")
    assert "ann" in question and "bob" in question and "2 of 2 submissions" in question


def test_the_code_of_a_cell_that_cannot_be_read_is_shown(submissions, grade, tmp_path):
    hand_in(submissions, "ann", mean="def mean(x):\n    return np.mean(x  # <half>")
    grade()
    page = page_of(tmp_path, "ann")
    assert "cannot be read" in page and "return np.mean(x  # &lt;half&gt;" in page


def test_two_students_never_share_a_page(submissions, grade, tmp_path):
    for student in ("Zoë", "Zoe", "zoe", "..", "学生", "生学", "a" * 200):
        if student != "..":
            hand_in(submissions, student)
    grade()
    pages = [path.name for path in (tmp_path / "report" / "feedback").iterdir() if "question" not in path.name]
    assert len(pages) == 6 and len({name.lower() for name in pages}) == 6
    assert all(name.isascii() and len(name) < 100 for name in pages)


def page_of(tmp_path, student):
    (path,) = (tmp_path / "report" / "feedback").glob(f"{student}-*.html")
    return path.read_text("utf-8")


def test_a_page_begins_with_a_table_and_ends_with_the_students_own_words(submissions, grade, tmp_path):
    talk = text_cell("## Discussion\n\n1. Why is twice\n   twice?\n\nBy <i>definition</i>.\n\n2. Why not thrice?")
    hand_in(submissions, "ann", notebook([*cells(), talk]))
    hand_in(submissions, "bob", **sample.BLANK)
    hand_in(submissions, "cy", b"{")
    grade()
    ann, bob, cy = (page_of(tmp_path, student) for student in ("ann", "bob", "cy"))
    assert ann.index("<table>") < ann.index("<section>") and ann.count("<tr>") == 1 + len(sample.POINTS)
    assert "By &lt;i&gt;definition" in ann and "Question 2" not in ann
    assert "No exercise was attempted" in bob and "<section>" not in bob and "NotImplementedError" not in bob
    assert "Not graded" in cy and "0 of 0" not in cy
