"""Finding submissions in folders and zips as instructors have them, and as adversaries make them."""

import io
import os
import stat
import struct
import zipfile

import pytest

from labs_utils import course
from labs_utils.errors import LabsError
from labs_utils.grading import intake, names, roster
from tests.grading.sample import LAB, cells, hand_in, notebook

GOOD = notebook(cells())


@pytest.fixture(autouse=True)
def labs(monkeypatch):
    monkeypatch.setattr(course, "lab_names", lambda: ["01_perceptron", LAB])


def make_zip(path, entries):
    """entries: (name or ZipInfo, bytes)."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return path


def found(source):
    return {submission.student: submission for submission in intake.collect(source)}


def test_a_folder_for_each_student(submissions):
    hand_in(submissions, 'José O\'Neil "x"')
    path = submissions / "学生" / "deep" / "work.IPYNB"
    path.parent.mkdir(parents=True)
    path.write_bytes(GOOD)
    (submissions / "学生" / ".ipynb_checkpoints").mkdir()
    (submissions / "学生" / ".ipynb_checkpoints" / "work-checkpoint.ipynb").write_bytes(GOOD)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "ada_98_sample.ipynb:Zone.Identifier"):
        (submissions / name).write_bytes(b"x")
    got = intake.collect(submissions)
    assert [(one.student, one.data, one.problem) for one in got] == [('José O\'Neil "x"', GOOD, ""), ("学生", GOOD, "")]


@pytest.mark.parametrize(
    ("file", "student", "lab"),
    [
        ("ann_98_sample.ipynb", "ann", LAB),
        ("Ann Lee_01_perceptron (1).ipynb", "Ann Lee", "01_perceptron"),
        ("ann_lee_lab98.ipynb", "ann_lee", LAB),
        ("bob-98.ipynb", "bob", LAB),
        ("leeann_123_4567_98_sample-2.ipynb", "leeann", LAB),
        ("Zoë Ünal_998_assignsubmission_file_98_sample.ipynb", "Zoë Ünal", LAB),
        ("homework.ipynb", "homework", None),
    ],
)
def test_flat_files(submissions, file, student, lab):
    (submissions / file).write_bytes(GOOD)
    (one,) = intake.collect(submissions)
    assert (one.student, names.lab_in_name(one.file)) == (student, lab)


def test_what_is_not_a_notebook_is_a_row_with_the_reason(submissions):
    (submissions / "ann_98.pdf").write_bytes(b"%PDF")
    (submissions / "bob").mkdir()
    (submissions / "bob" / "essay.docx").write_bytes(b"x")
    (submissions / "cy").mkdir()
    got = found(submissions)
    assert got["ann"].problem == "it is not a notebook (.ipynb)"
    assert got["bob"].problem == "there is no notebook in the folder, only essay.docx"
    assert got["cy"].problem == "there is no notebook in the folder"


def test_links_fifos_and_devices_are_never_opened(submissions, tmp_path):
    secret = tmp_path / "secret.ipynb"
    secret.write_bytes(GOOD)
    for student in ("file link", "folder link", "fifo", "loop"):
        (submissions / student).mkdir()
    (submissions / "file link" / f"{LAB}.ipynb").symlink_to(secret)
    (submissions / "folder link" / "x.ipynb").symlink_to(tmp_path, target_is_directory=True)
    (submissions / "loop" / "loop.ipynb").symlink_to("loop.ipynb")
    (submissions / "flat_98_sample.ipynb").symlink_to(secret)
    (submissions / "whole folder").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(submissions / "fifo" / f"{LAB}.ipynb")
    got = found(submissions)
    assert got["fifo"].problem == "it is not a plain file"
    for student in ("file link", "folder link", "loop", "flat", "whole folder"):
        assert got[student].problem == "it is a symbolic link, which is not followed", student
    assert all(one.data is None for one in got.values())


def test_a_file_that_is_too_large(submissions, monkeypatch):
    monkeypatch.setattr(intake, "LARGEST_FILE", 1000)
    hand_in(submissions, "ann", b" " * 1001)
    (one,) = intake.collect(submissions)
    assert "larger than" in one.problem and one.data is None


def test_the_zip_of_a_learning_platform(tmp_path):
    path = make_zip(
        tmp_path / "moodle.zip",
        [
            ("Ann Lee_123_assignsubmission_file_/98_sample.ipynb", GOOD),
            ("Ann Lee_124_assignsubmission_file_/98_sample.ipynb", GOOD),
            ("Bob_125_assignsubmission_onlinetext_/onlinetext.html", b"no"),
            ("__MACOSX/._98_sample.ipynb", b"x"),
        ],
    )
    got = found(path)
    assert sorted(got) == ["Ann Lee (123)", "Ann Lee (124)", "Bob"]
    assert got["Ann Lee (124)"].data == GOOD
    assert "no notebook in the folder, only onlinetext.html" in got["Bob"].problem


def test_a_zip_of_one_folder_with_everybody_in_it(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("class/ann/a.ipynb", GOOD), ("class/bob/b.ipynb", GOOD)])
    assert sorted(found(path)) == ["ann", "bob"]


def test_paths_that_leave_the_archive_and_links_in_it_are_refused(tmp_path, monkeypatch):
    link = zipfile.ZipInfo("link/98_sample.ipynb")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    monkeypatch.chdir(tmp_path)
    path = make_zip(
        tmp_path / "inner" / "evil.zip" if (tmp_path / "inner").mkdir() else tmp_path / "inner" / "evil.zip",
        [
            ("../outside_98_sample.ipynb", GOOD),
            ("ann/../../outside.ipynb", GOOD),
            ("/etc/outside.ipynb", GOOD),
            ("..\\windows\\outside.ipynb", GOOD),
            ("C:\\windows\\outside.ipynb", GOOD),
            (link, b"/etc/passwd"),
            ("good/98_sample.ipynb", GOOD),
        ],
    )
    before = sorted(tmp_path.rglob("*"))
    got = intake.collect(path)
    assert sum(one.problem == "its path leads out of the archive" for one in got) == 5
    assert sum("symbolic link" in one.problem for one in got) == 1
    assert [one.student for one in got if one.data] == ["good"]
    assert sorted(tmp_path.rglob("*")) == before, "nothing was unpacked"


def test_a_zip_bomb_is_read_no_further_than_allowed(tmp_path, monkeypatch):
    monkeypatch.setattr(intake, "LARGEST_FILE", 10**6)
    monkeypatch.setattr(intake, "LARGEST_ZIP", 3 * 10**6)
    bomb = bytes(10**8)
    path = make_zip(
        tmp_path / "bomb.zip", [("ann/a.ipynb", bomb), *((f"s{n}/a.ipynb", bomb[: 10**6]) for n in range(6))]
    )
    assert path.stat().st_size < 200_000
    got = found(path)
    assert "larger than" in got["ann"].problem
    assert sum(one.data is not None for one in got.values()) <= 3
    assert any("holds too much" in one.problem for one in got.values())


def test_a_zip_that_lies_about_sizes_or_is_damaged(tmp_path):
    path = make_zip(tmp_path / "x.zip", [("ann/a.ipynb", GOOD * 50), ("bob/a.ipynb", GOOD)])
    data = bytearray(path.read_bytes())
    at = data.index(b"ann/a.ipynb") + 20
    data[at : at + 30] = bytes(30)
    directory = data.index(b"PK\x01\x02")
    data[directory + 24 : directory + 28] = struct.pack("<I", 10)
    path.write_bytes(data)
    got = found(path)
    assert "cannot be unpacked" in got["ann"].problem and got["bob"].data == GOOD


def test_an_encrypted_entry_and_an_inner_zip(tmp_path):
    inner = io.BytesIO()
    make_zip(inner, [("a.ipynb", GOOD)])
    path = make_zip(tmp_path / "x.zip", [("ann/a.ipynb", GOOD), ("bob.zip", inner.getvalue())])
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    path.write_bytes(data)
    got = found(path)
    assert "cannot be unpacked" in got["ann"].problem and "encrypted" in got["ann"].problem
    assert got["bob"].problem == "it is not a notebook (.ipynb)"


def test_names_cannot_drive_the_terminal(submissions):
    hand_in(submissions, "ann\x1b[2J\x07\n")
    (one,) = intake.collect(submissions)
    assert one.student.isprintable() and "ann" in one.student


def test_nothing_to_grade_is_one_sentence(tmp_path, submissions):
    (tmp_path / "file.txt").write_text("x")
    for source, sentence in (
        (tmp_path / "nowhere", "does not exist"),
        (tmp_path / "file.txt", "neither a folder nor a zip"),
        (submissions, "holds no submissions"),
    ):
        with pytest.raises(LabsError, match=sentence):
            intake.collect(source)


CLASSES = {
    "numbered": (["student_01", "student_02", "student_98"], ["student_01", "student_02", "student_98"]),
    "groups": (["group_01_ann", "group_01_bob", "team 98 - ann"], ["group_01_ann", "group_01_bob", "team 98 - ann"]),
    "dates": (["2026-10-08_ann", "2026-10-08_bob"], ["ann", "bob"]),
    "lab first": ([f"{LAB}_ann", "98_bob", "Lab 98 cy"], ["ann", "bob", "cy"]),
    "lab last": ([f"ann_{LAB}", "bob_98", "cy lab98", f"dee_{LAB} (1)"], ["ann", "bob", "cy", "dee"]),
    "other labs' numbers": (["ann_01", "ann_98"], ["ann", "ann_01"]),
    "copies": (
        [f"Copy of {LAB}", f"Copy of {LAB} (1)", LAB, "98", "homework", "homework (1)"],
        [f"Copy of {LAB}", f"Copy of {LAB} (1)", LAB, "98", "homework", "homework (1)"],
    ),
    "term first": ([f"2026_{LAB}_ann", f"2026_{LAB}_bob"], ["2026 ann", "2026 bob"]),
    "canvas": (
        ["doejane_LATE_12345_678910_98_sample-1", "doejane_777_678911_98_sample", "leeann_123_4567_work"],
        ["doejane (12345)", "doejane (777)", "leeann"],
    ),
    "blackboard": (
        ["Lab 98_jdoe_attempt_2026-10-08-12-34-56_98_sample", "Lab 98_al_attempt_2026-10-08-12-34-57_x"],
        ["al", "jdoe"],
    ),
    "brightspace": (
        ["123-456 - Jane Doe - Oct 8, 2026 1234 PM - 98_sample", "124-456 - Al Fa - 8 October, 2026 12:34 PM - x"],
        ["Al Fa", "Jane Doe"],
    ),
    "moodle without folders": (
        ["Ann Lee_123_assignsubmission_file_98_sample", "Bo_124_assignsubmission_file_x"],
        ["Ann Lee", "Bo"],
    ),
    "decomposed": (["Zoe\u0308_98_sample"], ["Zo\u00eb"]),
    "browsers": (["ann_98_sample.ipynb.json", "bob_98_sample.ipynb.txt"], ["ann", "bob"]),
}


@pytest.mark.parametrize("kind", CLASSES)
def test_every_flat_file_reaches_its_student(submissions, kind):
    files, students = CLASSES[kind]
    for file in files:
        (submissions / (file if ".ipynb" in file else f"{file}.ipynb")).write_bytes(GOOD)
    got = intake.collect(submissions)
    assert sorted(one.student for one in got) == sorted(students)
    assert all(one.data == GOOD for one in got)


@pytest.mark.parametrize(
    ("paths", "students"),
    [
        (["subs/ann_98_sample.ipynb", "subs/bob_98_sample.ipynb"], ["ann", "bob"]),
        (["outer/class/ann/a.ipynb", "outer/class/bob/a.ipynb"], ["ann", "bob"]),
        (["class/ann/a.ipynb"], ["class/ann"]),
        (["subs/x.ipynb", "subs/y.ipynb"], ["x", "y"]),
        (["ann/first try.ipynb", "ann/98_sample.ipynb"], ["ann", "ann"]),
        (["ann/Lab 1/a.ipynb", "ann/Lab 98/a.ipynb", "bob/a.ipynb"], ["ann", "ann", "bob"]),
        (["98_sample/ann/a.ipynb", "01_perceptron/bob/b.ipynb"], ["ann", "bob"]),
        (
            ["section 1/ann/a.ipynb", "section 1/bob/a.ipynb", "section 2/cy/a.ipynb"],
            ["section 1/ann", "section 1/bob", "section 2/cy"],
        ),
        (["submitted/ann/ps1/p.ipynb", "submitted/bob/ps1/p.ipynb"], ["ann", "bob"]),
        (
            ["Abgaben/Doe_Jane_jdoe_12/20261008123456_p.ipynb", "Abgaben/Lee_Al_al_13/20261008123457_p.ipynb"],
            ["Al Lee", "Jane Doe"],
        ),
    ],
)
def test_every_path_reaches_its_student_in_folders_and_in_zips(submissions, tmp_path, paths, students):
    for path in paths:
        (submissions / path).parent.mkdir(parents=True, exist_ok=True)
        (submissions / path).write_bytes(GOOD)
    archive = make_zip(tmp_path / "x.zip", [(path, GOOD) for path in paths])
    for source in (submissions, archive):
        assert sorted(one.student for one in intake.collect(source)) == sorted(students), source


def test_platforms_tell_who_is_late_and_when(tmp_path):
    metadata = (
        b"submission_7:\n  :submitters:\n  - :name: Jane Doe\n    :sid: '1'\n  :created_at: 2026-10-08 12:00:00Z\n"
    )
    path = make_zip(
        tmp_path / "x.zip",
        [
            ("assignment_1_export/submission_7/98_sample.ipynb", GOOD),
            ("assignment_1_export/submission_8/98_sample.ipynb", GOOD),
            ("assignment_1_export/submission_metadata.yml", metadata),
        ],
    )
    got = found(path)
    assert sorted(got) == ["Jane Doe", "submission_8"]
    assert got["Jane Doe"].time == 1791460800 and got["Jane Doe"].told and not got["submission_8"].told
    canvas = make_zip(tmp_path / "y.zip", [("doejane_LATE_12_34567_x.ipynb", GOOD), ("leeann_13_34568_x.ipynb", GOOD)])
    assert {one.student: one.late for one in intake.collect(canvas)} == {"doejane": True, "leeann": False}


def test_blackboards_receipt_and_moodles_online_text_are_nobody(tmp_path):
    entries = [
        ("L_jdoe_attempt_2026-10-08-12-34-56.txt", b"Name"),
        ("L_jdoe_attempt_2026-10-08-12-34-56_x.ipynb", GOOD),
        ("L_al_attempt_2026-10-08-12-34-56.txt", b"Name"),
    ]
    got = found(make_zip(tmp_path / "b.zip", entries))
    assert sorted(got) == ["al", "jdoe"] and got["jdoe"].data and not got["al"].data
    entries = [
        ("A_1_assignsubmission_file_/x.ipynb", GOOD),
        ("A_1_assignsubmission_onlinetext_/onlinetext.html", b"x"),
        ("B_2_assignsubmission_file_/x.ipynb", GOOD),
    ]
    assert [one.student for one in intake.collect(make_zip(tmp_path / "m.zip", entries))] == ["A", "B"]


@pytest.mark.parametrize(("name", "encoding"), [("Zoë Müller", "utf-8"), ("Zoë Müller", "cp1252"), ("学生甲", "gbk")])
def test_zips_that_do_not_say_how_names_are_encoded(tmp_path, name, encoding):
    path = make_zip(tmp_path / "x.zip", [("A" * len(name.encode(encoding)) + "/a.ipynb", GOOD), ("bob/a.ipynb", GOOD)])
    path.write_bytes(path.read_bytes().replace(b"A" * len(name.encode(encoding)), name.encode(encoding)))
    got = found(path)
    assert name in got and bool(got[name].notes) == (encoding != "utf-8")
    told = {one.student: one for one in intake.collect(path, intake.Rules(encoding=encoding))}
    assert name in told and not told[name].notes


def test_a_report_among_the_submissions_is_no_student(submissions):
    hand_in(submissions, "ann")
    for report in ("report", "older"):
        (submissions / report).mkdir()
    (submissions / "older" / "results.jsonl").write_text("")
    got = intake.collect(submissions, intake.Rules(report=submissions / "report"))
    assert [one.student for one in got] == ["ann"]


ROSTER = "Identifier;Full name;Email address\nParticipant 123;Ann Lee;ann@x.edu\nParticipant 124;Ann Lee;al2@x.edu\n"


def test_the_roster_gives_the_names(submissions, tmp_path):
    table = tmp_path / "roster.csv"
    table.write_text(ROSTER + "Participant 125;Zoë Ünal;zoe@x.edu\n", "utf-8")
    people = tuple(roster.read(table))
    assert len({person.name for person in people}) == 3
    for file in ("leeann_98_sample", "unal zoe_98_sample", "al2_98_sample", "Ann Lee_123_assignsubmission_file_x"):
        (submissions / f"{file}.ipynb").write_bytes(GOOD)
    got = {one.file.split("_")[0]: one for one in intake.collect(submissions, intake.Rules(people=people))}
    assert got["unal zoe"].student == "Zoë Ünal" and got["al2"].student == people[1].name
    assert got["Ann Lee"].student == people[0].name
    assert got["leeann"].student == "leeann" and "roster" in got["leeann"].notes[-1], "two are called so: not guessed"


def test_a_pattern_says_where_the_student_stands(submissions):
    for file in ("w_41_ann_ex", "w_42_bob_ex", "other"):
        (submissions / f"{file}.ipynb").write_bytes(GOOD)
    got = {
        one.student: one
        for one in intake.collect(submissions, intake.Rules(pattern=names.Pattern("w_{any}_{student}_ex")))
    }
    assert sorted(got) == ["ann", "bob", "other"]
    assert got["other"].notes and not got["ann"].notes
    for wrong in ("{any}", "{student}_{who}", "{student}{student}"):
        with pytest.raises(LabsError, match="--pattern"):
            names.Pattern(wrong)
