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
# A few dense layers learn to read handwriting. You train the lecture's network and then a larger one, look at
# what it gets wrong and how sure it is when it does, help it with features made by hand, let many networks
# vote, and give it a digit of your own.
#
# **After this lab you can answer:**
#
# 1. Which statistics may preprocessing use, and what happens when it uses the wrong ones?
# 2. What do softmax and categorical cross-entropy compute, and why are they computed together?
# 3. Do the figures of the lecture come out again, and what decides how fast?
# 4. Where does a network err, and does it know when it does not know?
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
# read on.

# %% tags=["imports"]
import keras
import matplotlib.pyplot as plt
import numpy as np
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


# %% [markdown]
# ### Exercise · `one_hot`
#
# The network has ten outputs, one for each digit. The target must have the same form: a row of zeros with a
# single 1 in the place of the right digit.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Row $k$ of the identity matrix `np.eye(classes)` is the code of class $k$. An array can be indexed with an
# array.
#
# </details>


# %% minutes=4 difficulty=1 kind="extra"
@lab.exercise(points=1)
def one_hot(labels, classes):
    """Codes integer labels as rows of zeros with a single one.

    labels: (n,) integers from 0 to classes - 1. Returns (n, classes) floats.
    """
    # BEGIN SOLUTION
    return np.eye(classes)[labels]
    # END SOLUTION


# %% tags=["nbval-check-output"]
z_train, z_val = preprocess(x_train, x_val)
print("training:   means within", f"{np.abs(z_train.mean(axis=0)).max():.3f}", "of 0")
print("validation: means within", f"{np.abs(z_val.mean(axis=0)).max():.3f}", "of 0")
print("label", y_train[0], "→", one_hot(y_train[:1], 10)[0].astype(int))

# %% [markdown]
# The means of the validation set are *not* zero, and that is right: the network must meet the same ruler that
# it learnt with.
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


# %% tags=["nbval-check-output"]
logits = np.array([[2.0, 1.0, -1.0], [0.0, 3.0, 0.5]])
targets = one_hot(np.array([0, 2]), 3)
loss = softmax_cross_entropy(logits, targets)
assert np.isclose(
    loss,
    np.mean(keras.losses.categorical_crossentropy(targets, logits, from_logits=True)),
)
print(f"by hand equals Keras: {loss:.4f}")

huge = np.array([[1000.0, 0.0]])
with np.errstate(all="ignore"):
    print("softmax as on the slide:", np.exp(huge) / np.exp(huge).sum())
print(
    "your loss, right and wrong class:",
    *(abs(softmax_cross_entropy(huge, one_hot([k], 2))) for k in (0, 1)),
)

# %% [markdown]
# ## 3 · The lecture's network
#
# ### Exercise · `build_mlp`
#
# The lecture's network has 64 inputs, hidden layers of 32 and 16 sigmoid units, and ten softmax outputs. You
# will need larger and smaller ones too, so write a function for all of them. The cell below it counts the parameters
# and trains the network as in the lecture, by stochastic gradient descent with rate 0.01 and batches of 10.
# (`steps_per_execution` lets Keras run a whole epoch of small steps before it returns to Python: half the time.)
#
# **Predict.** How many parameters are there? What is the accuracy after one epoch, and after 40? With 450 validation
# images, how far apart can two lucky or unlucky splits be?
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
    Returns a Keras model that maps (n, inputs) to (n, 10) probabilities (softmax).
    """
    # BEGIN SOLUTION
    layers = [keras.layers.Dense(units, activation=activation) for units in hidden]
    return keras.Sequential(
        [keras.Input((inputs,)), *layers, keras.layers.Dense(10, activation="softmax")]
    )
    # END SOLUTION


# %%
def accuracy(model, x, y):
    return float(np.mean(np.argmax(model(x), axis=1) == y))


keras.utils.set_random_seed(4)
network = build_mlp(64, [32, 16], "sigmoid")
by_hand = (64 * 32 + 32) + (32 * 16 + 16) + (16 * 10 + 10)
print(f"parameters: {network.count_params()}, by hand {by_hand}")

network.compile(
    keras.optimizers.SGD(0.01), "categorical_crossentropy", steps_per_execution=135
)
for start, end in ((0, 1), (1, 20), (20, 40)):
    network.fit(
        z_train,
        one_hot(y_train, 10),
        batch_size=10,
        initial_epoch=start,
        epochs=end,
        verbose=0,
    )
    right = accuracy(network, z_train, y_train), accuracy(network, z_val, y_val)
    print("epoch {:2}: training {:.3f}, validation {:.3f}".format(end, *right))

# %% [markdown]
# **What you see.** After one epoch the network still guesses (0.11 in the stored run); after 40 it reads about four
# digits in five and is still improving.
#
# **Break it on purpose.** The network has learnt with one ruler. What if somebody standardises new images with
# *their own* statistics, all together or, as they arrive, one at a time?

# %%
own = preprocess(x_val, x_val)[1]
# each image as a set of its own
alone = np.concatenate([preprocess(x, x)[1] for x in x_val[:, None]])
print(f"statistics of the training set: {accuracy(network, z_val, y_val):.3f}")
print(f"statistics of the new images:   {accuracy(network, own, y_val):.3f}")
print(
    f"each new image by itself:       {accuracy(network, alone, y_val):.3f}, largest"
    f" input {np.abs(alone).max():.0f}"
)

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
rows = [["lecture", "not stated", "> 0.97 at 300", 0.9993, 0.0261, 0.9667, 0.1426]]
for scaling, curves in long_run["curves"].items():
    at_300 = np.array(curves["accuracy"])[:, epochs == 300]
    last = {name: np.array(values)[:, -1] for name, values in curves.items()}
    spread = f"{last['val_accuracy'].mean():.4f} ± {last['val_accuracy'].std():.4f}"
    means = [
        float(last[name].mean().round(4)) for name in ("accuracy", "loss", "val_loss")
    ]
    rows.append(
        [
            "stored run",
            scaling,
            f"{at_300.mean():.3f} ± {at_300.std():.3f}",
            *means[:2],
            spread,
            means[2],
        ]
    )

# %%
header = [
    "",
    "pixels",
    "training at 300",
    "training",
    "loss",
    "validation",
    "validation loss",
]
plots.table(
    header,
    rows,
    f"The 64-32-16-10 network after 1000 epochs, {long_run['seeds']} seeds",
)

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
left.text(1, 0.975, "lecture, 0.9667")
left.set(xscale="log", xlabel="epoch", ylabel="validation accuracy", ylim=(0, 1.04))
right.set(
    xlabel="epoch", ylabel="cross-entropy", title="thin: training; broad: validation"
)
left.legend(loc="lower right")
plots.show(
    fig,
    "Left: validation accuracy over 1000 epochs, three scalings, all end close to the"
    " lecture's line; right: losses.",
)

# %% [markdown]
# **What you see.** The lecture's figures come out again. Its validation accuracy of 0.9667 lies well within the
# spread of the seeds: the means of the three scalings are 0.962 to 0.963, with standard deviations of 0.007 to 0.008:
# between two splits a difference of one percentage point means nothing. The path there differs: the raw pixels are
# quickest, the pixels divided by 16 slowest by far.
#
# **Why.** With inputs sixteen times as large the first layer's gradients are sixteen times as large: the scale of the
# inputs acts like a learning rate. The lecture's last training loss, 0.0261, is closest to that of the pixels divided
# by 16 (0.032), so this may be what it used, though no seed comes as low (0.029 to 0.039); its *more than 97 % after
# 300 epochs* is a training accuracy, less than a percentage point above that row's mean, and the other two exceed it
# clearly. And note the broad lines at the right: for the raw pixels the validation loss stops falling while the
# training loss goes on. What is learnt from then on helps the training images only.
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
# **Why.** Whoever made the data set scaled and centred each digit. A dense layer needs that: it has a separate
# weight for every place. Section 10 returns to it.
#
# Pixels go from 0 to 255. Division by 255 needs no statistics, so nothing can leak. A tenth of the training set is
# set aside for validation. The test set measures only: nothing in this lab is chosen by looking at it.
#
# Sigmoid and plain gradient descent give way to ReLU and Adam (gradient descent that adapts the step of each weight),
# and the learning rate falls along a cosine to zero, so that the last steps are small. The function `train` below does
# it for every network from here on, first for one with two hidden layers of 512 and 128 units. (Widths, rate
# and number of epochs were chosen by accuracy on validation images.)
#
# **Predict.** How many parameters has it? More or fewer than there are training images?
#
# ### Question · `labels_as_numbers`


# %% minutes=3 difficulty=1 kind="core"
@lab.question(points=1)
def labels_as_numbers():
    """Your labels are the integers 0 to 9, shape (n,). Which loss do you give to Keras,
    with ten softmax outputs?

    a) "categorical_crossentropy": Keras sees from the data that the labels are
       integers.
    b) "sparse_categorical_crossentropy": it takes integers; "categorical_crossentropy"
       wants one-hot rows.
    c) "mean_squared_error": an integer can only be approached, and 7 is closer to 8
       than to 2.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %%
def train(model, x, y, epochs, validation=None):
    """Adam with batches of 256; the learning rate falls from 0.003 to 0 along a cosine.
    Returns Keras' history.
    """
    steps = -(-len(y) // 256)  # rounded up
    adam = keras.optimizers.Adam(
        keras.optimizers.schedules.CosineDecay(0.003, epochs * steps)
    )
    metrics = ["accuracy"] if validation else None
    model.compile(
        adam,
        "sparse_categorical_crossentropy",
        metrics=metrics,
        steps_per_execution=min(steps, 50),
    )
    return model.fit(
        x, y, batch_size=256, epochs=epochs, validation_data=validation, verbose=0
    ).history


# %%
keras.utils.set_random_seed(4)
mlp = build_mlp(784, [512, 128], "relu")
mlp_history = train(mlp, x_fit, y_fit, epochs=8, validation=(x_check, y_check))
accuracy_mlp = accuracy(mlp, x_test, y_test)
print(
    f"{mlp.count_params()} parameters, {len(x_fit)} training images, test accuracy"
    f" {accuracy_mlp:.4f}:"
)
print(
    f"{round((1 - accuracy_mlp) * len(y_test))} of {len(y_test)} test images are"
    " misread"
)
seeds = np.array(experiments.stored("mnist_mlp_seeds")["accuracy"])
print(
    f"stored, real MNIST, {len(seeds)} seeds: {seeds.mean():.4f} ± {seeds.std():.4f},"
    f" lowest {seeds.min():.4f}"
)

# %%
fig, axes = plt.subplots(1, 2, figsize=(9, 3.3))
for ax, measure, label in zip(
    axes, ("loss", "accuracy"), ("cross-entropy", "accuracy"), strict=True
):
    series = {
        "training": mlp_history[measure],
        "validation": mlp_history["val_" + measure],
    }
    plots.curves(
        ax,
        {name: (np.arange(1, 9), values) for name, values in series.items()},
        "epoch",
        label,
    )
plots.show(
    fig,
    "Training loss falls towards zero while validation loss levels off; training"
    " accuracy comes close to one.",
)

# %% [markdown]
# **What you see.** The training loss falls towards zero. The validation loss falls fast at first, then slowly, and
# ends well above it; the validation accuracy still gains a little. About 98 % of real MNIST's test images are read
# correctly (ten seeds on real MNIST: 0.983 to 0.985).
#
# **Why.** There are more parameters than images, enough to learn the training set by heart. The falling learning rate
# settles the weights in the end; without it the curves would usually be less smooth.
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
probabilities = mlp(x_test).numpy()
y_hat = probabilities.argmax(axis=1)
matrix = confusion(y_test, y_hat, 10)
mistakes = matrix - np.diag(np.diag(matrix))

fig, ax = plt.subplots(figsize=(5.6, 4.6))
shown = ax.imshow(mistakes, cmap="cividis")
for i, j in zip(*np.nonzero(mistakes), strict=True):
    colour = "black" if mistakes[i, j] > mistakes.max() / 2 else "white"
    ax.text(j, i, mistakes[i, j], ha="center", va="center", color=colour)
ax.set(xticks=range(10), yticks=range(10), xlabel="read as", ylabel="truth")
ax.grid(False)
fig.colorbar(shown, label="images")
plots.show(
    fig,
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
worst = [
    np.unravel_index(k, both_ways.shape)
    for k in np.argsort(both_ways, axis=None)[::-1][:4]
]
print("most confused:", ", ".join(f"{i} and {j} ({both_ways[i, j]})" for i, j in worst))
pictures, titles = [], []
for i, j in worst:
    wrong = np.flatnonzero(
        ((y_test == i) & (y_hat == j)) | ((y_test == j) & (y_hat == i))
    )[:8]
    pictures += [images_test[k] for k in wrong] + [np.zeros((28, 28))] * (
        8 - len(wrong)
    )
    titles += [f"{y_test[k]} → {y_hat[k]}" for k in wrong] + [""] * (8 - len(wrong))
fig = plots.image_grid(pictures, titles, columns=8, size=0.9, vmin=0, vmax=255)
plots.show(
    fig,
    "Four rows of misread digits, one row a confused pair, titles give truth and"
    " reading; many are ambiguous.",
)

confidence = probabilities.max(axis=1)
wrong = np.flatnonzero(y_hat != y_test)
surest = wrong[np.argsort(confidence[wrong])[::-1][:10]]
titles = [f"{y_test[k]} → {y_hat[k]}, {confidence[k]:.3f}" for k in surest]
fig = plots.image_grid(images_test[surest], titles, columns=5, size=1.5)
plots.show(
    fig,
    "The ten mistakes made with the highest confidence; titles give truth, reading and"
    " confidence near one.",
)
print(
    f"mistakes with a confidence above 0.9: {np.sum(confidence[wrong] > 0.9)} of"
    f" {len(wrong)}"
)

# %% [markdown]
# **What you see.** Pairs that share strokes are confused: in the stored run 4 with 9, 3 with 5, 2 with 7. Many
# of the pictures would make you hesitate too. Of the ten mistakes with a confidence near 1 some are badly written;
# others a human reads without trouble.
#
# **Why.** The network compares places of ink. A 4 whose top is almost closed has most of its ink where a 9 has it.
# Confidence is another matter. Softmax only compares the ten classes with each other: an image unlike anything in the
# training set still gets probabilities that add up to 1. And cross-entropy rewards large logits for as long as
# training goes on.
#
# ### Question · `reading_the_matrix`


# %% minutes=3 difficulty=1 kind="core"
@lab.question(points=1)
def reading_the_matrix():
    """Rows are the truth, columns the prediction. Of all images that the network calls
    a 9, which share really is one?

    a) The diagonal entry of row 9 divided by the sum of row 9.
    b) The diagonal entry of column 9 divided by the sum of column 9.
    c) The diagonal entry divided by the number of all images.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 6 · Does it know when it does not know?
#
# The largest probability is the network's *confidence*. It is *calibrated* if, of all images read with
# confidence 0.8, eight in ten are read correctly. To see it, sort the images into bins by confidence and
# compare with the accuracy in each bin. The *expected calibration error* is the mean gap, weighted with the
# share of images:
#
# $$\mathrm{ECE} = \sum_{b} \frac{n_b}{n}\, \big|\,\mathrm{accuracy}_b - \mathrm{confidence}_b\,\big| .$$
#
# Two networks will be measured: the one above, and for comparison a second one of the same kind, which learns 1000
# images by heart.
#
# **Predict.** Will the second one be too sure or not sure enough?
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
keras.utils.set_random_seed(4)
memoriser = build_mlp(784, [512, 128], "relu")
train(memoriser, np.tile(x_fit[:1000], (10, 1)), np.tile(y_fit[:1000], 10), epochs=3)

# %%
networks, ece = {f"{len(x_fit)} images": mlp, "1000 images": memoriser}, {}
for name, model in networks.items():
    print(f"test accuracy, {name}: {accuracy(model, x_test, y_test):.3f}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.9), sharey=True)
bars = {"width": 0.1, "color": plots.SKY, "edgecolor": "white"}
for ax, (name, model) in zip(axes, networks.items(), strict=True):
    confidences, accuracies, ece[name] = reliability(model(x_test).numpy(), y_test, 10)
    filled = confidences > 0
    x, y = confidences[filled], accuracies[filled]
    ax.plot([0, 1], [0, 1], color=plots.GREY, linewidth=1, label="calibrated")
    ax.bar(np.arange(10)[filled] / 10 + 0.05, y, **bars)
    ax.plot(x, y, "o", color=plots.ORANGE, label="bins")
    ax.set(title=f"{name}: ECE {ece[name]:.3f}", xlim=(0, 1))
    ax.set(xlabel="confidence", ylabel="accuracy")
axes[0].legend(loc="upper left")
plots.show(
    fig,
    "Reliability diagrams: accuracy against confidence for two networks; points below"
    " the diagonal: too sure.",
)

# %% [markdown]
# **What you see.** Both networks are too sure: in the stored run most points lie below the diagonal, and the one that
# learnt from few images by heart has by far the larger calibration error.
#
# **Why.** On its own training images the memoriser is always right, so the loss can fall further only by growing
# confidence. Nothing in training tells it that new images are harder. For the many images read with confidence near
# 1 the gap is small, and as the ECE weights bins by their images, it can look harmless while the middle is far off.
#
# ### Question · `always_one_tenth`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def always_one_tenth():
    """A network answers 0.1 for every digit, whatever the image; the ten digits are
    equally frequent. Its ECE?

    a) 0: its confidence of 0.1 equals its accuracy.
    b) 0.9: it is wrong nine times out of ten.
    c) It cannot be computed, because all bins but one are empty.
    """
    # BEGIN SOLUTION
    return "a"
    # END SOLUTION


# %% [markdown]
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

# the margin of one pixel that the outer cells need
digit = np.pad(images_test[0] / 255, 1)
votes = np.array(
    [
        [hog_cell(digit[r : r + 9, c : c + 9], 9) for c in range(0, 28, 7)]
        for r in range(0, 28, 7)
    ]
)
# an edge runs at right angles to its gradient
edge = np.deg2rad(20 * np.arange(9) + 10 + 90)
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 4), sharex=True, sharey=True)
for ax, alpha in ((left, 1), (right, 0.25)):
    ax.imshow(digit[1:-1, 1:-1], cmap="gray_r", extent=(0, 28, 28, 0), alpha=alpha)
    ax.set_axis_off()
for i, j in np.ndindex(4, 4):
    x, y, length = 7 * j + 3.5, 7 * i + 3.5, 3.3 * np.sqrt(votes[i, j] / votes.max())
    dx, dy = length * np.cos(edge), length * np.sin(edge)
    right.plot([x - dx, x + dx], [y - dy, y + dy], color=plots.BLUE, linewidth=2)
plots.show(
    fig,
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
# Now the comparison: one hidden layer of 64 units, the same number of updates (about 200), from 784 pixels or from 324
# features, with 100, 1000 and 10 000 training images.
#
# The same with up to 60 000 images of real MNIST, three seeds and more training takes minutes; it is stored, like the
# run of section 3.
#
# Most of the time a small network takes goes into preparing its training, not into arithmetic. So let several learn
# *side by side*, as one model: its arrays of weights have one axis more, for the member $m$, and each of its layers
# computes $y_{nmo} = f\big(\sum_i x_{nmi}\, w_{mio} + b_{mo}\big)$. No weight is shared: each member learns from its
# own images only, as it would alone.
#
# **Predict.** Which wins with 1000 examples, and does it still win with ten times as many?


# %%
def train_side_by_side(networks, sets):
    """Trains networks of 64 ReLU units, each on its own (x, y): 50 000 images in all,
    sets repeated as needed.
    """
    members, rows = len(networks), max(len(y) for _, y in sets)
    # (rows, members, inputs)
    x = np.stack([np.resize(x, (rows, x.shape[1])) for x, _ in sets], axis=1)
    y = np.stack([np.resize(y, rows) for _, y in sets], axis=1)
    hidden = keras.layers.EinsumDense(
        "nmi,mio->nmo", (members, 64), activation="relu", bias_axes="mo"
    )
    output = keras.layers.EinsumDense(
        "nmi,mio->nmo", (members, 10), activation="softmax", bias_axes="mo"
    )
    team = keras.Sequential([keras.Input(x.shape[1:]), hidden, output])
    weights = [network.get_weights() for network in networks]
    team.set_weights([np.stack(arrays) for arrays in zip(*weights, strict=True)])
    train(team, x, y, epochs=round(50_000 / rows))
    for k, network in enumerate(networks):  # each gets its own back
        network.set_weights([array[k] for array in team.get_weights()])


def hog_of(images):
    """HOG features (n, 324): cells of 7 x 7 pixels, 9 directions, each block of 2 x 2
    cells scaled to length 1.
    """
    return np.array([hog(image, 9, (7, 7), (2, 2)) for image in images], np.float32)


# %%
sizes, live, rows = (100, 1000, 10_000), {}, []
inputs = {
    "raw pixels": (x_fit[:10_000], x_test),
    "HOG": (hog_of(x_fit[:10_000].reshape(-1, 28, 28)), hog_of(images_test)),
}
for name, (x, x_new) in inputs.items():
    keras.utils.set_random_seed(4)
    networks = [build_mlp(x.shape[1], [64], "relu") for _ in sizes]
    train_side_by_side(networks, [(x[:size], y_fit[:size]) for size in sizes])
    live[name] = [accuracy(network, x_new, y_test) for network in networks]
    rows.append([name, x.shape[1], networks[0].count_params(), *live[name]])
header = ["inputs", "number", "parameters", *map(str, sizes)]
plots.table(header, rows, "Test accuracy by number of training images, this run")

# %%
if RUN_IN_FULL:
    stored_curves = experiments.all_experiments()["mnist_learning_curves"]()
else:
    stored_curves = experiments.stored("mnist_learning_curves")

fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True)
for name, colour, marker in (
    ("raw pixels", plots.BLUE, "o"),
    ("HOG", plots.ORANGE, "s"),
):
    left.plot(sizes, 1 - np.array(live[name]), color=colour, marker=marker, label=name)
    runs = 1 - np.array(stored_curves["accuracy"][name])
    right.plot(stored_curves["sizes"], runs.mean(axis=1), color=colour, label=name)
    right.plot(stored_curves["sizes"], runs, marker, color=colour, markersize=4)
    m = dict(zip(stored_curves["sizes"], 1 - runs.mean(axis=1), strict=True))
    print(
        f"stored, {name:10}: {m[100]:.3f} (100 images), {m[1000]:.3f} (1000),"
        f" {m[60_000]:.4f} (60 000)"
    )
left.set(
    xscale="log",
    yscale="log",
    title="this run",
    xlabel="training images",
    ylabel="test error",
)
right.set(xscale="log", title="stored run, real MNIST", xlabel="training images")
right.legend()
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
# has to learn this from examples, and given enough of them it does: in the stored run the lines meet (on the stand-in,
# whose images vary less, even before 10 000). What HOG throws away cannot be learnt back. So the features made by hand
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
# Four members of each kind will learn from 3000 images; for *subsets*, each sees its own random 1500 of them.
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
halves = [np.random.default_rng(seed).permutation(3000)[:1500] for seed in range(4)]
keras.utils.set_random_seed(4)
members = [build_mlp(784, [64], "relu") for _ in range(8)]
train_side_by_side(
    members, [few] * 4 + [(few[0][half], few[1][half]) for half in halves]
)

teams = {
    "seeds": members[:4],
    "data subsets": members[4:],
    "architectures": members[:1],
}
for hidden, activation in (([128], "relu"), ([64, 32], "relu"), ([64], "tanh")):
    other = build_mlp(784, hidden, activation)
    train(other, *few, epochs=17)
    teams["architectures"].append(other)
answers = {
    name: np.array([member(x_test).numpy() for member in team])
    for name, team in teams.items()
}
answers["all together"] = np.concatenate(list(answers.values()))

# %%
rows, members, ensembles = [], {}, {}
for name, p in answers.items():
    ensemble, average, ambiguity = ambiguity_decomposition(p, one_hot(y_test, 10))
    assert np.isclose(ensemble, average - ambiguity, atol=1e-6)
    members[name] = np.mean(p.argmax(axis=2) == y_test, axis=1)
    ensembles[name] = float(np.mean(p.mean(axis=0).argmax(axis=1) == y_test))
    accuracies = float(members[name].mean()), float(members[name].max())
    errors = float(average), float(ambiguity), float(ensemble)
    rows.append([name, *errors, *accuracies, ensembles[name]])
header = ["members differ by", "mean error", "− ambiguity", "= ensemble"]
header += ["mean accuracy", "best member", "ensemble"]
plots.table(
    header,
    rows,
    "Ensembles of four networks (all: twelve, one twice), 3000 images; squared error,"
    " accuracy",
)

# %%
fig, ax = plt.subplots(figsize=(7.6, 3.3))
for k, name in enumerate(answers):
    ax.plot(np.full(len(members[name]), k), members[name], "o", color=plots.SKY)
    ax.plot(k, ensembles[name], "D", color=plots.ORANGE, markersize=9)
ax.set_xticks(range(4), answers)
ax.set(xlabel="members differ by", ylabel="test accuracy", xlim=(-0.5, 3.5))
ax.legend(["members", "ensemble"], loc="lower left")
plots.show(
    fig,
    "Test accuracy of single members as dots and of each ensemble as a diamond above"
    " nearly all of its members.",
)

# %% [markdown]
# **What you see.** The identity holds to the last digit, and every ensemble is more accurate than its average member.
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
# a pixel of row 14, column 14 (counted from 0; two of 60 000 miss it by a hair).
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


# a digit drawn by program stands in for yours: dark ink on light paper, not square, not
# centred
sheet = Image.new("L", (300, 400), 245)
ImageDraw.Draw(sheet).line(
    [(30, 60), (150, 50), (90, 200)], fill=40, width=14, joint="curve"
)
ways = {"squashed": squash(sheet), "prepared": prepare(sheet)}
read = {name: mlp(digit.reshape(1, 784)).numpy()[0] for name, digit in ways.items()}
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
    p = mlp(mine.reshape(1, 784)).numpy()[0]
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
#    are log-sum-exp minus the right logit, safe for any size.
# 3. *Does the lecture come out again?* Yes: its 0.9667 lies within the spread of the seeds. The scaling of the
#    pixels acts like a learning rate and decides how fast.
# 4. *Does it know when it does not know?* Fairly well if trained on much data; a network that learnt its examples
#    by heart is too sure. Some mistakes are made with full confidence.
# 5. *HOG?* Directions of edges, cell by cell. With few examples such prior knowledge is worth thousands of images.
# 6. *Accuracy against examples?* With raw pixels the error falls about as a power of their number, nearly a straight
#    line on two logarithmic axes; with HOG it flattens. Each further step costs many times more data.
# 7. *Ensembles?* By the ambiguity: the error of the average is the average error minus the disagreement.
# 8. *Your handwriting?* A dense layer reads places. Bring your digit to the place and size it was trained on, or use
#    convolutions: lab 06.
#
# The numbers of this run in one place:

# %%
lecture_curves = long_run["curves"]["divided by 16"]
lecture_last = np.array(lecture_curves["val_accuracy"])[:, -1]
rows = [
    [
        "8 × 8 digits, lecture's network",
        "validation, 1000 epochs",
        f"{lecture_last.mean():.4f} (lecture 0.9667)",
    ],
    ["784-512-128-10", "test", f"{accuracy_mlp:.4f}"],
    ["the same", "calibration error", f"{ece[f'{len(x_fit)} images']:.4f}"],
    [
        "the same, 1000 images by heart",
        "calibration error",
        f"{ece['1000 images']:.4f}",
    ],
]

# %%
rows += [
    *(
        [
            f"{name}, one layer of 64",
            "test, 100 / 10 000 images",
            f"{live[name][0]:.3f} / {live[name][-1]:.3f}",
        ]
        for name in live
    ),
    [
        "four seeds, 3000 images",
        "mean member → ensemble",
        f"{members['seeds'].mean():.4f} → {ensembles['seeds']:.4f}",
    ],
    [
        "digits on a sheet",
        "squashed → prepared",
        f"{on_sheets['squashed']:.3f} → {on_sheets['prepared']:.3f}",
    ],
]
plots.table(["what", "measured", "result"], rows, "Results of this run")

# %% [markdown]
# ## 12 · To discuss
#
# 1. The lecture uses its test set as validation data in `fit`. When does this do no harm, and when does it?
# 2. An insurer will act on a reading only if it is at least 99 % sure. Which of this lab's figures do you show, and
#    what do they not say about next year's forms?
# 3. Your ensemble of four takes four times the computing time. Would one network four times as large be better? How
#    would you find out fairly?

# %% [markdown]
# ## 13 · Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to document recognition.
#   *Proceedings of the IEEE* 86(11), 2278–2324. Section III tells how MNIST was made.
# - E. Alpaydin and C. Kaynak (1998). Optical recognition of handwritten digits. UCI Machine Learning Repository.
# - N. Dalal and B. Triggs (2005). Histograms of oriented gradients for human detection. *CVPR*, 886–893.
# - A. Krogh and J. Vedelsby (1995). Neural network ensembles, cross validation, and active learning. *Advances in
#   Neural Information Processing Systems* 7, 231–238.
# - B. Lakshminarayanan, A. Pritzel and C. Blundell (2017). Simple and scalable predictive uncertainty estimation
#   using deep ensembles. *Advances in Neural Information Processing Systems* 30.
# - C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural networks. *ICML*,
#   1321–1330.

# %%
lab.progress()
