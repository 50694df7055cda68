# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: Reading digits with a multilayer perceptron
#     lecture: A (digits with Keras), B (practical work 10, ensembles)
#     minutes: 2
#     data: [digits, mnist]
# ---

# %% [markdown]
# # 04 · Reading digits with a multilayer perceptron
#
# A few dense layers learn to read handwriting. You train the lecture's network with a loop of your own and then larger
# ones, look at what they get wrong and how sure they are, repair that, help them with features made by hand, let many
# vote, and give them a digit of your own.
#
# **After this lab you can answer:**
#
# 1. Which statistics may preprocessing use, and what happens when it uses the wrong ones?
# 2. What do softmax and categorical cross-entropy compute, and why are they computed together?
# 3. Do the figures of the lecture come out again, and what decides how fast?
# 4. Where does a network err, does it know when it does not know, and what do sensitivity and base rate add?
# 5. What are HOG features, and when do features made by hand beat raw pixels?
# 6. How does accuracy grow with the number of examples?
# 7. Why is an ensemble better than its average member, and by exactly how much?
# 8. Why does a network that reads MNIST fail on your handwriting, and what repairs it?
#
# | | |
# |:--|:--|
# | **Data** | scikit-learn's 8 × 8 digits; MNIST or its stand-in (stored outputs: real MNIST) |
# | **Lecture** | A, *Deep Neural Networks* (digits with Keras); B, *Deep Learning I* (HOG, ensembles) |
# | **You need** | labs 01 and 02: neuron, cross-entropy, layers, mini-batches |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference, so you can always
# read on. Where a cell begins with `prediction = None`, write your own there before you run it: it is printed
# beside the result.

# %% tags=["imports"]
import math

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw
from skimage.feature import hog
from sklearn.model_selection import train_test_split

from labs_utils import Lab, datasets, experiments, plots

lab = Lab("04_mnist_mlp")
plots.use_style()
keras.utils.set_random_seed(4)

# %% [markdown]
# ## 1 · The lecture's digits
#
# > **Margin note.** The slides say *MNIST*, but a network with 64 inputs reads 8 × 8 pixels: these are the 1797
# > digits that come with scikit-learn. Real MNIST, 28 × 28 pixels and 70 000 images, follows in section 4.

# %% tags=["nbval-check-output"]
images, labels = datasets.load_digits()
x_train, x_val, y_train, y_val = train_test_split(
    images.reshape(-1, 64), labels, test_size=0.25, random_state=0
)
print("training", x_train.shape, "validation", x_val.shape)
print(
    "pixels that are the same in all training images:",
    int(np.sum(x_train.std(axis=0) == 0)),
)

fig = plots.image_grid(
    images[:20], [str(label) for label in labels[:20]], columns=10, size=0.8
)
plots.show(
    fig,
    "Twenty handwritten digits of 8 by 8 grey pixels, coarse but readable, with their"
    " labels above.",
)

# %% [markdown]
# **What you see.** Eight by eight pixels are few, and a human still reads nearly all of them. The lecture trains on
# 1347 images and validates on 450, which is what `train_test_split` gives with a quarter held out.
#
# **Why.** Each pixel counts the dark dots in a 4 × 4 block of a finer scan, from 0 to 16: much of the shape
# survives in the greys.
#
# ### Exercise · `preprocess`
#
# Gradient descent likes inputs of zero mean and unit variance. Mean and standard deviation belong to the
# *training* set: the validation set plays the future, and nobody knows the statistics of the future.
#
# > **Margin note.** The slide's two lines, `X -= np.mean(X, axis=0)` and `X /= np.std(X, axis=0)`, give `nan` on
# > these digits: three pixels at the border are never inked in the training set, and 0 / 0 follows. They also change
# > `X` in place.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Both sets are treated with the same two vectors of shape $(d,)$, one number for each pixel: `axis=0` averages
# over the samples.
#
# </details>
# <details><summary>Hint 2 · constant pixels</summary>
#
# Replace a spread of 0 by 1 before you divide: `np.where(spread == 0, 1, spread)`. Then $(x - \mu) / 1 = 0$ in
# the training set.
#
# </details>


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=2)
def preprocess(x_train, x_other):
    """Standardises two sets, pixel by pixel, with the statistics of the training set.

    x_train: (n, d); x_other: (m, d). Returns both, same shapes. A pixel that is
    constant in x_train is divided by 1.
    """
    # BEGIN SOLUTION
    mean, spread = x_train.mean(axis=0), x_train.std(axis=0)
    spread = np.where(spread == 0, 1, spread)
    return (x_train - mean) / spread, (x_other - mean) / spread
    # END SOLUTION


# %% tags=["nbval-check-output"]
def one_hot(labels, classes=10):
    """Row k of the identity matrix codes class k: a target for each output."""
    return np.eye(classes)[labels]


z_train, z_val = preprocess(x_train, x_val)
print(f"training:   means within {np.abs(z_train.mean(axis=0)).max():.3f} of 0")
print(f"validation: means within {np.abs(z_val.mean(axis=0)).max():.3f} of 0")
print("label", y_train[0], "→", one_hot(y_train[:1])[0].astype(int))

# %% [markdown]
# The means of the validation set are *not* zero, and that is right: new images must be measured with the ruler
# that the network learnt with.
#
# ## 2 · Softmax and its loss
#
# The last layer computes ten numbers $\mathbf{z}$, the *logits*. Softmax makes them positive with sum 1; the
# categorical cross-entropy is minus the logarithm of what it gives to the right class:
#
# $$p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}, \qquad
# J = -\frac1n \sum_{i=1}^{n} \sum_{k} y^{(i)}_k \log p^{(i)}_k .$$
#
# ### Exercise · `softmax_cross_entropy`
#
# Computed one after the other they fail: $e^{1000}$ is `inf`, and $\log 0$ is `-inf`. Computed together they
# are exact for every logit, because the logarithm undoes the exponential.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# $\log p_k = z_k - \log \sum_j e^{z_j}$. The first term is harmless; only the second one needs care.
#
# </details>
# <details><summary>Hint 2 · the care</summary>
#
# Softmax does not change when you subtract the same number from all logits of a sample. Subtract the largest:
# then every exponent is at most 0. Keep the axis: `z.max(axis=1, keepdims=True)`.
#
# </details>
# <details><summary>Hint 3 · the line of attack</summary>
#
# Three lines: shift `z`; `log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))`; then minus the mean over
# the samples of `(y * log_p).sum(axis=1)`.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=2)
def softmax_cross_entropy(z, y):
    """Mean categorical cross-entropy of the softmax of logits.

    z: (n, k) logits; y: (n, k) one-hot targets. Returns one number, exact also for
    logits of -1000 or 1000.
    """
    # BEGIN SOLUTION
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(np.sum(y * log_p, axis=1))
    # END SOLUTION


# %% [markdown]
# ### Exercise · `softmax_gradient`
#
# Training needs the derivative of the loss with respect to each logit. Lab 02 met it for one sigmoid output. Take a
# pencil: differentiate $-\log p_c = \log \sum_j e^{z_j} - z_c$, where $c$ is the right class, once with respect to
# $z_c$ and once with respect to another $z_k$. What you find is one of the simplest formulae of the course.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The derivative of $\log \sum_j e^{z_j}$ with respect to $z_k$ is a quantity that you know already.
#
# </details>
# <details><summary>Hint 2 · both cases at once</summary>
#
# It is $p_k$. From it 1 is subtracted if $k$ is the right class, and 0 otherwise: the one-hot row. Do not forget that
# the loss is a mean over $n$ samples.
#
# </details>


# %% minutes=8 difficulty=2 kind="core"
@lab.exercise(points=2)
def softmax_gradient(z, y):
    """Gradient of the mean cross-entropy with respect to the logits.

    z: (n, k) logits, as large as 1000; y: (n, k) one-hot targets. Returns (n, k).
    """
    # BEGIN SOLUTION
    exponentials = np.exp(z - np.max(z, axis=1, keepdims=True))
    p = exponentials / np.sum(exponentials, axis=1, keepdims=True)
    return (p - y) / len(z)
    # END SOLUTION


# %% tags=["nbval-check-output"]
logits = np.array([[2.0, 1.0, -1.0], [0.0, 3.0, 0.5]])
targets = one_hot(np.array([0, 2]), 3)
loss = softmax_cross_entropy(logits, targets)
theirs = keras.losses.CategoricalCrossentropy(from_logits=True)(targets, logits)
assert np.isclose(loss, theirs, atol=1e-6)
print(f"by hand equals Keras: {loss:.4f}")

nudged = logits + np.array([[0, 1e-6, 0], [0, 0, 0]])  # one logit, a little larger
slope = (softmax_cross_entropy(nudged, targets) - loss) / 1e-6
print(f"slope {slope:.4f}, gradient {softmax_gradient(logits, targets)[0, 1]:.4f}")

huge = np.array([[1000.0, 0.0]])
with np.errstate(all="ignore"):
    print("softmax as on the slide:", np.exp(huge) / np.exp(huge).sum())
losses = [float(abs(softmax_cross_entropy(huge, one_hot([k], 2)))) for k in (0, 1)]
print("your loss, right and wrong class:", *losses)

# %% [markdown]
# ## 3 · The lecture's network
#
# ### Exercise · `build_mlp`
#
# The lecture's network has 64 inputs, hidden layers of 32 and 16 sigmoid units, and ten outputs with softmax. You
# will need larger and smaller ones too, so write a function for all of them. Leave softmax to the loss, as in section
# 2: the last layer has *no* activation and returns logits, and Keras' losses are told so by `from_logits=True`.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `keras.Sequential([...])` takes a list of layers. It begins with `keras.Input((inputs,))`; then comes one
# `keras.layers.Dense(units, activation=activation)` for each entry of `hidden`.
#
# </details>
# <details><summary>Hint 2 · a list of unknown length</summary>
#
# `model = keras.Sequential([keras.Input((inputs,))])`, and in a loop `model.add(...)`. The output layer is
# added after the loop, with its own activation.
#
# </details>


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=2)
def build_mlp(inputs, hidden, activation):
    """A multilayer perceptron for ten classes, not compiled.

    inputs: number of inputs; hidden: list with the units of each hidden layer;
    activation: of the hidden layers.
    Returns a Keras model that maps (n, inputs) to (n, 10) logits.
    """
    # BEGIN SOLUTION
    layers = [keras.layers.Dense(units, activation=activation) for units in hidden]
    return keras.Sequential([keras.Input((inputs,)), *layers, keras.layers.Dense(10)])
    # END SOLUTION


# %% [markdown]
# ### Exercise · `train_epoch`
#
# `model.fit` hides a loop. Write it once yourself: cut the samples into batches, in the order given; for each batch
# compute the logits, note the mean loss, and step against the gradient. How the gradient at the logits becomes one
# for each weight is backpropagation, which a `tf.GradientTape` does for you.
#
# The cell below the exercise compares yours with Keras', which then runs on to epoch 40, shuffled anew in each epoch.
#
# **Predict.** What is the validation accuracy after 40 epochs?
#
# > **Margin note.** The lecture's snippet for this loop gives *all* samples to every step and calls them a mini-batch.
# > It also puts a sigmoid in front of a loss with `from_logits=True`; a question below is about that.
#
# <details><summary>Hint 1 · the loop</summary>
#
# `for start in range(0, len(x), batch_size):` with `x[start : start + batch_size]`, and the same rows of `y`. The last
# batch may be smaller; slices know.
#
# </details>
# <details><summary>Hint 2 · the gradient</summary>
#
# Inside `with tf.GradientTape() as tape:` compute the logits and
# `keras.losses.CategoricalCrossentropy(from_logits=True)(targets, logits)`. Behind it:
# `tape.gradient(loss, model.trainable_variables)`, a list with one array for each weight.
#
# </details>
# <details><summary>Hint 3 · your own gradient instead</summary>
#
# `tape.gradient(z, weights, output_gradients=...)` starts from the gradient at the logits `z`: the one that you have
# just written. A step is `weight.assign_sub(rate * step)`.
#
# </details>


# %% minutes=20 difficulty=3 kind="core"
@lab.exercise(points=3)
def train_epoch(model, x, y, rate, batch_size):
    """One epoch of mini-batch gradient descent on the mean cross-entropy.

    model: a Keras model that returns logits; x: (n, d); y: (n, k) one-hot; rate: the
    learning rate; batch_size: samples per step, in the order given; a last, smaller
    batch counts as well. Returns the trained model and the mean loss of each batch,
    measured before its step.
    """
    # BEGIN SOLUTION
    losses = []
    for start in range(0, len(x), batch_size):
        inputs, targets = x[start : start + batch_size], y[start : start + batch_size]
        with tf.GradientTape() as tape:
            z = model(inputs)
        losses.append(softmax_cross_entropy(z.numpy(), targets))
        at_z = tf.cast(softmax_gradient(z.numpy(), targets), z.dtype)
        weights = model.trainable_variables
        steps = tape.gradient(z, weights, output_gradients=at_z)
        for weight, step in zip(weights, steps, strict=True):
            weight.assign_sub(rate * step)
    return model, losses
    # END SOLUTION


# %%
prediction = None  # your guess: validation accuracy after 40 epochs, from 0 to 1

keras.utils.set_random_seed(4)
network, twin = (build_mlp(64, [32, 16], "sigmoid") for _ in range(2))
twin.set_weights(network.get_weights())
by_hand = (64 * 32 + 32) + (32 * 16 + 16) + (16 * 10 + 10)
print(f"parameters: {network.count_params()}, by hand {by_hand}")

network, losses = train_epoch(network, z_train, one_hot(y_train), 0.01, 10)
with_logits = keras.losses.CategoricalCrossentropy(from_logits=True)
twin.compile(keras.optimizers.SGD(0.01), with_logits)
twin.fit(z_train, one_hot(y_train), batch_size=10, shuffle=False, verbose=0)
pairs = zip(network.get_weights(), twin.get_weights(), strict=True)
assert all(np.allclose(mine, theirs, atol=1e-5) for mine, theirs in pairs)
print(f"an epoch by hand equals Keras; loss {losses[0]:.3f} → {losses[-1]:.3f}")


def accuracy(model, x, y):
    return float(np.mean(np.argmax(model(x), axis=1) == y))


network.compile(keras.optimizers.SGD(0.01), with_logits, steps_per_execution=135)
for start, end in ((1, 2), (2, 20), (20, 40)):
    more = {"initial_epoch": start, "epochs": end, "batch_size": 10, "verbose": 0}
    network.fit(z_train, one_hot(y_train), **more)
    right = accuracy(network, z_train, y_train), accuracy(network, z_val, y_val)
    print("epoch {:2}: training {:.3f}, validation {:.3f}".format(end, *right))
lab.compare("validation accuracy after 40 epochs", prediction, round(right[1], 3))

# %% [markdown]
# **What you see.** After two epochs the network hardly does better than guessing; after 40 it reads about four digits
# in five and is still improving.
#
# **Why.** Sigmoid layers pass on at most a quarter of a gradient each, and the rate is small. Lab 03 is about that.
#
# ### Question · `sigmoid_as_logits`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def sigmoid_as_logits():
    """The lecture's snippet: ten sigmoid outputs, and a loss with from_logits=True.
    What is the smallest loss that a network can reach there?

    a) About 1.46: the right one gets e / (e + 9) at most, as 1 and 0 are the limits.
    b) ln 10 = 2.30: softmax of ten numbers between 0 and 1 is always a guess.
    c) 0: the right output can come as close to 1, and the others to 0, as one likes.
    """
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION


# %% [markdown]
# **Break it on purpose.** The network has learnt with one ruler. What if somebody standardises new images with
# *their own* statistics, all together or, as they arrive, one at a time?

# %%
own = preprocess(x_val, x_val)[1]
# each image as a set of its own
alone = np.concatenate([preprocess(x, x)[1] for x in x_val[:, None]])
for name, x in (("training set", z_val), ("new images", own), ("each image", alone)):
    print(f"statistics of {name:12}: {accuracy(network, x, y_val):.3f}")
print(f"alone, every input is 0: the largest is {np.abs(alone).max():.0f}")

# %% [markdown]
# **What you see.** With 450 new images of the same kind the mistake hardly shows, which is why it goes unnoticed.
# With single images the accuracy drops to that of a blind guess.
#
# **Why.** One image minus its own mean is zero everywhere: all digits look the same. Any statistic that is computed
# on the data to be judged makes the answer depend on what else happens to be in the batch.
#
# ### A thousand epochs
#
# The lecture goes on for 1000 epochs. That has been done for you, with ten seeds (each its own split, first
# weights and order) and with three ways to scale the pixels, because the slide does not say which one it used.
# The stored result is read from `data/`; set the switch to run everything in full.

# %%
# True: some minutes for this run, and again for the one in section 8
RUN_IN_FULL = False
if RUN_IN_FULL:
    long_run = experiments.all_experiments()["digits_1000_epochs"]()
else:
    long_run = experiments.stored("digits_1000_epochs")

epochs = np.array(long_run["epochs"])
rows = [["lecture", "not stated", "> 0.95", "> 0.97", 0.9993, 0.0261, "0.9667", 0.1426]]
for scaling, curves in long_run["curves"].items():
    mean = {name: np.mean(values, axis=0) for name, values in curves.items()}
    early = [f"{mean['accuracy'][epochs == k][0]:.3f}" for k in (100, 300)]
    final = np.array(curves["val_accuracy"])[:, -1]
    last = [f"{mean[name][-1]:.4f}" for name in ("accuracy", "loss", "val_loss")]
    spread = f"{final.mean():.4f} ± {final.std():.4f}"
    rows.append(["stored run", scaling, *early, *last[:2], spread, last[2]])
header = [
    "",
    "pixels",
    "at 100",
    "at 300",
    "training",
    "loss",
    "validation",
    "its loss",
]
caption = (
    f"1000 epochs, mean of {long_run['seeds']} seeds; at 100 and 300: training accuracy"
)
plots.table(header, rows, caption)

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), sharex=True)
for (scaling, curves), colour, style in zip(
    long_run["curves"].items(), plots.CYCLE, plots.LINE_STYLES, strict=False
):
    look = {"color": colour, "linestyle": style}
    val = np.array(curves["val_accuracy"])
    left.fill_between(
        epochs, val.min(axis=0), val.max(axis=0), color=colour, alpha=0.15
    )
    left.plot(epochs, val.mean(axis=0), label=scaling, **look)
    right.plot(epochs, np.mean(curves["loss"], axis=0), **look)
    broad = look | {"alpha": 0.45, "linewidth": 3}
    right.plot(epochs, np.mean(curves["val_loss"], axis=0), **broad)
left.axhline(0.9667, color="black", linewidth=0.8)
left.text(1, 0.972, "lecture, 0.9667")
left.set(xscale="log", xlabel="epoch", ylabel="validation accuracy", ylim=(0.9, 1))
right.set(yscale="log", xlabel="epoch", title="thin: training; broad: validation")
right.set(ylabel="cross-entropy")
left.legend(loc="center left")
plots.show(
    fig,
    "Left: validation accuracy over 1000 epochs, three scalings, all end close to the"
    " lecture's line. Right: training losses fall on, validation losses level off.",
)

# %% [markdown]
# **What you see.** The lecture's figures come out again. Its validation accuracy of 0.9667 lies well within the
# spread of the seeds: the means of the three scalings are 0.962 to 0.963, with standard deviations of 0.007 to 0.008:
# between two splits a difference of one percentage point means nothing. The path there differs: the raw pixels are
# quickest, the pixels divided by 16 slowest by far; after 100 epochs, when the lecture reports *more than 95 %*, they
# have reached only 81 % of the training images.
#
# **Why.** With inputs sixteen times as large the first layer's gradients are sixteen times as large: the scale of the
# inputs acts like a learning rate. No single scaling gives all of the lecture's figures: its last training loss of
# 0.0261 is close only to that of the pixels divided by 16, its *more than 95 %* after 100 epochs only to the other two.
# At the right, the validation loss of the raw pixels stops falling long before the end, while their training loss goes
# on: what is learnt from then on helps the training images only.
#
# > **Margin note.** The slide's code says `epochs=200`, its output 1000 epochs. 99.9 % is accuracy on the training
# > set; on data that the network has not seen it is 96.67 %.
#
# ## 4 · MNIST
#
# Now the data set that the slides name. Its images are twelve times as large, and there are many more. Without
# network the lab uses its stand-in: 12 000 + 2 000 images redrawn from the 8 × 8 digits.


# %%
def flat(images):
    """Images (n, 28, 28) of bytes as rows (n, 784) of numbers from 0 to 1."""
    return (images / 255).astype(np.float32).reshape(len(images), -1)


(images_all, labels_all), (images_test, y_test) = datasets.load_mnist()
x_test = flat(images_test)
x_fit, x_check, y_fit, y_check = train_test_split(
    flat(images_all), labels_all, test_size=0.1, stratify=labels_all, random_state=0
)
print("training", x_fit.shape, "validation", x_check.shape, "test", x_test.shape)

fig = plots.image_grid(
    images_all[:20], [str(label) for label in labels_all[:20]], columns=10, size=0.8
)
plots.show(
    fig,
    "Twenty handwritten digits of 28 by 28 pixels, each centred in its field, with"
    " their labels above.",
)

# %% [markdown]
# **What you see.** Every digit has about the same size and stands in the middle of an empty margin.
#
# Pixels go from 0 to 255. Division by 255 needs no statistics, so nothing can leak. A tenth of the training set is
# set aside for validation. The test set measures only: nothing in this lab is chosen by looking at it.
#
# Sigmoid and plain gradient descent give way to ReLU and Adam (gradient descent that adapts the step of each weight),
# and the learning rate falls along a cosine to zero, so that the last steps are small. The function `train` below does
# it for every network from here on, first for one with two hidden layers of 512 and 128 units. (Widths, rate
# and number of epochs were chosen by accuracy on validation images.) Labels stay integers: the *sparse* cross-entropy
# picks the right logit by its number.
#
# **Predict.** How many parameters has it? More or fewer than there are training images?


# %%
def train(model, x, y, epochs, validation=None):
    """Adam with batches of 256; the learning rate falls from 0.003 to 0 along a cosine.
    Returns Keras' history.
    """
    steps = math.ceil(len(y) / 256)
    rate = keras.optimizers.schedules.CosineDecay(0.003, epochs * steps)
    model.compile(
        keras.optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"] if validation else None,
        steps_per_execution=min(steps, 50),
    )
    fit = {"batch_size": 256, "epochs": epochs, "validation_data": validation}
    return model.fit(x, y, **fit, verbose=0).history


# %%
prediction = None  # your guess: the number of parameters

keras.utils.set_random_seed(4)
mlp = build_mlp(784, [512, 128], "relu")
mlp_history = train(mlp, x_fit, y_fit, epochs=8, validation=(x_check, y_check))
accuracy_mlp = accuracy(mlp, x_test, y_test)
misread = round((1 - accuracy_mlp) * len(y_test))
lab.compare("parameters", prediction, mlp.count_params())
print(f"{len(x_fit)} training images, test accuracy {accuracy_mlp:.4f}:")
print(f"{misread} of {len(y_test)} test images are misread")
seeds = np.array(experiments.stored("mnist_mlp_seeds")["accuracy"])
both = f"{seeds.mean():.4f} ± {seeds.std():.4f}"
print(f"stored, real MNIST, {len(seeds)} seeds: {both}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.3))
names = {"loss": "cross-entropy", "accuracy": "accuracy"}
for ax, (measure, label) in zip(axes, names.items(), strict=True):
    series = {"training": measure, "validation": "val_" + measure}
    epoch = np.arange(1, 9)
    series = {name: (epoch, mlp_history[key]) for name, key in series.items()}
    plots.curves(ax, series, "epoch", label)
plots.show(
    fig,
    "Training loss falls towards zero while validation loss levels off; training"
    " accuracy comes close to one.",
)

# %% [markdown]
# **What you see.** The training loss falls towards zero. The validation loss falls fast at first, then slowly, and
# ends well above it; the validation accuracy still gains a little. About 98 % of real MNIST's test images are read
# correctly, and another seed changes that by about a tenth of a percentage point.
#
# **Why.** There are more parameters than images, enough to learn the training set by heart. The falling learning rate
# settles the weights in the end; without it the curves would usually be less smooth.
#
# ### Wide or deep?
#
# The lecture's practical work asks for *large and deep* networks. Here is a small table of both: the same 10 000 images,
# the same 8 epochs; only the hidden layers change.
#
# **Predict.** Does depth pay here, or width? What happens to four thin layers?

# %%
fewer = x_fit[:10_000], y_fit[:10_000]
rows, sizes_accuracy = [], {}
for hidden in ([], [16], [16] * 4, [128], [128] * 4, [1024]):
    keras.utils.set_random_seed(4)
    other = build_mlp(784, hidden, "relu")
    train(other, *fewer, epochs=8)
    name = " - ".join(map(str, hidden)) or "none"
    sizes_accuracy[name] = accuracy(other, x_check, y_check)
    rows.append([name, other.count_params(), sizes_accuracy[name]])
header = ["hidden layers", "parameters", "validation accuracy"]
plots.table(header, rows, "10 000 images, 8 epochs, one seed")

# %% [markdown]
# **What you see.** Width pays most: in the stored run the accuracy climbs from 0.90 to 0.96 with it. Three more layers
# of the same width gain about one point, for far fewer parameters. One hidden layer of 16 units is no better than none.
# (One seed: a few tenths of a point mean nothing.)
#
# **Why.** A thin layer is a bottleneck: what sixteen units drop, no later layer finds again. Depth pays off most where
# each layer builds on structure that the one before has kept, as convolutions do (lab 06).
#
# ## 5 · Where it errs
#
# ### Exercise · `confusion`
#
# One accuracy hides which digits are mistaken for which. The *confusion matrix* counts: row $i$, column $j$
# holds how many images of digit $i$ were read as $j$.
#
# **Predict.** Which two digits will the network confuse most often?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Start with `np.zeros((classes, classes), int)` and add 1 for every image, at the row of its label and the
# column of its prediction. A loop over `zip(y, y_hat)` is fine.
#
# </details>
# <details><summary>Hint 2 · without a loop</summary>
#
# `matrix[y, y_hat] += 1` looks right and is wrong: NumPy counts a repeated place once. `np.add.at(matrix, (y,
# y_hat), 1)` counts all.
#
# </details>


# %% minutes=8 difficulty=2 kind="core"
@lab.exercise(points=2)
def confusion(y, y_hat, classes):
    """Confusion matrix.

    y: (n,) true labels; y_hat: (n,) predicted labels, integers below classes.
    Returns (classes, classes) counts, rows: truth, columns: prediction.
    """
    # BEGIN SOLUTION
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (y, y_hat), 1)
    return matrix
    # END SOLUTION


# %%
test_logits = mlp(x_test).numpy()
probabilities = keras.ops.softmax(test_logits).numpy()
y_hat = probabilities.argmax(axis=1)
matrix = confusion(y_test, y_hat, 10)
mistakes = matrix - np.diag(np.diag(matrix))
plots.show(
    plots.digits.counts(mistakes, "read as", "truth"),
    "Confusion matrix without its diagonal: mistakes are spread over many cells, a few"
    " of them brighter.",
)

# %% [markdown]
# **What you see.** The diagonal, nearly all images, is left out; the mistakes are spread unevenly over the 90 other
# cells, and often both directions of a pair stand out.
#
# **Why.** Confusion is about likeness: what makes a 4 look like a 9 also makes a 9 look like a 4.
#
# Here are the pairs with the most mistakes, both directions together. More telling than ambiguous images are those
# where the network is *sure* and wrong; ten of them follow.

# %%
both_ways = np.triu(mistakes + mistakes.T)
order = np.argsort(both_ways, axis=None)[::-1][:3]
worst = list(zip(*np.unravel_index(order, both_ways.shape), strict=True))
print("most confused:", ", ".join(f"{i} and {j} ({both_ways[i, j]})" for i, j in worst))
pictures, titles = [], []
for pair in worst:
    either = np.isin(y_test, pair) & np.isin(y_hat, pair) & (y_hat != y_test)
    wrong = np.flatnonzero(either)[:8]
    empty = 8 - len(wrong)
    pictures += [*images_test[wrong], *np.zeros((empty, 28, 28))]
    titles += [f"{y_test[k]} → {y_hat[k]}" for k in wrong] + [""] * empty
fig = plots.image_grid(pictures, titles, columns=8, size=0.9, vmin=0, vmax=255)
plots.show(
    fig,
    "Three rows of misread digits, a confused pair in each row, titles give truth and"
    " reading; many are ambiguous.",
)

confidence = probabilities.max(axis=1)
wrong = np.flatnonzero(y_hat != y_test)
surest = wrong[np.argsort(confidence[wrong])[::-1][:10]]
titles = [f"{y_test[k]} → {y_hat[k]}, {confidence[k]:.3f}" for k in surest]
plots.show(
    plots.image_grid(images_test[surest], titles, columns=5, size=1.5),
    "The ten mistakes made with the highest confidence; titles give truth, reading and"
    " confidence near one.",
)
sure = np.sum(confidence[wrong] > 0.9)
print(f"mistakes with a confidence above 0.9: {sure} of {len(wrong)}")

# %% [markdown]
# **What you see.** Pairs that share strokes are confused, in the stored run first of all 4 with 9. Many of the pictures
# would make you hesitate too. Of the ten mistakes with a confidence near 1 some are badly written;
# others a human reads without trouble.
#
# **Why.** The network compares places of ink. A 4 whose top is almost closed has most of its ink where a 9 has it.
# Confidence is another matter. Softmax only compares the ten classes with each other: an image unlike anything in the
# training set still gets probabilities that add up to 1. And cross-entropy rewards large logits for as long as
# training goes on.
#
# ### One digit against the rest
#
# Screening asks a yes-no question: tumour or none, and here: *is it a 9?* Call an image positive if the network's
# probability of a 9 passes a threshold. The share of the true nines that are called is the **sensitivity** (or true
# positive rate, or recall); the share of the others that are *not* called is the **specificity**, 1 minus the false
# positive rate. Each threshold gives one pair; all of them are the *ROC curve*, and its area is the probability that a
# random nine scores higher than a random other digit.
#
# ### Exercise · `roc`
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The threshold goes through the *different* scores, from the largest down. At each, count the positives and the
# negatives with a score at least as large, and divide by how many there are. The curve starts at (0, 0), where nobody
# is called.
#
# </details>
# <details><summary>Hint 2 · without a loop over samples</summary>
#
# `np.unique(scores)[::-1]` holds the thresholds. `scores >= thresholds[:, None]` is a table, one row per threshold.
#
# </details>
# <details><summary>Hint 3 · the area</summary>
#
# Between two points the curve is straight: width times mean height, `np.diff(fpr) @ (tpr[1:] + tpr[:-1]) / 2`.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=3)
def roc(scores, positive):
    """Receiver operating characteristic.

    scores: (n,), large for positives; positive: (n,) booleans, some of each. Returns
    false positive rates and true positive rates, both (m + 1,) for m different scores,
    rising from 0 to 1, and the area under the curve.
    """
    # BEGIN SOLUTION
    called = scores >= np.unique(scores)[::-1][:, None]
    fpr = np.concatenate([[0], called[:, ~positive].mean(axis=1)])
    tpr = np.concatenate([[0], called[:, positive].mean(axis=1)])
    return fpr, tpr, np.diff(fpr) @ (tpr[1:] + tpr[:-1]) / 2
    # END SOLUTION


# %%
keras.utils.set_random_seed(4)
memoriser = build_mlp(784, [512, 128], "relu")  # learns 1000 images by heart
train(memoriser, x_fit[:1000], y_fit[:1000], epochs=30)
networks = {f"{len(x_fit)} images": mlp, "1000 images": memoriser}
logits_of = {name: network(x_test).numpy() for name, network in networks.items()}

fig, ax = plt.subplots(figsize=(5.4, 3.8))
series, is_nine = {}, y_test[:2000] == 9
for name, z in logits_of.items():
    p_nine = keras.ops.softmax(z[:2000]).numpy()[:, 9]
    fpr, tpr, area = roc(p_nine, is_nine)
    series[f"{name}: area {area:.4f}"] = fpr[1:], tpr[1:]
plots.curves(ax, series, "false positive rate (1 − specificity)", "sensitivity")
ax.set(xscale="log", ylim=(0.7, 1.005))
plots.show(
    fig,
    "ROC curves of two networks for the digit 9 over a logarithmic false positive rate:"
    " the one trained on many images lies above.",
)

# %% [markdown]
# **What you see.** Both areas are close to 1, and the network that learnt from fewer images lies below. An area near 1
# hides what counts: the left of the curve, where false alarms are few.
#
# **Predict.** A threshold finds 97 % of the nines and wrongly calls 1 % of the others. You get 10 000 images with only
# *ten* nines among them. Of the images that are called, which share are nines?

# %% tags=["nbval-check-output"]
prediction = None  # your guess: that share, from 0 to 1
sensitivity, specificity = 0.97, 0.99
for base_rate in (0.1, 0.01, 0.001):
    true, false = sensitivity * base_rate, (1 - specificity) * (1 - base_rate)
    print(
        f"nines {base_rate:.1%}: of those called, {true / (true + false):.2f} are nines"
    )
lab.compare(
    "share of nines among those called", prediction, round(true / (true + false), 2)
)

# %% [markdown]
# **Why.** Sensitivity and specificity are shares of the nines and of the others; what a patient wants to know, the share
# of the ill among those *called*, depends on how rare they are: by Bayes' rule it is
# $\dfrac{s\,\pi}{s\,\pi + (1 - c)(1 - \pi)}$ with sensitivity $s$, specificity $c$, base rate $\pi$.
#
# > **Margin note.** The slide *Superhuman performance* compares 0.92 with 0.73 for tumours in tissue. In the paper (Liu
# > et al., 2017) the first is a sensitivity at *eight false alarms per slide*; a number without its false alarms and its
# > base rate is no comparison.
#
# ## 6 · Does it know when it does not know?
#
# The largest probability is the network's *confidence*. It is *calibrated* if, of all images read with
# confidence 0.8, eight in ten are read correctly. To see it, sort the images into bins by confidence and
# compare with the accuracy in each bin. The *expected calibration error* is the mean gap, weighted with the
# share of images:
#
# $$\mathrm{ECE} = \sum_{b} \frac{n_b}{n}\, \big|\,\mathrm{accuracy}_b - \mathrm{confidence}_b\,\big| .$$
#
# **Predict.** The second network has learnt its 1000 images by heart. Will it be too sure or not sure enough?
#
# ### Exercise · `reliability`
#
# Compute both numbers for each of `bins` bins of equal width from 0 to 1, and the ECE. A bin without images
# gets zeros.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `confidence = p.max(axis=1)`, `right = p.argmax(axis=1) == y`. The number of the bin:
# `np.minimum((confidence * bins).astype(int), bins - 1)`; the minimum is for a confidence of exactly 1.
#
# </details>
# <details><summary>Hint 2 · the line of attack</summary>
#
# In a loop over the bins take the images inside, `inside = which == b`; if there are any, store
# `confidence[inside].mean()` and `right[inside].mean()`, and add
# `inside.mean() * abs(right[inside].mean() - confidence[inside].mean())` to the ECE.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=3)
def reliability(p, y, bins):
    """Confidence and accuracy by bins of confidence, and the calibration error.

    p: (n, k) probabilities; y: (n,) true labels. Returns mean confidence (bins,),
    accuracy (bins,) and the ECE, a number; zeros in a bin without images.
    A confidence of 1 belongs to the last bin.
    """
    # BEGIN SOLUTION
    confidence, right = np.max(p, axis=1), np.argmax(p, axis=1) == y
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    mean_confidence, mean_right, ece = np.zeros(bins), np.zeros(bins), 0.0
    for b in np.unique(which):
        inside = which == b
        mean_confidence[b], mean_right[b] = (
            confidence[inside].mean(),
            right[inside].mean(),
        )
        ece += inside.mean() * abs(mean_right[b] - mean_confidence[b])
    return mean_confidence, mean_right, ece
    # END SOLUTION


# %%
def measured(z):
    """Title and columns of one panel: reliability in ten bins, images in each."""
    p = keras.ops.softmax(z).numpy()
    *both, error = reliability(p, y_test, 10)
    number = np.histogram(p.max(axis=1), 10, (0, 1))[0]
    return error, (*both, number)


ece, panels = {}, {}
for name, z in logits_of.items():
    ece[name], columns = measured(z)
    panels[f"{name}: ECE {ece[name]:.3f}"] = columns
plots.show(
    plots.digits.reliability(panels),
    "Reliability diagrams of two networks, bars with their numbers of images: nearly"
    " all images are in the last bin; most points lie below the diagonal: too sure.",
)

# %% [markdown]
# **What you see.** Both networks are too sure: most points lie below the diagonal, and the network that learnt from few
# images by heart has by far the larger calibration error. Read the numbers on the bars: nearly all images are in the
# last bin, and some of the bars in the middle stand for a handful.
#
# **Why.** On its own training images the memoriser is always right, so the loss can fall further only by growing
# confidence. Nothing in training tells it that new images are harder. For the many images read with confidence near
# 1 the gap is small, and as the ECE weights bins by their images, it can look harmless while the middle is far off.
#
# ### A remedy: temperature
#
# Divide all logits by one number $T > 0$ before softmax. With $T > 1$ every answer becomes less sure, and none of them
# changes: the largest logit stays the largest. Guo et al. (2017) choose the $T$ with the smallest cross-entropy on
# *validation* images, and found that this one number repairs most of it.
#
# ### Exercise · `best_temperature`
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The loss as a function of $T$ has one valley. Compute it for many $T$ and take the smallest, or let
# `scipy.optimize.minimize_scalar` look. $T$ may be below 1 or above.
#
# </details>
# <details><summary>Hint 2 · the line of attack</summary>
#
# You have written `softmax_cross_entropy(z / T, one-hot labels)`. A grid such as `np.geomspace(0.05, 20, 1000)` is fine
# enough: steps of 0.6 %.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=2)
def best_temperature(z, y):
    """The temperature with the smallest mean cross-entropy of softmax(z / T).

    z: (n, k) logits; y: (n,) integer labels. Returns T, exact to one per cent, between
    0.05 and 20.
    """
    # BEGIN SOLUTION
    targets = np.eye(z.shape[1])[y]
    grid = np.geomspace(0.05, 20, 1000)
    return grid[np.argmin([softmax_cross_entropy(z / T, targets) for T in grid])]
    # END SOLUTION


# %%
rows, cooled = [], {}
for name, network in networks.items():
    T = best_temperature(network(x_check[:1000]).numpy(), y_check[:1000])
    cooled[name] = measured(logits_of[name] / T)[0]
    right = np.mean((logits_of[name] / T).argmax(axis=1) == y_test)
    rows.append([name, float(T), ece[name], cooled[name], float(right)])
header = ["network", "T", "ECE before", "ECE after", "accuracy, both"]
plots.table(
    header, rows, "Temperature chosen on 1000 validation images, measured on test"
)

# %% [markdown]
# **What you see.** $T$ is above 1 for both networks, larger for the one that knows its images by heart, and more than half
# of the calibration error is gone. The accuracy has not changed by a single image.
#
# **Why.** One number cannot make a network know more; it only stops it from overstating what it knows. It holds for
# images like the validation images: nothing here helps for a picture that is no digit at all.
#
# ## 7 · Features made by hand: HOG
#
# Before networks learnt their features, people designed them. The *histogram of oriented gradients* describes
# each small cell of an image by the directions of its edges, and forgets where exactly they lie.
#
# ### Exercise · `hog_cell`
#
# For one cell: at every pixel take the central differences $g_r = I(r{+}1, c) - I(r{-}1, c)$ and
# $g_c = I(r, c{+}1) - I(r, c{-}1)$. The gradient has magnitude $\sqrt{g_r^2 + g_c^2}$ and direction
# $\arctan(g_r / g_c)$, taken modulo 180°, since a stroke has two sides. Each pixel votes for its direction's bin
# with its magnitude. The patch brings a margin of one pixel, so that the differences exist at the cell's edge too.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `patch[2:, 1:-1] - patch[:-2, 1:-1]` is $g_r$ for all pixels of the cell at once. Which slices give $g_c$?
#
# </details>
# <details><summary>Hint 2 · directions and bins</summary>
#
# `np.rad2deg(np.arctan2(g_r, g_c)) % 180` is the direction. One bin is `180 / orientations` degrees wide; the
# number of the bin is the direction divided by that width, rounded down.
#
# </details>
# <details><summary>Hint 3 · votes</summary>
#
# `np.histogram(direction, bins=orientations, range=(0, 180), weights=magnitude)[0]` does the whole count.
#
# </details>


# %% minutes=15 difficulty=3 kind="extra"
@lab.exercise(points=3)
def hog_cell(patch, orientations):
    """Histogram of oriented gradients of one cell.

    patch: (h + 2, w + 2), the cell of (h, w) pixels with a margin of one pixel.
    Returns (orientations,): bin b sums the gradient magnitudes of the cell's pixels
    with a direction from b to b + 1 times 180° / orientations.
    """
    # BEGIN SOLUTION
    g_r = patch[2:, 1:-1] - patch[:-2, 1:-1]
    g_c = patch[1:-1, 2:] - patch[1:-1, :-2]
    direction = np.rad2deg(np.arctan2(g_r, g_c)) % 180
    return np.histogram(
        direction, orientations, range=(0, 180), weights=np.hypot(g_r, g_c)
    )[0]
    # END SOLUTION


# %% tags=["nbval-check-output"]
# by hand first, then the library, which also scales the histogram to length 1
# an 8 x 8 digit, enlarged to 3 x 3 cells
image = np.kron(images[0], np.ones((3, 3)))[:21, :21] / 16
ours = hog_cell(image[6:15, 6:15], 9)
theirs = hog(image, 9, (7, 7), (1, 1), block_norm="L2", feature_vector=False)[
    1, 1, 0, 0
]
assert np.allclose(ours / np.linalg.norm(ours), theirs, atol=1e-3)
print("nine numbers instead of 49 pixels:", theirs.round(2))

digit = np.pad(images_test[0] / 255, 1)  # the margin that the outer cells need
corners = range(0, 28, 7)
votes = [[hog_cell(digit[r : r + 9, c : c + 9], 9) for c in corners] for r in corners]
plots.show(
    plots.digits.hog_strokes(digit[1:-1, 1:-1], votes),
    "A digit, and over it a grid of 4 by 4 cells with nine lines each: the longest"
    " lines run along the strokes.",
)

# %% [markdown]
# **What you see.** Where a straight stroke crosses a cell, the longest lines run along it (their length is the square
# root of the votes). Cells far from the ink stay empty; one next to it can still see its edge.
#
# **Why.** At a stroke the brightness changes across it, hardly along it. The histogram keeps this direction and drops
# the exact place within the cell: moving a digit by a pixel changes these numbers less than it changes the pixels.
#
# ## 8 · How many examples are enough?
#
# Now the comparison: one hidden layer of 64 units, from 784 pixels or from 324 features. The same with up to 60 000
# images of real MNIST, three seeds and 3000 steps each takes minutes; it is stored, like the run of section 3.
#
# **Predict.** Which wins with 1000 examples, and does it still win with sixty times as many?


# %%
def hog_of(images):
    """HOG features (n, 324): cells of 7 x 7 pixels, 9 directions, each block of 2 x 2
    cells scaled to length 1.
    """
    return np.array([hog(image, 9, (7, 7), (2, 2)) for image in images], np.float32)


inputs = {
    "raw pixels": (x_fit[:1000], x_test),
    "HOG": (hog_of(x_fit[:1000].reshape(-1, 28, 28)), hog_of(images_test)),
}
live = {}
for name, (x, x_new) in inputs.items():
    for size in (100, 1000):
        keras.utils.set_random_seed(4)
        small = build_mlp(x.shape[1], [64], "relu")
        train(small, x[:size], y_fit[:size], epochs=50)
        live[name, size] = accuracy(small, x_new, y_test)
        print(f"{name:10} {size:5} images: {live[name, size]:.3f}")

# %%
if RUN_IN_FULL:
    stored_curves = experiments.all_experiments()["mnist_learning_curves"]()
else:
    stored_curves = experiments.stored("mnist_learning_curves")

fig, ax = plt.subplots(figsize=(6.4, 3.8))
looks = {"raw pixels": (plots.BLUE, "o"), "HOG": (plots.ORANGE, "s")}
for name, (colour, marker) in looks.items():
    runs = 100 - 100 * np.array(stored_curves["accuracy"][name])
    ax.plot(stored_curves["sizes"], runs.mean(axis=1), color=colour, label=name)
    ax.plot(stored_curves["sizes"], runs, marker, color=colour, markersize=4)
    means = dict(zip(stored_curves["sizes"], runs.mean(axis=1), strict=True))
    shown = ", ".join(f"{means[n]:.1f} % ({n})" for n in (100, 1000, 60_000))
    print(f"stored, {name:10}: {shown}")
ax.set(xscale="log", yscale="log", xlabel="training images", ylabel="test error, %")
ax.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
ax.legend(title="stored run, real MNIST")
plots.show(
    fig,
    "Test error against training images, both axes logarithmic: falling lines, HOG"
    " below raw pixels at the left.",
)

# %% [markdown]
# **What you see.** Accuracy grows with every tenfold of examples. On two logarithmic axes the stored error of the raw
# pixels falls along a nearly straight line; that of HOG bends and flattens. With few examples HOG is ahead: in the
# stored run 1000 images with HOG are worth about six thousand as raw pixels. With 60 000 images the two meet.
#
# **Why.** HOG brings knowledge that pixels lack: edges matter, their exact place does not. The network on raw pixels
# has to learn this from examples, and given enough of them it does: in the stored run the lines meet. What HOG throws away cannot be learnt back. So the features made by hand
# win while data are scarce; lab 06 lets a network learn its own.
#
# ## 9 · Many networks vote
#
# The lecture's last remedy before deep learning: train several networks and average their probabilities,
# *because the various errors of the models average out*. It names three ways to get different members: other
# first weights, other subsets of the data, other architectures.
#
# How much does it gain? For the squared error (with probabilities it is called the *Brier score*) there is an
# exact answer. Let $\mathbf{p}_m$ be the answer of member $m$ of $M$ for one image, $\bar{\mathbf{p}}$ their mean
# and $\mathbf{y}$ the one-hot truth. Then
#
# $$\underbrace{\|\bar{\mathbf{p}} - \mathbf{y}\|^2}_{\text{error of the ensemble}} =
# \underbrace{\frac1M \sum_m \|\mathbf{p}_m - \mathbf{y}\|^2}_{\text{mean error of the members}} -
# \underbrace{\frac1M \sum_m \|\mathbf{p}_m - \bar{\mathbf{p}}\|^2}_{\text{ambiguity}} .$$
#
# Three members of each kind will learn from 3000 images; for *subsets*, each sees its own random 1500 of them.
#
# **Predict.** Which kind of ensemble has the most ambiguity? Is it the most accurate?
#
# ### Exercise · `ambiguity_decomposition`
#
# Compute the three terms, each averaged over all images (Krogh and Vedelsby, 1995). The third does not need the
# truth: disagreement can be measured on images that nobody has labelled.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `members` has three axes: member, image, class. $\bar{\mathbf{p}}$ averages over the first only. The squared norm
# sums over the last one.
#
# </details>
# <details><summary>Hint 2 · the line of attack</summary>
#
# `mean = members.mean(axis=0)`; `np.sum((members - y) ** 2, axis=-1)` has shape $(M, n)$, and its mean over
# everything is the mean error of the members. The other two terms follow the same pattern.
#
# </details>


# %% minutes=12 difficulty=3 kind="core"
@lab.exercise(points=3)
def ambiguity_decomposition(members, y):
    """The squared error of an averaging ensemble and its two parts, means over images.

    members: (m, n, k) probabilities; y: (n, k) one-hot. Returns three numbers: error
    of the ensemble, mean error of the members, ambiguity.
    """
    # BEGIN SOLUTION
    mean = np.mean(members, axis=0)
    ensemble = np.mean(np.sum((mean - y) ** 2, axis=-1))
    average = np.mean(np.sum((members - y) ** 2, axis=-1))
    ambiguity = np.mean(np.sum((members - mean) ** 2, axis=-1))
    return ensemble, average, ambiguity
    # END SOLUTION


# %%
few = x_fit[:3000], y_fit[:3000]
rng = np.random.default_rng(4)
halves = [rng.permutation(3000)[:1500] for _ in range(3)]
plans = {
    "seeds": [([64], "relu", few)] * 3,
    "data subsets": [([64], "relu", (few[0][half], few[1][half])) for half in halves],
    "architectures": [
        ([64], "relu", few),
        ([64, 32], "relu", few),
        ([64], "tanh", few),
    ],
}
keras.utils.set_random_seed(4)
answers, rows, team_accuracy = {}, [], {}
for name, plan in plans.items():
    team = [build_mlp(784, hidden, activation) for hidden, activation, _ in plan]
    for member, (_, _, data) in zip(team, plan, strict=True):
        train(member, *data, epochs=15)
    logits = np.array([member(x_test).numpy() for member in team])
    answers[name] = keras.ops.softmax(logits).numpy()

# %%
fig, ax = plt.subplots(figsize=(7.6, 3.3))
for k, (name, p) in enumerate(answers.items()):
    ensemble, average, ambiguity = ambiguity_decomposition(p, one_hot(y_test))
    assert np.isclose(ensemble, average - ambiguity, atol=1e-6)
    single = np.mean(p.argmax(axis=2) == y_test, axis=1)
    together = float(np.mean(p.mean(axis=0).argmax(axis=1) == y_test))
    team_accuracy[name] = float(single.mean()), float(single.max()), together
    errors = [float(value) for value in (average, ambiguity, ensemble)]
    rows.append([name, *errors, *team_accuracy[name]])
    first = k == 0  # one entry each in the legend
    ax.plot([k] * 3, single, "o", color=plots.SKY, label="members" if first else None)
    style = {"color": plots.ORANGE, "markersize": 9}
    ax.plot(k, together, "D", label="ensemble" if first else None, **style)
header = ["members differ by", "mean error", "− ambiguity", "= ensemble"]
header += ["mean accuracy", "best member", "ensemble"]
plots.table(header, rows, "Ensembles of three networks; squared error, then accuracy")
ax.set_xticks(range(3), answers)
ax.set(xlabel="members differ by", ylabel="test accuracy", xlim=(-0.5, 2.5))
ax.legend(loc="lower left")
plots.show(
    fig,
    "Test accuracy of single members as dots and of each ensemble as a diamond above"
    " the mean of its members.",
)

# %% [markdown]
# **What you see.** The identity holds as exactly as 32-bit numbers allow (to $10^{-6}$), and every ensemble is more accurate than its average member.
# Members from data subsets disagree most, yet in the stored run their ensemble is not the best: each of them saw only
# half the images.
#
# **Why.** Ambiguity is never negative, so for the squared error the ensemble cannot lose against the mean of its
# members. But it is only a difference of two terms: variety that is bought with worse members is no gain. The best
# member may beat the ensemble; you learn which one it is only afterwards.
#
# ## 10 · Your own digit
#
# Draw a digit, photograph it, give it to the network: it will often be misread, because your picture does not
# look like MNIST. There a digit was scaled, proportions kept, to fit a box of 20 × 20 pixels, and moved until its
# centre of mass lay in the middle of 28 × 28. The lab's helpers read the file, find the ink, whatever its colour,
# and scale it. The last step is yours.
#
# ### Exercise · `centre_digit`
#
# Every weight of a dense layer belongs to one place, so a digit must stand where the digits stood in training. Where
# exactly is that? Measured on MNIST's training images, the centre of mass of practically every digit lies within half
# a pixel of row 14, column 14 (counted from 0; two of 60 000 just miss it).
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The centre of mass is a mean of row numbers, weighted with the ink: `digit.sum(axis=1)` is the ink of each row.
# The same along the columns.
#
# </details>
# <details><summary>Hint 2 · the line of attack</summary>
#
# If the centre of mass lies in row $c$ of the digit, then the digit's row 0 belongs in row `top = round(14 - c)`.
# Keep the digit inside: `np.clip(top, 0, 28 - h)`. Start with `np.zeros((28, 28))` and assign to the slice
# `[top : top + h, left : left + w]`.
#
# </details>


# %% minutes=12 difficulty=2 kind="extra"
@lab.exercise(points=2)
def centre_digit(digit):
    """Places a digit in a 28 x 28 field, its centre of mass close to (14, 14).

    digit: (h, w), at most 20 x 20, ink from 0 to 1. Returns (28, 28) with the same ink,
    0 elsewhere, moved as close as whole pixels and the field allow.
    """
    # BEGIN SOLUTION
    (h, w), ink = digit.shape, digit.sum()
    top = min(max(round(14 - float(digit.sum(axis=1) @ np.arange(h) / ink)), 0), 28 - h)
    left = min(
        max(round(14 - float(digit.sum(axis=0) @ np.arange(w) / ink)), 0), 28 - w
    )
    field = np.zeros((28, 28))
    field[top : top + h, left : left + w] = digit
    return field
    # END SOLUTION


# %%
def prepare(picture):
    """A picture (file or array) in MNIST's form, (28, 28) from 0 to 1."""
    return centre_digit(plots.drawing_pad.fit_box(plots.drawing_pad.ink_of(picture)))


def squash(picture):
    """What a beginner does: invert, and force to 28 x 28."""
    return 1 - np.asarray(Image.fromarray(np.asarray(picture)).resize((28, 28))) / 255


def reading(digit):
    """The network's ten probabilities for one digit in MNIST's form."""
    return keras.ops.softmax(mlp(digit.reshape(1, 784))).numpy()[0]


# %%
# a digit drawn by program stands in for yours: dark ink on light paper, not square, not
# centred
sheet = Image.new("L", (300, 400), 245)
ImageDraw.Draw(sheet).line(
    [(30, 60), (150, 50), (90, 200)], fill=40, width=14, joint="curve"
)
ways = {"squashed": squash(sheet), "prepared": prepare(sheet)}
read = {name: reading(digit) for name, digit in ways.items()}
titles = [f"{name}: {p.argmax()} ({p.max():.2f})" for name, p in read.items()]
fig = plots.image_grid(
    [np.asarray(sheet), *(1 - digit for digit in ways.values())],
    ["drawn", *titles],
    cmap="gray",
    size=2,
)
plots.show(
    fig,
    "A drawn seven on a tall sheet; squashed to 28 by 28 it is small and off centre;"
    " prepared it fills the box.",
)

# %% [markdown]
# **What you see.** The same stroke in two forms. Squashed, the seven is small, off centre and on grey paper; prepared,
# it fills the box of 20 × 20 pixels and stands where MNIST's digits stand.
#
# **Why.** Scaling with proportions keeps the shape, and the centre of mass does not jump when a stroke is a little
# longer, as the middle of the bounding box would.
#
# One drawing proves nothing. So put 500 test digits, twice as large and in dark grey, somewhere on a light sheet
# of 120 × 90 pixels, and bring them back in both ways.
#
# **Predict.** What accuracy is left after squashing?

# %%
prediction = None  # your guess: accuracy after squashing, from 0 to 1
rng = np.random.default_rng(4)
sheets = np.full((500, 120, 90), 230, np.uint8)
for image, place in zip(images_test, sheets, strict=False):
    top, left = rng.integers(0, (120 - 56, 90 - 56), endpoint=True)
    place[top : top + 56, left : left + 56] -= (
        np.kron(image, np.ones((2, 2), np.uint8)) * 0.7
    ).astype(np.uint8)

on_sheets = {"as in the test set": accuracy(mlp, x_test[:500], y_test[:500])}
for name, way in {"squashed": squash, "prepared": prepare}.items():
    x_new = np.array([way(sheet) for sheet in sheets], np.float32).reshape(500, 784)
    on_sheets[name] = accuracy(mlp, x_new, y_test[:500])
print({name: round(value, 3) for name, value in on_sheets.items()})
lab.compare("accuracy after squashing", prediction, round(on_sheets["squashed"], 3))

# %% [markdown]
# **What you see.** Brought to MNIST's form, the digits are read, in the stored run, as well as in the test set.
# Squashed, they are lost: the network does no better than guessing.
#
# **Why.** Nothing about the strokes has changed, only their size, place and background. For a dense layer each pixel
# has its own weights, and these now see something else. What every preprocessing of the training data did must be
# done to each new picture too.
#
# Now yours. Give a file (PNG, JPEG; dark on light or light on dark, a photograph of a sheet of paper will do), or
# draw on the pad: click squares, then run the cell below it.

# %%
MY_PICTURE = ""  # for example "my_digit.png", beside this notebook
pad = plots.drawing_pad.show_pad()

# %%
if MY_PICTURE or (pad and pad.drawn):
    mine = prepare(MY_PICTURE or pad.picture())
    p = reading(mine)
    fig = plots.image_grid([mine], [f"{p.argmax()} ({p.max():.2f})"], size=2)
    plots.show(
        fig,
        "Your digit in MNIST's form, with the network's reading and its confidence"
        " above the picture.",
    )
else:
    print("Name a file or draw on the pad, and run this cell again.")

# %% [markdown]
# ## 11 · What you have found
#
# 1. *Which statistics may preprocessing use?* Those of the training set, for every set. Others would make the answer
#    depend on which images arrive together, and a single image minus its own mean is all zeros.
# 2. *Softmax and cross-entropy?* Probabilities from logits, and minus the logarithm of the right one. Together they
#    are log-sum-exp minus the right logit, safe for any size, with the gradient $(\mathbf{p} - \mathbf{y}) / n$.
# 3. *Does the lecture come out again?* Yes: its 0.9667 lies within the spread of the seeds. The scaling of the
#    pixels acts like a learning rate and decides how fast.
# 4. *Does it know when it does not know?* It is too sure, the more so if it learnt its examples by heart; one
#    temperature repairs more than half of that. And what a call is worth depends on the base rate.
# 5. *HOG?* Directions of edges, cell by cell. With few examples such prior knowledge is worth thousands of images.
# 6. *Accuracy against examples?* With raw pixels the error falls about as a power of their number, nearly a straight
#    line on two logarithmic axes; with HOG it flattens. Each further step costs many times more data.
# 7. *Ensembles?* By the ambiguity: the error of the average is the average error minus the disagreement.
# 8. *Your handwriting?* A dense layer reads places. Bring your digit to the place and size it was trained on, or use
#    convolutions: lab 06.
#
# The numbers of this run in one place:

# %%
last = np.array(long_run["curves"]["divided by 16"]["val_accuracy"])[:, -1].mean()
many, by_heart = networks  # their names
rows = [
    ["8 × 8 digits, lecture's network", "validation", f"{last:.4f} (lecture 0.9667)"],
    ["784-512-128-10", "test", f"{accuracy_mlp:.4f}"],
    ["the same", "ECE, cooled", f"{ece[many]:.4f} → {cooled[many]:.4f}"],
    [
        "1000 images by heart",
        "ECE, cooled",
        f"{ece[by_heart]:.4f} → {cooled[by_heart]:.4f}",
    ],
]
for name in inputs:
    both = f"{live[name, 100]:.3f} / {live[name, 1000]:.3f}"
    rows.append([f"{name}, one layer of 64", "test, 100 / 1000 images", both])
mean, _, together = team_accuracy["seeds"]
both = f"{mean:.4f} → {together:.4f}"
rows.append(["three seeds", "mean member → ensemble", both])
both = f"{on_sheets['squashed']:.3f} → {on_sheets['prepared']:.3f}"
rows.append(["digits on a sheet", "squashed → prepared", both])
plots.table(["what", "measured", "result"], rows, "Results of this run")

# %% [markdown]
# ## 12 · Challenge: a reader in 8000 parameters
#
# The best reader of digits that fits into **8000 parameters**, trained on the first 10 000 images in at most 20 epochs
# of any training you like, judged on the test images, once. One dense layer with 784 inputs takes 7850 already and reads
# 0.91 of real MNIST. To beat: 0.962 (three seeds, ± 0.001), with HOG features, 23 ReLU units and a rate of 0.01. Nothing
# is graded.


# %%
def challenge_network():
    """Yours: returns a function from images (n, 28, 28) to inputs, and a model."""
    return lambda images: flat(images), build_mlp(784, [], "relu")


features, candidate = challenge_network()
assert candidate.count_params() <= 8000
pixels = np.round(x_fit[:10_000].reshape(-1, 28, 28) * 255).astype(np.uint8)
train(candidate, features(pixels), y_fit[:10_000], epochs=20)
score = accuracy(candidate, features(images_test), y_test)
print(f"{candidate.count_params()} parameters: {score:.4f}")

# %% [markdown]
# ## 13 · To discuss
#
# 1. The lecture uses its test set as validation data in `fit`. When does this do no harm, and when does it?
# 2. An insurer will act on a reading only if it is at least 99 % sure. Which of this lab's figures do you show, and
#    what do they not say about next year's forms?
# 3. Your ensemble of three takes three times the computing time. Would one network three times as large be better? How
#    would you find out fairly?

# %% [markdown] tags=["solution"]
# **For instructors.** 1. No harm while nothing is chosen by it; as soon as epochs, widths or the best of several runs
# are picked by its curve, the test accuracy is a validation accuracy, and too good. 2. The reliability diagram after
# cooling and the ROC curve at a false positive rate that the insurer names; none of them says anything about forms that
# look different next year. 3. Give both the same number of parameters or seconds, several seeds each, choose on
# validation images, test once; the usual answer is that the ensemble is better calibrated and the gain in accuracy small.

# %% [markdown]
# ## 14 · Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to document recognition.
#   *Proceedings of the IEEE* 86(11), 2278–2324. Section III tells how MNIST was made.
# - E. Alpaydin and C. Kaynak (1998). Optical recognition of handwritten digits. UCI Machine Learning Repository.
# - N. Dalal and B. Triggs (2005). Histograms of oriented gradients for human detection. *CVPR*, 886–893.
# - A. Krogh and J. Vedelsby (1995). Neural network ensembles, cross validation, and active learning. *Advances in
#   Neural Information Processing Systems* 7, 231–238.
# - B. Lakshminarayanan, A. Pritzel and C. Blundell (2017). Simple and scalable predictive uncertainty estimation
#   using deep ensembles. *Advances in Neural Information Processing Systems* 30.
# - Y. Liu et al. (2017). Detecting cancer metastases on gigapixel pathology images. arXiv:1703.02442.
# - C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural networks. *ICML*,
#   1321–1330.

# %%
lab.progress()
