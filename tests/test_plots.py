"""Plots: faults are found before a student meets them, and a figure carries its description."""

import base64
import html
import io
import json
import re
from types import SimpleNamespace

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from labs_utils import course, plots

DESCRIPTION = "A straight line that rises from the lower left to the upper right."


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


@pytest.fixture
def updated():
    """What took the place of something displayed."""
    return []


@pytest.fixture
def displayed(monkeypatch, updated):
    """What plots displays, as (data, keywords)."""
    shown = []

    def display(data, **keywords):
        shown.append((data, keywords))
        return SimpleNamespace(update=lambda data, raw: updated.append(data))

    monkeypatch.setattr(plots.figures, "display", display)
    return shown


def figure_with(draw, **labels):
    figure, axes = plt.subplots()
    draw(axes)
    axes.set(**labels)
    return figure


def line(axes):
    axes.plot([0, 1], [0, 1])


def test_a_sound_figure_has_no_faults():
    assert plots.faults(figure_with(line, xlabel="x", ylabel="y"), DESCRIPTION) == []


@pytest.mark.parametrize(
    ("figure", "description", "fault"),
    [
        (lambda: figure_with(line, xlabel="x"), DESCRIPTION, "no y label"),
        (lambda: figure_with(line, ylabel="y", title="Loss"), DESCRIPTION, "no x label"),
        (lambda: figure_with(line, xlabel="x", ylabel="y"), "A plot.", "too short"),
        (lambda: figure_with(lambda axes: None, xlabel="x", ylabel="y"), DESCRIPTION, "no data"),
    ],
)
def test_a_fault_is_found_and_stops_a_build(figure, description, fault, monkeypatch):
    assert any(fault in found for found in plots.faults(figure(), description))
    monkeypatch.setenv(plots.BUILDING, "1")
    with pytest.raises(ValueError, match=fault):
        plots.show(figure(), description)


def test_a_student_is_never_stopped_by_a_missing_label(monkeypatch, displayed):
    monkeypatch.delenv(plots.BUILDING, raising=False)
    plots.show(figure_with(line), "short")
    assert len(displayed) == 1


def test_shared_axes_need_one_label_and_images_none():
    figure, axes = plt.subplots(2, 1, sharex=True)
    for each in axes:
        each.plot([0, 1])
        each.set(ylabel="loss")
    axes[1].set(xlabel="epoch")
    assert plots.faults(figure, DESCRIPTION) == []
    figure, axes = plt.subplots(1, 2)
    for each in axes:
        each.plot([0, 1])
    figure.supxlabel("epoch")
    assert len(plots.faults(figure, DESCRIPTION)) == 2  # still no y label on either
    figure.supylabel("loss")
    assert plots.faults(figure, DESCRIPTION) == []
    assert plots.faults(plots.image_grid(np.ones((3, 8, 8))), DESCRIPTION) == []


def image(data):
    """Alternative text and picture of what was displayed."""
    alt, png = re.fullmatch(r'<img alt="([^"]*)" src="data:image/png;base64,([^"]*)".*>', data["text/html"]).groups()
    return html.unescape(alt), np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("L"))


def test_a_figure_is_shown_with_its_description_and_closed(displayed):
    description = 'A line "through" <0, 0> that rises & rises, from the left to the right.'
    plots.show(figure_with(line, xlabel="x", ylabel="y"), description)
    ((data, _),) = displayed
    alt, picture = image(data)
    assert alt == data["text/plain"] == description
    assert picture.std() > 5
    assert plt.get_fignums() == []


def test_a_key_stands_for_its_description(displayed, tmp_path, monkeypatch):
    monkeypatch.setattr(course, "DESCRIPTIONS", tmp_path)
    (tmp_path / "98_sample.json").write_text(json.dumps({"lab 98, figure 2": DESCRIPTION}), "utf-8")
    plots.show(figure_with(line, xlabel="x", ylabel="y"), "lab 98, figure 2")
    assert image(displayed[0][0])[0] == DESCRIPTION
    monkeypatch.delenv(plots.BUILDING, raising=False)  # an old notebook beside a new course still runs
    plots.show(figure_with(line), "lab 98, figure 3")
    assert image(displayed[1][0])[0] == "lab 98, figure 3"


def test_the_same_figure_gives_the_same_bytes(displayed):
    for _ in range(2):
        plots.show(figure_with(line, xlabel="x", ylabel="y"), DESCRIPTION)
    assert displayed[0][0]["text/html"] == displayed[1][0]["text/html"]


def test_classes_differ_by_marker_as_well_as_by_colour():
    figure, axes = plt.subplots()
    plots.scatter_classes(axes, np.eye(3)[:, :2], np.array([[0], [1], [2]]), names=("a", "b", "c"))
    shapes = {len(collection.get_paths()[0].vertices) for collection in axes.collections}
    assert len(axes.collections) == 3 and len(shapes) == 3
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b", "c"]


def test_curves_differ_by_line_style_as_well_as_by_colour():
    figure, axes = plt.subplots()
    plots.curves(axes, {"a": [1, 2], "b": ([5, 6], [1, 2]), "c": [0, 0]}, "epoch", "loss")
    assert len({drawn.get_linestyle() for drawn in axes.lines}) == 3
    assert list(axes.lines[1].get_xdata()) == [5, 6]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("epoch", "loss")


@pytest.mark.parametrize(("w0", "w1", "w2", "on_line"), [(1, 3, -2, (1, 2)), (-2, 1, 0, (2, 0)), (-3, 0, 1, (0, 3))])
def test_a_line_satisfies_its_equation(w0, w1, w2, on_line):
    figure, axes = plt.subplots()
    axes.set_ylim(-4, 4)
    plots.line_of(axes, w0, w1, w2, (-4, 4))
    x, y = axes.lines[0].get_data()
    assert np.allclose(w0 + w1 * np.array(x) + w2 * np.array(y), 0)
    assert w0 + w1 * on_line[0] + w2 * on_line[1] == 0


def test_a_decision_surface_asks_about_points_of_the_plane():
    figure, axes = plt.subplots()
    asked = []

    def predict(points):
        asked.append(points)
        return (points[:, 0] > 0).astype(float)[:, None]

    plots.decision_surface(axes, predict, (-1, 1), (-2, 2), resolution=20)
    assert asked[0].shape == (400, 2) and np.abs(asked[0]).max(axis=0).tolist() == [1, 2]
    assert axes.get_xlim() == (-1, 1) and axes.get_ylim() == (-2, 2)


def test_sliders_are_a_still_while_building(monkeypatch, displayed):
    monkeypatch.setenv(plots.BUILDING, "1")
    drawn = []

    def draw(axes, slope):
        drawn.append(slope)
        axes.plot([0, slope])
        axes.set(xlabel="x", ylabel="y")

    plots.explore(draw, DESCRIPTION, slope=(-1, 3, 2.0))
    assert drawn == [2.0] and displayed[0][0]["text/plain"] == f"{DESCRIPTION} Here slope = 2."
    assert len(displayed) == 1


def test_sliders_redraw_where_there_is_a_front_end(monkeypatch, displayed, updated):
    monkeypatch.delenv(plots.BUILDING, raising=False)
    drawn = []

    def draw(axes, slope):
        drawn.append(slope)
        axes.plot([0, slope])

    plots.explore(draw, DESCRIPTION, slope=(-1, 3, 2.0))
    box = displayed[-1][0]
    slider = box.children[0]
    assert (slider.min, slider.max, slider.value, slider.description) == (-1, 3, 2, "slope")
    still = displayed[0][0]  # beside the sliders, not in them: a saved notebook keeps it
    assert image(still)[0].endswith("Here slope = 2.")
    slider.value = 2.5
    assert drawn[-1] == 2.5 and updated[-1]["text/plain"] == f"{DESCRIPTION} Here slope = 2.5."


def test_a_fault_in_a_redrawn_picture_leaves_no_empty_axes(monkeypatch, displayed):
    monkeypatch.delenv(plots.BUILDING, raising=False)
    with pytest.raises(ZeroDivisionError):
        plots.explore(lambda axes, slope: axes.plot([0, 1 / 0]), DESCRIPTION, slope=(-1, 3, 2.0))
    assert displayed == [] and plt.get_fignums() == []


def test_without_ipywidgets_sliders_are_an_announced_still(monkeypatch, displayed, capsys):
    monkeypatch.delenv(plots.BUILDING, raising=False)
    monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
    plots.explore(lambda axes, slope: axes.plot([0, slope]), DESCRIPTION, slope=(-1, 3, 2.0))
    assert "still picture" in capsys.readouterr().out and len(displayed) == 1


def test_a_table_is_markdown_with_numbers_to_the_right(displayed):
    plots.table(["network", "accuracy"], [["a|b", 0.98765], ["c", 1]], "Measured in this run")
    text = displayed[0][0].data
    assert text.split("\n") == [
        "**Measured in this run**",
        "",
        "| network | accuracy |",
        "|:---|---:|",
        "| a\\|b | 0.9877 |",
        "| c | 1 |",
    ]


def test_the_colours_are_far_apart_in_grey_or_by_hue_for_the_two_classes():
    """Blue and orange, the two classes of most figures, stay apart for the three kinds of colour blindness."""
    colours = [np.array(matplotlib.colors.to_rgb(colour)) for colour in (plots.BLUE, plots.ORANGE)]
    # Machado, Oliveira and Fernandes (2009), severity 1: protanopia, deuteranopia, tritanopia
    simulations = [
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ]
    for matrix in simulations:
        seen = [np.clip(np.array(matrix) @ colour, 0, 1) for colour in colours]
        assert np.linalg.norm(seen[0] - seen[1]) > 0.4


# -- lab 04 -----------------------------------------------------------------------------------------------------------


def test_misread_digits_stand_in_rows_with_truth_and_reading_and_a_short_row_is_filled_up():
    images = np.arange(4, dtype=np.uint8)[:, None, None] * np.ones((4, 3, 3), np.uint8)
    y, y_hat, confidence = np.array([4, 9, 3, 5]), np.array([9, 4, 5, 3]), np.array([0.9, 0.8, 0.7, 0.95])
    rows = [np.array([1, 0, 2]), np.array([3])]
    figure = plots.digits.misread(images, y, y_hat, rows, 2, confidence)
    assert [ax.get_title() for ax in figure.axes] == ["9 → 4, 0.800", "4 → 9, 0.900", "5 → 3, 0.950", ""]
    assert [int(ax.images[0].get_array().max()) for ax in figure.axes] == [1, 0, 3, 0]
    assert plots.digits.misread(images, y, y_hat, rows, 2).axes[0].get_title() == "9 → 4"


def test_learning_curves_show_the_error_in_per_cent_and_ensembles_stand_beside_their_members():
    (ax,) = plots.digits.learning_curves([100, 1000], {"pixels": [[0.7, 0.8], [0.9, 0.9]], "HOG": [[0.9], [0.95]]}).axes
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [25, 10])
    (ax,) = plots.digits.votes({"seeds": (np.array([0.5, 0.6]), 0.7), "subsets": (np.array([0.4]), 0.3)}).axes
    assert [list(line.get_ydata()) for line in ax.lines] == [[0.5, 0.6], [0.7], [0.4], [0.3]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["members", "ensemble"]


def test_a_long_run_shows_the_range_over_seeds_both_losses_and_what_was_stated():
    curves = {"raw": {"val_accuracy": [[0.91, 0.95], [0.93, 0.97]], "loss": [[2, 1]], "val_loss": [[3, 2]]}}
    left, right = plots.digits.long_run(np.array([1, 10]), curves, 0.96).axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [0.92, 0.96])
    np.testing.assert_allclose(left.lines[1].get_ydata(), 0.96)
    assert left.collections[0].get_paths()[0].vertices[:, 1].max() == 0.97
    assert [list(line.get_ydata()) for line in right.lines] == [[2, 1], [3, 2]]


def test_a_roc_curve_spreads_the_few_false_alarms_and_a_history_shows_both_sets():
    (ax,) = plots.digits.roc({"a": (np.array([0.01, 1]), np.array([0.9, 1]))}).axes
    assert ax.get_xscale() == "log" and list(ax.lines[0].get_ydata()) == [0.9, 1]
    history = {"loss": [2, 1], "val_loss": [3, 2], "accuracy": [0.5, 0.6], "val_accuracy": [0.4, 0.5]}
    loss, accuracy = plots.digits.training(history).axes
    assert [list(line.get_ydata()) for line in loss.lines] == [[2, 1], [3, 2]]
    assert [list(line.get_xdata()) for line in accuracy.lines] == [[1, 2], [1, 2]]


# -- lab 06 -----------------------------------------------------------------------------------------------------------


def test_a_method_has_one_colour_in_the_bars_and_in_the_curves():
    methods = {"small": (0.99, 100, 5.0), "large": (0.98, 9000, 7.0)}
    bars = plots.convolution.contest(methods).axes
    assert [patch.get_width() for patch in bars[0].patches] == pytest.approx([1, 2])
    panel = {name: ([0, 1], [0.9, 0.5]) for name in methods}
    curves = plots.convolution.side_by_side({"moved": panel, "size": panel}, "accuracy").axes
    for ax in curves:
        colours = [matplotlib.colors.to_rgba(line.get_color()) for line in ax.lines]
        assert colours == [patch.get_facecolor() for patch in bars[0].patches]
        assert ax.lines[0].get_linewidth() > ax.lines[1].get_linewidth()
    assert curves[0].get_legend() and curves[1].get_legend() is None


def test_kernels_stand_above_the_functions_that_explain_them():
    kernels, fitted = np.ones((16, 3, 3)), np.zeros((16, 3, 3))
    figure = plots.convolution.gabor_rows(kernels, fitted, np.linspace(0, 0.75, 16), np.ones((8, 3, 3, 3)))
    titles = [ax.get_title() for ax in figure.axes]
    assert titles[0] == "0.00" and titles[8] == "Gabor" and titles[16] == "0.40" and titles[32] == "MobileNet"
    assert [int(figure.axes[k].images[0].get_array().max()) for k in (0, 8, 16, 24)] == [1, 0, 1, 0]


def test_the_liveliest_maps_come_first():
    maps = np.zeros((4, 4, 9))
    maps[0, 0] = np.arange(9)
    figure = plots.convolution.activation_maps(np.zeros((4, 4)), [maps, maps])
    assert [int(ax.images[0].get_array().max()) for ax in figure.axes[1:9]] == [8, 7, 6, 5, 4, 3, 2, 1]
