"""The check framework: right answers of any style pass, wrong ones get a sentence to act on."""

import math

import numpy as np
import pytest
from scipy.special import expit

from labs_utils.exercises.checking import CheckFailed, Checks, Result, drawn_once, expect_close, expect_items
from labs_utils.exercises.reference import INVITATION
from labs_utils.exercises.student import RemoteWorker, in_this_process

checks = Checks("01_perceptron")


@checks.probe("squash")
def values(squash, rng):
    """Values on a random batch"""
    z = rng.normal(scale=3, size=(4, 3))
    expect_close(squash(z), expit(z), mistakes={"the minus sign before z is missing": lambda: expit(-z)})


@checks.probe("squash")
def at_zero(squash, rng):
    """Value at zero"""
    expect_close(squash(np.zeros(2)), [0.5, 0.5])


checks.choice("colour", answer="b", because={"a": "grass is not red", "c": "grass is not blue"})


@checks.probe("split_in_two")
def parts(split_in_two, rng):
    """Both halves"""
    x = rng.normal(size=6)
    first, second = expect_items(split_in_two(x), ("first", "second"))
    expect_close(first, x[:3])
    expect_close(second, x[3:])


def result_of(function, exercise="squash", points=2) -> Result:
    return checks.run(exercise, in_this_process(function, exercise), points)


def right(z):
    return 1 / (1 + np.exp(-z))


@pytest.mark.parametrize(
    "answer",
    [
        right,
        lambda z: right(z).tolist(),
        lambda z: tuple(right(z)),
        lambda z: right(z.astype("float32")),
        lambda z: np.array([[right(value) for value in row] for row in np.atleast_2d(z)]).reshape(z.shape),
    ],
)
def test_right_answers_of_any_style_earn_full_points(answer):
    assert str(result_of(answer)) == "✔ squash · 2/2 points"


def test_tensors_and_keras_variables_pass():
    import keras
    import tensorflow as tf

    assert result_of(lambda z: tf.sigmoid(z)).status == "passed"
    assert result_of(lambda z: keras.Variable(right(z))).status == "passed"
    assert result_of(lambda z: [tf.sigmoid(row) for row in z]).status == "passed"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (lambda z: 1 / (1 + np.exp(z)), "Likely cause: the minus sign before z is missing"),
        (lambda z: -right(z), "the sign is flipped"),
        (lambda z: 2 * right(z), "every value is 2 times what it should be"),
        (lambda z: right(z) + 0.25, "every value is off by the same 0.25"),
        (lambda z: right(z).T, "rows and columns are swapped"),
        (lambda z: right(z)[..., None], "an axis of length 1 was kept"),
        (lambda z: right(z).mean(axis=0), "an axis that should stay is gone: this is the mean over axis 0"),
        (lambda z: right(z) * np.nan, "every value is nan or inf"),
        (lambda z: None, "got       None. Did you forget `return`?"),
        (lambda z: "0.5", "got       '0.5'"),
        (lambda z: [[1.0, 2.0], [3.0]], "lists whose lengths differ"),
        (lambda z: ["a", "b"], "a list or tuple of 2 items (strings)"),
        (lambda z: {"h": right(z)}, "a dictionary with the keys 'h'"),
        (lambda z: right(z) + (np.arange(z.size).reshape(z.shape) == 1), "the first at index (0, 1)"),
        (lambda z: {1, 2}, "a value of type set"),
        (lambda z: np.array([None, z], object), "a value of type ndarray"),
        (lambda z: [math.exp(value) for value in z], "math.exp and float take one number"),
        (lambda z: z if z > 0 else -z, "np.where chooses element by element"),
        (lambda z: split_in_two(z), "run the cell of the exercise split_in_two first"),  # noqa: F821
        (lambda z: b, "if you mean the letter, put it in quotes"),  # noqa: F821
        (lambda z: None + z, "look for a missing return"),
        (lambda z: z @ z, "often a transpose or a reshape is missing"),
        (lambda z: 1 / 0, "stopped with ZeroDivisionError"),
        (lambda z: undefined_name, "use only the arguments, the imports above and earlier exercises"),  # noqa: F821
    ],
)
def test_wrong_answers_get_a_diagnosis(answer, sentence):
    result = result_of(answer)
    assert result.status == "failed" and result.points < 2
    assert sentence in str(result)


def test_each_probe_earns_its_share():
    result = result_of(lambda z: np.full(z.shape, 0.5))
    assert str(result).startswith("✘ squash · 1/2 points\n  Values on a random batch. The result:\n    expected")


def test_an_argument_changed_in_place_is_found():
    def in_place(z):
        z *= -1
        return 1 / (1 + np.exp(z))

    assert "changes its first argument in place" in str(result_of(in_place))


def test_an_answer_left_blank_scores_nothing():
    def blank(z):
        raise NotImplementedError(INVITATION)

    result = result_of(blank)
    assert (result.status, result.points, str(result)) == ("blank", 0, "○ squash · not attempted yet")


def test_the_line_of_the_error_is_shown():
    with RemoteWorker("def squash(z):\n    y = 1\n    return y / (z - z).sum().item()") as worker:
        message = str(checks.run("squash", worker.function("squash"), 2))
    assert "ZeroDivisionError" in message and "in line 3" in message and "return y / (z - z)" in message


@pytest.mark.parametrize("given", ["b", " B ", "(b)", "b)"])
def test_a_choice_accepts_its_letter(given):
    assert result_of(lambda: given, "colour", 1).status == "passed"


@pytest.mark.parametrize(
    ("given", "sentence"), [("a", "grass is not red"), ("x", "'a', 'b', 'c'"), (None, "one letter"), (2, "one letter")]
)
def test_a_wrong_choice_is_explained(given, sentence):
    result = result_of(lambda: given, "colour", 1)
    assert result.points == 0 and sentence in str(result)


@pytest.mark.parametrize("answer", [lambda x: (x[:3], x[3:]), lambda x: np.split(x, 2), lambda x: x.reshape(2, 3)])
def test_several_results_come_in_any_container(answer):
    assert result_of(answer, "split_in_two", 1).status == "passed"


def test_too_few_results_are_named():
    assert "Return 2 things, first, second" in str(result_of(lambda x: x[:3], "split_in_two", 1))


def test_the_same_seed_gives_the_same_words_and_another_seed_other_inputs():
    wrong = in_this_process(lambda z: z, "squash")
    texts = [str(checks.run("squash", wrong, 2, seed)) for seed in (None, None, 5)]
    assert texts[0] == texts[1] != texts[2]


def test_a_probe_without_a_name_is_refused():
    with pytest.raises(TypeError, match="no docstring"):
        checks.probe("other")(lambda student, rng: None)


def test_wrong_truth_values_are_a_failure_like_any_other():
    true = np.array([True, False, False])
    for wrong in (~true, np.array([0.5, 0.1, 0.2])):
        with pytest.raises(CheckFailed):
            expect_close(wrong, true)


def test_nan_equals_nothing():
    assert result_of(lambda z: np.full(z.shape, np.nan)).points == 0


def test_mistakes_with_the_tape_are_explained():
    import tensorflow as tf

    def numpy_inside(z):
        with tf.GradientTape() as tape:
            loss = np.mean(z)
        return tape.gradient(loss, tf.Variable(z))

    def matrix_by_vector(z):
        return tf.constant(z) @ tf.constant(z[0])

    assert "NumPy computed the loss, so the tape saw nothing" in str(result_of(numpy_inside))
    assert "tf.linalg.matvec multiplies a matrix by a vector" in str(result_of(matrix_by_vector))
    assert "{{" not in str(result_of(matrix_by_vector))


def test_keras_own_words_reach_the_student():
    import keras

    class Wrong(keras.layers.Layer):
        def call(self, inputs):
            raise ValueError("the kernel does not fit")

    message = str(result_of(lambda z: Wrong()(z)))
    assert "the kernel does not fit" in message and "\x1b" not in message


def test_a_symbol_keeps_its_case_in_the_feedback():
    with pytest.raises(Exception, match=r"^w after one update:\n    expected") as error:
        expect_close(1.0, 2.0, "w after one update")
    assert isinstance(error.value, CheckFailed)


def test_an_error_in_an_earlier_exercise_names_it():
    source = "def squash(z):\n    raise ValueError('in here')\n\ndef split_in_two(x):\n    return squash(x)"
    with RemoteWorker(source) as worker:
        message = str(checks.run("split_in_two", worker.function("split_in_two"), 1))
    assert "split_in_two stopped with ValueError: in here in line 2 of squash." in message


@pytest.mark.parametrize(
    ("got", "expected", "unsaid"),
    [
        ([0.9965, 1.993, 2.9895], [1.0, 2.0, 3.0], "times what it should be"),
        ([-1.8e308, -1.8e308, -1.8e308], [1.0, 2.0, 3.0], "off by the same"),
        ([4.0, 4.0, 4.0], [1.0, 2.0, 3.0], "off by the same"),
        (2.0, [[1.0, 2.0], [3.0, 4.0]], "Likely cause"),
        ([7.0, 8.0, 9.0], [[1.0, 2.0, 3.0]] * 3, "Likely cause"),
    ],
)
def test_no_diagnosis_without_its_evidence(got, expected, unsaid):
    with pytest.raises(CheckFailed) as error:
        expect_close(got, expected)
    assert unsaid not in str(error.value)


def test_numbers_are_shown_with_the_digits_that_tell_them_apart():
    with pytest.raises(CheckFailed, match="expected  2.1024\n    got       2.102$"):
        expect_close(2.102, 2.1024)


def test_two_causes_that_fit_alike_are_both_named():
    with pytest.raises(CheckFailed, match="Likely cause: the sign is lost; or the order is reversed"):
        expect_close([1.0, 2.0], [2.0, 1.0], mistakes={"the sign is lost": [1, 2], "the order is reversed": [1, 2]})


def test_swapped_results_are_told_from_their_shapes():
    with pytest.raises(CheckFailed, match="order of the results is wrong: return dw, dw0"):
        expect_items([0.5, np.ones(3)], ("dw", "dw0"), ((3,), ()))


def test_one_result_that_looks_like_several_is_told_from_them():
    """Three rows are no three matrices, and two weights are not w and w0."""
    for alone, shapes in ((np.ones((3, 2)), ((3, 2),) * 3), (np.ones(2), ((2,), ()))):
        with pytest.raises(CheckFailed, match=f"Return {len(shapes)} things"):
            expect_items(alone, ("w", "m", "s")[: len(shapes)], shapes)
    assert len(expect_items(np.ones((3, 3, 2)), ("w", "m", "s"), ((3, 2),) * 3)) == 3


def test_an_answer_that_draws_random_numbers_of_its_own_is_told_so():
    def drawn(z):
        return np.random.random_sample(z.shape)

    def fixed(z):
        return np.random.default_rng(0).random(z.shape)

    assert "another result each time" in str(result_of(drawn))
    assert "got" in str(result_of(fixed)) and "each time" not in str(result_of(fixed))


def test_a_case_is_drawn_once_for_the_same_random_numbers_and_leaves_the_generator_there():
    drawn, looked_up = [], []

    def case(rng, size, scale=1.0):
        drawn.append(size)
        x = scale * rng.normal(size=size)
        return x, {"the sign is turned round": -x, "rare": lambda: looked_up.append(size) or 2 * x}

    kept, after = drawn_once(case), []
    for cases in (case, kept, kept):
        rng = np.random.default_rng(5)
        x, mistakes = cases(rng, 3)
        after.append((x.tolist(), mistakes["rare"]().tolist(), rng.normal()))
    assert after[0] == after[1] == after[2]
    assert len(drawn) == 2 and len(looked_up) == 2, "the plain one and the kept one, once each"
    for array in (x, mistakes["the sign is turned round"], mistakes["rare"]()):
        with pytest.raises(ValueError, match="read-only"):
            array += 1
    others = [
        kept(np.random.default_rng(6), 3),
        kept(np.random.default_rng(5), 4),
        kept(np.random.default_rng(5), 3, 2),
    ]
    assert len(drawn) == 5 and not any(np.array_equal(x, other) for other, _ in others)


def test_an_answer_that_spoils_its_network_spoils_no_later_check():
    import keras

    of_networks = Checks("01_perceptron")

    @drawn_once
    def case(rng):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
        return model, rng.integers(0, 9, size=(3, 2)).astype("float32")

    @of_networks.probe("total")
    def sums(total, rng):
        """Sums of rows"""
        model, x = case(rng)
        expect_close(total(model, x), x.sum(axis=1, keepdims=True), "the sums")

    def spoiling(model, x):
        model.set_weights([0 * weight for weight in model.get_weights()])
        model.trainable = False
        return model(x)

    def summing(model, x):
        assert model.trainable, "the network that another answer has frozen"
        return model(x)

    runs = [of_networks.run("total", in_this_process(answer, "total"), 1) for answer in (spoiling, summing)]
    assert [result.status for result in runs] == ["failed", "passed"], str(runs[1])
