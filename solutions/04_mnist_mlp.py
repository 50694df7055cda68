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
# A few dense layers learn to read handwriting: with your own training loop, with features made by hand, as an
# ensemble. You look at their mistakes, and repair how sure they are.
#
# **After this lab you can answer:**
#
# 1. Which statistics may preprocessing use?
# 2. What do softmax and categorical cross-entropy compute, and why together?
# 3. Do the lecture's figures come out again, and what decides how fast?
# 4. Where does a network err, does it know when, and what is a positive call worth?
# 5. What are HOG features, and when do they beat raw pixels?
# 6. How does accuracy grow with the number of examples?
# 7. By exactly how much is an ensemble better than its average member?
# 8. Why does a network that reads MNIST fail on your handwriting?
#
# | | |
# |:--|:--|
# | **Data** | scikit-learn's 8 × 8 digits; MNIST or its stand-in (stored outputs: real MNIST) |
# | **Lecture** | A, *Deep Neural Networks* (digits with Keras); B, *Deep Learning I* (HOG, ensembles) |
# | **You need** | labs 01 and 02: neuron, cross-entropy, layers, mini-batches |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference, so you can always
# read on. Where a cell begins with `prediction = None`, write yours there first: it is printed beside the result.
#
# In a class of three hours, leave out what is *extra*.

# %% tags=["imports"]
import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from skimage.feature import hog
from sklearn.model_selection import train_test_split

from labs_utils import Lab, datasets, experiments, plots
from labs_utils.experiments.mnist_mlp import hog_features, long_run_table, train

lab = Lab("04_mnist_mlp")
plots.use_style()
keras.utils.set_random_seed(4)

# %% [markdown]
# ## 1 · The lecture's digits
#
# > **Margin note.** The slides say *MNIST*, but 64 inputs are 8 × 8 pixels: scikit-learn's 1797 digits. Real MNIST,
# > 70 000 images of 28 × 28 pixels, follows in section 4.

# %% tags=["nbval-check-output"]
images, labels = datasets.load_digits()
x_train, x_val, y_train, y_val = train_test_split(
    images.reshape(-1, 64), labels, test_size=0.25, random_state=0
)
print("training", x_train.shape, "validation", x_val.shape)
constant = int(np.sum(x_train.std(axis=0) == 0))
print("pixels that are the same in all training images:", constant)

fig = plots.image_grid(images[:20], list(labels[:20]), columns=10, size=0.8)
plots.show(fig, "Twenty digits of 8 by 8 pixels, coarse but readable.")

# %% [markdown]
# **What you see.** Sixty-four pixels are few, and you still read nearly all digits.
#
# **Why.** Each pixel counts the dark dots in a 4 × 4 block of a finer scan, from 0 to 16: the greys keep much of the
# shape.
#
# ### Exercise · `preprocess`
#
# Gradient descent likes inputs of zero mean and unit variance. Mean and standard deviation belong to the *training*
# set: the validation set stands for the future, whose statistics nobody knows.
#
# > **Margin note.** The slide's two lines, `X -= np.mean(X, axis=0)` and `X /= np.std(X, axis=0)`, give `nan` here:
# > three border pixels never change in the training set, and 0 / 0 follows. They also change `X` in place.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Both sets need the same two vectors, one number per pixel: `axis=0` averages over samples.
#
# </details>
# <details><summary>Hint 2 · constant pixels</summary>
#
# Replace a spread of 0 by 1 before you divide: `np.where(spread == 0, 1, spread)`.
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
# $\log p_k=z_k-\log\sum_j e^{z_j}$. Only the second term needs care.
#
# </details>
# <details><summary>Hint 2 · the care</summary>
#
# Softmax does not change when you subtract the same number from all logits of a sample. Subtract the largest,
# `z.max(axis=1, keepdims=True)`: no exponent is above 0. Then compute $\log p$ as in hint 1.
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
# Training needs the derivative of the loss with respect to each logit. Take a pencil: differentiate
# $-\log{p_c}=\log\sum_j{e^{z_j}}-z_c$, where $c$ is the right class, with respect to $z_c$ and then to another $z_k$.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# You already know the derivative of $\log\sum_j e^{z_j}$ with respect to $z_k$ by another name.
#
# </details>
# <details><summary>Hint 2 · both cases</summary>
#
# It is $p_k$, and 1 is subtracted if $k$ is the right class: subtract the one-hot row. The loss is a mean over $n$
# samples.
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
def one_hot(labels, classes=10):
    """Row k of the identity matrix codes class k: a target for each output."""
    return np.eye(classes)[labels]


logits = np.array([[2.0, 1.0, -1.0], [0.0, 3.0, 0.5]])
targets = one_hot([0, 2], 3)
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
# The lecture's network has 64 inputs, hidden layers of 32 and 16 sigmoid units, and ten outputs with softmax. Leave
# softmax to the loss, as in section 2: the last layer has *no* activation and returns logits, and `from_logits=True`
# tells Keras' losses so.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `keras.Sequential([...])` takes a list of layers: first `keras.Input((inputs,))`, then one
# `keras.layers.Dense(units, activation=activation)` per entry of `hidden`, then the output layer.
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
# `model.fit` hides a loop. Write it once yourself: batch by batch, compute the logits, note the mean loss, and step
# against the gradient. A `tf.GradientTape` does the backpropagation.
#
# The next cell compares your epoch with Keras', then trains on to epoch 40, shuffling.
#
# **Predict.** What is the validation accuracy after 40 epochs?
#
# > **Margin note.** The lecture's snippet for this loop gives *all* samples to every step and calls them a
# > mini-batch. It also puts a sigmoid in front of a loss with `from_logits=True`: see the question below.
#
# <details><summary>Hint 1 · the loop</summary>
#
# `for start in range(0, len(x), batch_size):` with `x[start:start+batch_size]`, and the same rows of `y`. The last
# slice is shorter by itself.
#
# </details>
# <details><summary>Hint 2 · the gradient</summary>
#
# Inside `with tf.GradientTape() as tape:` compute logits and
# `keras.losses.CategoricalCrossentropy(from_logits=True)(targets, logits)`. After it,
# `tape.gradient(loss, model.trainable_variables)` is a list, one array per weight.
#
# </details>
# <details><summary>Hint 3 · your own gradient</summary>
#
# `tape.gradient(z, weights, output_gradients=...)` starts from your gradient at the logits `z`. A step is
# `weight.assign_sub(rate * step)`.
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
z_train, z_val = preprocess(x_train, x_val)

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
# **Why.** A sigmoid layer passes on at most a quarter of a gradient, and the rate is small: see lab 03.
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
# **Break it on purpose.** What if somebody standardises new images with *their own* statistics, all together or, as
# they arrive, one at a time? With those of the training set, the means of the validation set are *not* zero, and that
# is right: new images must be measured as the training images were.

# %%
own = preprocess(x_val, x_val)[1]
# each image as a set of its own
alone = np.concatenate([preprocess(x, x)[1] for x in x_val[:, None]])
for name, x in (("training set", z_val), ("new images", own), ("each image", alone)):
    largest = np.abs(x.mean(axis=0)).max()
    print(f"statistics of {name:12}: means within {largest:.3f} of 0,", end=" ")
    print(f"accuracy {accuracy(network, x, y_val):.3f}")
print(f"alone, every input is 0: the largest is {np.abs(alone).max():.0f}")

# %% [markdown]
# **What you see.** With 450 new images the mistake hardly shows, so it goes unnoticed; with single images the
# accuracy drops to that of guessing.
#
# **Why.** One image minus its own mean is zero everywhere: all digits look the same. In a larger set, each answer
# depends on the other images.
#
# ### A thousand epochs
#
# The lecture goes on for 1000 epochs. The stored run has ten seeds (each its own split, first weights and order) and
# three scalings of the pixels: the slide does not say which it used.

# %%
# True computes it again, in some minutes, and the run of section 8 too
RUN_IN_FULL = False
if RUN_IN_FULL:
    long_run = experiments.all_experiments()["digits_1000_epochs"]()
else:
    long_run = experiments.stored("digits_1000_epochs")

caption = f"Mean of {long_run['seeds']} seeds; at 100 and 300: training accuracy"
plots.table(*long_run_table(long_run), caption)
epochs = np.array(long_run["epochs"])
plots.show(
    plots.digits.long_run(epochs, long_run["curves"], 0.9667),
    "Left: validation accuracy over 1000 epochs, three scalings, all end close to the"
    " lecture's line. Right: training losses fall on, validation losses level off.",
)

# %% [markdown]
# **What you see.** The lecture's figures come out again. Its validation accuracy of 0.9667 lies well within the
# spread of the seeds: the three scalings reach 0.962 to 0.963, with standard deviations of 0.007 to 0.008, so a
# difference of one percentage point between two splits means nothing. Raw pixels are quickest, pixels divided by 16
# slowest by far: after 100 epochs, where the lecture reports *more than 95 %*, they are at 81 % of the training images.
#
# **Why.** Inputs sixteen times as large make the first layer's gradients sixteen times as large: the scale of the
# inputs acts like a learning rate. No single scaling gives all of the lecture's figures. At the right, the validation
# loss of the raw pixels stops falling long before their training loss does: what is learnt from then on helps the
# training images only.
#
# > **Margin note.** The slide's code says `epochs=200`, its output 1000. Its 99.9 % is training accuracy; on unseen
# > images it is 96.67 %.
#
# ## 4 · MNIST
#
# Now the data set that the slides name or, offline, a stand-in: 12 000 + 2 000 images redrawn from the 8 × 8 digits.
#
# Division by 255 needs no statistics, so nothing can leak. A tenth of the training set is kept for validation;
# nothing in this lab is chosen by looking at the test set.
#
# From here on: ReLU instead of sigmoid. The lab's `train(model, x, y, epochs)` uses Adam, which adapts the step of each
# weight, batches of 256, and a rate that falls from 0.003 along a cosine to zero. Labels stay integers: the *sparse*
# cross-entropy picks the right logit by its number. (Widths, rate and epochs were chosen on validation images.)
#
# **Predict.** The network has hidden layers of 512 and 128 units. How many parameters? More than training images?


# %%
prediction = None  # your guess: the number of parameters


def flat(images):
    """Images (n, 28, 28) of bytes as rows (n, 784) of numbers from 0 to 1."""
    return (images / 255).astype(np.float32).reshape(len(images), -1)


(images_all, labels_all), (images_test, y_test) = datasets.load_mnist()
x_test = flat(images_test)
x_fit, x_check, y_fit, y_check = train_test_split(
    flat(images_all), labels_all, test_size=0.1, stratify=labels_all, random_state=0
)
print("training", x_fit.shape, "validation", x_check.shape, "test", x_test.shape)

fig = plots.image_grid(images_all[:20], list(labels_all[:20]), columns=10, size=0.8)
plots.show(fig, "Twenty digits of 28 by 28 pixels, centred, below their labels.")

keras.utils.set_random_seed(4)
mlp = build_mlp(784, [512, 128], "relu")
mlp_history = train(mlp, x_fit, y_fit, epochs=8, validation=(x_check, y_check))
lab.compare("parameters", prediction, mlp.count_params())
right = accuracy(mlp, x_test, y_test)
print(f"{len(x_fit)} training images, test accuracy {right:.4f}:", end=" ")
print(f"{round((1 - right) * len(y_test))} images are misread")
seeds = np.array(experiments.stored("mnist_mlp_seeds")["accuracy"])
print(f"stored, real MNIST, ten seeds: {seeds.mean():.4f} ± {seeds.std():.4f}")
plots.show(
    plots.digits.training(mlp_history),
    "Training loss falls towards zero while validation loss levels off; training"
    " accuracy comes close to one.",
)

# %% [markdown]
# **What you see.** The training loss falls towards zero; the validation loss ends well above it. About 98 % of real
# MNIST's test images are read correctly; another seed changes that by about a tenth of a percentage point.
#
# **Why.** There are more parameters than images, enough to learn the training set by heart.
#
# ### Wide or deep?
#
# The lecture's practical work asks for *large and deep* networks. The race is fair only if both have the same number of
# parameters.
#
# ### Exercise · `widest`
#
# Which width may the hidden layers have, if the parameters are limited? A unit has one weight per input, and a bias.
# The next cell then trains 1, 2 and 4 equal layers within two budgets on 10 000 images, for 5 epochs.
#
# **Predict.** Does depth pay here, or width?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Write the sizes as a list, from the inputs to the ten outputs. Neighbours $a$, $b$ cost $(a+1)\,b$. Then try width
# after width.
#
# </details>


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def widest(inputs, layers, budget):
    """The largest width of equal hidden layers that a budget of parameters allows.

    inputs: number of inputs; layers: number of hidden layers, at least 1, all of the
    same width; budget: most parameters of the whole network, with its ten outputs.
    Returns a whole number; 0 if the budget is too small for one unit.
    """
    # BEGIN SOLUTION
    units = 0
    while True:
        sizes = [inputs, *[units + 1] * layers, 10]
        parameters = sum((a + 1) * b for a, b in zip(sizes, sizes[1:], strict=False))
        if parameters > budget:
            return units
        units += 1
    # END SOLUTION


# %%
fewer = x_fit[:10_000], y_fit[:10_000]
for budget in (14_000, 140_000):
    for depth in (1, 2, 4):
        keras.utils.set_random_seed(4)
        hidden = [int(widest(784, depth, budget))] * depth
        other = build_mlp(784, hidden, "relu")
        train(other, *fewer, epochs=5)
        right = accuracy(other, x_check, y_check)
        name = f"{depth} × {hidden[0]} units, {other.count_params()} parameters"
        print(f"{name:32} accuracy {right:.3f}")

# %% [markdown]
# **What you see.** With 14 000 parameters every further layer costs accuracy. With 140 000 a second layer gains almost
# one percentage point, and four layers hardly more. (Three seeds agreed on real MNIST.)
#
# **Why.** A thin layer is a bottleneck: what seventeen units drop, no later layer finds again. Depth pays where each
# layer can build on what the one before has kept, as convolutions do (lab 06).
#
# ## 5 · Where it errs
#
# ### Exercise · `confusion`
#
# One accuracy hides which digits are mistaken for which. The *confusion matrix* counts: row $i$, column $j$
# holds how many images of digit $i$ were read as $j$.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Start with `np.zeros((classes, classes), int)` and add 1 per image, in a loop or with `np.add.at(matrix, (y, y_hat),
# 1)`. `matrix[y, y_hat] += 1` looks right, but NumPy counts a repeated place once.
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


# %% [markdown]
# ### Exercise · `most_confused`
#
# A 4 read as a 9 and a 9 read as a 4 are one *pair*. Find the worst pairs. The next cell draws the
# matrix without its diagonal, mistakes of the three worst pairs, and the ten surest mistakes.
#
# **Predict.** Which two digits will the network confuse most often?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `matrix + matrix.T` adds both directions; `np.triu(..., 1)` keeps each pair once, without the diagonal.
#
# </details>
# <details><summary>Hint 2 · from the largest number to its place</summary>
#
# `np.argsort(table, axis=None)` numbers the cells of the whole table; `np.unravel_index` makes row and column of a
# number.
#
# </details>


# %% minutes=8 difficulty=2 kind="extra"
@lab.exercise(points=2)
def most_confused(matrix, pairs):
    """The pairs of classes that are most often taken for each other.

    matrix: (k, k) confusion matrix, not changed; pairs: how many. Returns (pairs, 3)
    whole numbers, the worst pair first: the smaller class, the larger class, and how
    many images of one were read as the other, in both directions together.
    """
    # BEGIN SOLUTION
    both_ways = np.triu(matrix + matrix.T, 1)
    worst = np.argsort(both_ways, axis=None)[::-1][:pairs]
    one, other = np.unravel_index(worst, both_ways.shape)
    return np.column_stack([one, other, both_ways[one, other]])
    # END SOLUTION


# %%
probabilities = keras.ops.softmax(mlp(x_test)).numpy()
y_hat, confidence = probabilities.argmax(axis=1), probabilities.max(axis=1)
matrix = confusion(y_test, y_hat, 10)
mistakes = matrix - np.diag(np.diag(matrix))
plots.show(
    plots.digits.counts(mistakes, "read as", "truth"),
    "Confusion matrix without its diagonal: mistakes are spread over many cells, a few"
    " of them brighter.",
)
worst = most_confused(matrix, 3)
print("most confused:", ", ".join(f"{i} and {j} ({n})" for i, j, n in worst))
wrong = np.flatnonzero(y_hat != y_test)
# of each mistake, the smaller class and the larger one
both = np.sort([y_test[wrong], y_hat[wrong]], axis=0)
rows = [wrong[(both[0] == i) & (both[1] == j)] for i, j, _ in worst]
plots.show(
    plots.digits.misread(images_test, y_test, y_hat, rows, columns=8),
    "Three rows of misread digits, a confused pair in each row, titles give truth and"
    " reading; many are ambiguous.",
)
surest = wrong[np.argsort(confidence[wrong])[::-1][:10]].reshape(2, 5)
plots.show(
    plots.digits.misread(images_test, y_test, y_hat, surest, 5, confidence),
    "The ten mistakes made with the highest confidence; titles give truth, reading and"
    " confidence near one.",
)
sure = np.sum(confidence[wrong] > 0.9)
print(f"mistakes with a confidence above 0.9: {sure} of {len(wrong)}")

# %% [markdown]
# **What you see.** Pairs that share strokes are confused, in the stored run first of all 4 with 9. Of the ten surest
# mistakes some are badly written; others a human reads without trouble.
#
# **Why.** The network compares places of ink. A 4 whose top is almost closed has most of its ink where a 9 has it.
# Confidence is another matter: softmax only compares the ten classes with each other, so an image unlike any in the
# training set still gets probabilities that add up to 1.
#
# ### One digit against the rest
#
# Screening asks a yes-no question: tumour or none, and here: *is it a 9?* Call an image positive if the network's
# probability of a 9 reaches a threshold. The share of the true nines that are called is the **sensitivity** (true
# positive rate, recall); the share of the others that are *not* called is the **specificity**, 1 minus the false
# positive rate. All thresholds together give the *ROC curve*; its area is the probability that a random nine scores
# higher than a random other digit.
#
# ### Exercise · `roc`
#
# The next cell compares the 512-128 network with one that has learnt 1000 images by heart.
#
# **Predict.** A threshold finds 97 % of the nines and wrongly calls 1 % of the others. Among 10 000 images only *ten*
# are nines. Which share of the called images are nines?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The threshold goes through the *different* scores, from the largest down. At each, which share of the positives has
# a score at least as large, and which of the negatives?
#
# </details>
# <details><summary>Hint 2 · no loop</summary>
#
# `np.unique(scores)[::-1]` holds the thresholds. `scores >= thresholds[:, None]` is a table, one row per threshold.
# The area sums width times mean height, `(tpr[1:] + tpr[:-1]) / 2`.
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
prediction = None  # your guess: that share, from 0 to 1

keras.utils.set_random_seed(4)
memoriser = build_mlp(784, [512, 128], "relu")  # learns 1000 images by heart
train(memoriser, x_fit[:1000], y_fit[:1000], epochs=30)
networks = {f"{len(x_fit)} images": mlp, "1000 images": memoriser}
logits_of = {name: network(x_test).numpy() for name, network in networks.items()}

series, is_nine = {}, y_test[:2000] == 9
for name, z in logits_of.items():
    p_nine = keras.ops.softmax(z[:2000]).numpy()[:, 9]
    fpr, tpr, area = roc(p_nine, is_nine)
    series[f"{name}: area {area:.4f}"] = fpr[1:], tpr[1:]
plots.show(
    plots.digits.roc(series),
    "ROC curves of two networks for the digit 9 over a logarithmic false positive rate:"
    " the one trained on many images lies above.",
)

sensitivity, specificity = 0.97, 0.99
for base_rate in (0.1, 0.01, 0.001):
    true, false = sensitivity * base_rate, (1 - specificity) * (1 - base_rate)
    share = round(true / (true + false), 2)
    print(f"nines {base_rate:.1%}: of those called, {share:.2f} are nines")
lab.compare("share of nines among those called", prediction, share)

# %% [markdown]
# **What you see.** Both areas are close to 1, and the network that learnt from fewer images lies below. An area near 1
# hides what counts: the left of the curve, where false alarms are few. With ten nines in 10 000 images, nine calls in
# ten are false.
#
# **Why.** Sensitivity $s$ and specificity $c$ are shares of the nines and of the others. A patient wants to know the
# share of the ill among those *called*, and that depends on how rare they are, the base rate $\pi$. By Bayes' rule it
# is
#
# $$\frac{s\,\pi}{s\,\pi+(1-c)(1-\pi)} .$$
#
# > **Margin note.** The slide *Superhuman performance* compares 0.92 with 0.73 for tumours in tissue. In the paper (Liu
# > et al., 2017) the first is a sensitivity at *eight false alarms per slide*; a number without its false alarms and its
# > base rate is no comparison.
#
# ## 6 · Does it know when it does not know?
#
# The largest probability is the network's *confidence*. It is *calibrated* if, of all images read with confidence
# 0.8, eight in ten are read correctly. Sort the images into bins by confidence; the *expected calibration error* is
# the mean gap between confidence and accuracy of a bin, weighted with its share of the images:
#
# $$\mathrm{ECE} = \sum_{b} \frac{n_b}{n}\, \big|\,\mathrm{accuracy}_b - \mathrm{confidence}_b\,\big| .$$
#
# **Predict.** The second network knows its 1000 images by heart. Will it be too sure or not sure enough?
#
# ### Exercise · `reliability`
#
# Compute both numbers for each of `bins` bins of equal width from 0 to 1, and the ECE.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `confidence = p.max(axis=1)`, `right = p.argmax(axis=1) == y`. The number of the bin is `confidence * bins`, rounded
# down; a confidence of exactly 1 needs `np.minimum`.
#
# </details>
# <details><summary>Hint 2 · the plan</summary>
#
# Loop over the bins with `inside = which == b`. If any image is inside, store `confidence[inside].mean()` and
# `right[inside].mean()`, and add `inside.mean()` times their distance to the ECE.
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
    """ECE of one panel, and its columns: reliability in ten bins, images in each."""
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
    " all images are in the last bin.",
)

# %% [markdown]
# **What you see.** In the stored run both networks are too sure: most points lie below the diagonal. The one that
# knows few images by heart has by far the larger calibration error. Nearly all images are in the last bin; some bars
# in the middle stand for a handful.
#
# **Why.** On its own training images the second network is always right, so the loss can fall further only by growing
# confidence; nothing in training tells it that new images are harder. As the ECE weights bins by their images, it can
# look harmless while the middle is far off.
#
# ### A remedy: temperature
#
# Divide all logits by one number $T > 0$ before softmax. With $T > 1$ every answer becomes less sure, and none of
# them changes: the largest logit stays the largest. Guo et al. (2017) choose $T$ by the cross-entropy on *validation*
# images.
#
# ### Exercise · `best_temperature`
#
# Find that $T$.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The loss as a function of $T$ has one valley. Compute it with your `softmax_cross_entropy` for many $T$, say
# `np.geomspace(0.05, 20, 1000)` (steps of 0.6 %), and take the smallest; or let `scipy.optimize.minimize_scalar`
# search.
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
# **What you see.** In the stored run $T$ is above 1 for both networks, larger for the one that knows its images by
# heart, and more than half of the calibration error is gone. The accuracy has not changed.
#
# **Why.** One number cannot make a network know more; it only stops it from overstating what it knows, and only for
# images like the validation images, not for a picture that is no digit.
#
# ## 7 · Features made by hand: HOG (extra)
#
# People once designed features. The *histogram of oriented gradients* describes
# each small cell of an image by the directions of its edges, and forgets where exactly they lie.
#
# ### Exercise · `hog_cell`
#
# At every pixel of one cell take the central differences $g_r=I(r{+}1,c)-I(r{-}1,c)$ and $g_c=I(r,c{+}1)-I(r,c{-}1)$.
# The gradient has magnitude $\sqrt{g_r^2+g_c^2}$ and direction $\arctan(g_r/g_c)$, modulo 180°, since a stroke has
# two sides. Each pixel votes for its direction's bin with its magnitude. The patch has a margin of one pixel.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `patch[2:, 1:-1] - patch[:-2, 1:-1]` is $g_r$ for all pixels at once. Which slices give $g_c$?
#
# </details>
# <details><summary>Hint 2 · directions and votes</summary>
#
# The direction is `np.rad2deg(np.arctan2(g_r, g_c)) % 180`. `np.histogram` with `range` and `weights` counts the
# votes.
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

# the margin that the outer cells need; mirrored, it has no slope across the border
digit = np.pad(images_test[0] / 255, 1, mode="reflect")
corners = range(0, 28, 7)
votes = [[hog_cell(digit[r : r + 9, c : c + 9], 9) for c in corners] for r in corners]
plots.show(
    plots.digits.hog_strokes(digit[1:-1, 1:-1], votes),
    "A digit, and over it a grid of 4 by 4 cells with nine lines each: the longest"
    " lines run along the strokes.",
)

# %% [markdown]
# **What you see.** Where a straight stroke crosses a cell, the longest lines run along it (their length is the square
# root of the votes).
#
# **Why.** At a stroke the brightness changes across it, hardly along it. The histogram keeps this direction and drops
# the exact place: moving a digit by a pixel changes these numbers less than it changes the pixels.
#
# ## 8 · How many examples are enough?
#
# ### Exercise · `hog_blocks`
#
# A faint stroke should count as much as a dark one. So HOG scales *blocks* of 2 × 2 neighbouring cells, which overlap.
# Write this last step; the cell below asserts that your features are those of `skimage.feature.hog`. Then one hidden
# layer of 64 units reads 784 pixels or 324 features, from 1000 images. A stored run has up to 60 000
# images of real MNIST, three seeds and 3000 steps each.
#
# **Predict.** Which wins with 1000 examples, and does it still win with sixty times as many?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Block $(i, j)$ is `votes[i:i+2, j:j+2]`. Its length is the root of the sum of *all* its squares.
#
# </details>


# %% minutes=10 difficulty=2 kind="extra"
@lab.exercise(points=2)
def hog_blocks(votes):
    """From the histograms of an image's cells to its features.

    votes: (rows, columns, orientations). Each block of 2 x 2 neighbouring cells is
    scaled to length 1, its values above 0.2 are cut to 0.2, and it is scaled to
    length 1 again. A block of zeros stays as it is.
    Returns (rows - 1, columns - 1, 2, 2, orientations).
    """
    # BEGIN SOLUTION
    rows, columns, orientations = votes.shape
    blocks = np.zeros((rows - 1, columns - 1, 2, 2, orientations))
    for i, j in np.ndindex(rows - 1, columns - 1):
        block = votes[i : i + 2, j : j + 2]
        if block.any():
            block = np.minimum(block / np.linalg.norm(block), 0.2)
            blocks[i, j] = block / np.linalg.norm(block)
    return blocks
    # END SOLUTION


# %%
yours = hog_blocks(np.array(votes)).ravel()
assert np.allclose(yours, hog_features(images_test[:1])[0], atol=1e-5)

inputs = {
    "raw pixels": (x_fit[:1000], x_test[:1000]),
    "HOG": (
        hog_features(x_fit[:1000].reshape(-1, 28, 28)),
        hog_features(images_test[:1000]),
    ),
}
for name, (x, x_new) in inputs.items():
    keras.utils.set_random_seed(4)
    small = build_mlp(x.shape[1], [64], "relu")
    train(small, x, y_fit[:1000], epochs=50)
    print(f"{name:10} {len(x)} images: {accuracy(small, x_new, y_test[:1000]):.3f}")

if RUN_IN_FULL:
    stored_curves = experiments.all_experiments()["mnist_learning_curves"]()
else:
    stored_curves = experiments.stored("mnist_learning_curves")
plots.show(
    plots.digits.learning_curves(stored_curves["sizes"], stored_curves["accuracy"]),
    "Test error against training images, both axes logarithmic: falling lines, HOG"
    " below raw pixels at the left.",
)

# %% [markdown]
# **What you see.** On two logarithmic axes the stored error of the raw pixels falls along a nearly straight line;
# that of HOG bends and flattens. With few examples HOG is ahead: in the stored run 1000 images with HOG are worth
# about six thousand as raw pixels. With 60 000 images the two meet.
#
# **Why.** HOG brings knowledge that pixels lack: edges matter, their exact place does not. The network on raw pixels
# has to learn this from examples, and with enough of them it does. What HOG throws away cannot be learnt back.
#
# ## 9 · Many networks vote
#
# The lecture's last remedy before deep learning: train several networks and average their probabilities, *because the
# various errors of the models average out*.
#
# How much does it gain? For the squared error (with probabilities: the *Brier score*) there is an exact answer. Let
# $\mathbf{p}_m$ be the answer of member $m$ of $M$ for one image, $\bar{\mathbf{p}}$ their mean and $\mathbf{y}$ the
# one-hot truth. Then
#
# $$\underbrace{\|\bar{\mathbf{p}} - \mathbf{y}\|^2}_{\text{error of the ensemble}} =
# \underbrace{\frac1M \sum_m \|\mathbf{p}_m - \mathbf{y}\|^2}_{\text{mean error of the members}} -
# \underbrace{\frac1M \sum_m \|\mathbf{p}_m - \bar{\mathbf{p}}\|^2}_{\text{ambiguity}} .$$
#
# Each kind below has three members and 3000 images; with *subsets*, each sees its own random 1500.
#
# **Predict.** Which kind of ensemble has the most ambiguity? Is it the most accurate?
#
# ### Exercise · `ambiguity_decomposition`
#
# Compute the three terms, each averaged over all images (Krogh and Vedelsby, 1995). The third needs no truth:
# disagreement can be measured on unlabelled images.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `members` has three axes: member, image, class. $\bar{\mathbf{p}}$ averages over the first only. The squared norm
# sums over the last: `np.sum((members - y) ** 2, axis=-1)` has shape $(M,n)$.
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
rng, every = np.random.default_rng(4), np.arange(3000)
first = [64], "relu", every  # hidden layers, activation and images of a member
plans = {
    "seeds": [first] * 3,
    "data subsets": [([64], "relu", rng.permutation(every)[:1500]) for _ in range(3)],
    "architectures": [first, ([64, 32], "relu", every), ([64], "tanh", every)],
}
keras.utils.set_random_seed(4)
rows, votes = [], {}
for name, plan in plans.items():
    team = [build_mlp(784, hidden, activation) for hidden, activation, _ in plan]
    for member, (_, _, seen) in zip(team, plan, strict=True):
        train(member, x_fit[seen], y_fit[seen], epochs=10)
    p = np.array([keras.ops.softmax(member(x_test)).numpy() for member in team])
    ensemble, average, ambiguity = ambiguity_decomposition(p, one_hot(y_test))
    assert np.isclose(ensemble, average - ambiguity, atol=1e-6)
    single = np.mean(p.argmax(axis=2) == y_test, axis=1)
    together = np.mean(p.mean(axis=0).argmax(axis=1) == y_test)
    votes[name] = single, together
    print(f"{name}: three members trained, ensemble {together:.4f}")
    cells = (average, ambiguity, ensemble, single.mean(), single.max(), together)
    rows.append([name, *map(float, cells)])
header = ["members differ by", "mean error", "− ambiguity", "= ensemble"]
header += ["mean accuracy", "best member", "ensemble"]
plots.table(header, rows, "Ensembles of three networks; squared error, then accuracy")
plots.show(
    plots.digits.votes(votes),
    "Test accuracy of single members as dots and of each ensemble as a diamond.",
)

# %% [markdown]
# **What you see.** The identity holds as exactly as 32-bit numbers allow (to $10^{-6}$). In the stored run every
# ensemble is more accurate than its average member. Members from data subsets disagree most, yet their ensemble is
# not the best: each saw only half the images.
#
# **Why.** Ambiguity is never negative, so for the squared error the ensemble cannot lose against the mean of its
# members. But variety that is bought with worse members is no gain. The best member may beat the ensemble; you learn
# too late which it is.
#
# ## 10 · Your own digit (extra)
#
# The network will often misread a digit of yours, because your picture does not look like MNIST. There a digit was
# scaled, proportions kept, to fit a box of 20 × 20 pixels, and moved until its centre of mass lay in the middle of a
# field of 28 × 28. The lab's helpers find the ink, whatever its colour, and scale it; the last step is yours.
#
# ### Exercise · `centre_digit`
#
# Every weight of a dense layer belongs to one place, so a digit must stand where the training digits stood: in MNIST,
# the centre of mass lies nearly always within half a pixel of row 14, column 14, counted from 0.
#
# The next cell puts 500 test digits, twice as large and dark grey, somewhere on a light sheet of 120 × 90 pixels, and
# brings them back in two ways: *squashed* (inverted, forced to 28 × 28) and *prepared* as MNIST was.
#
# **Predict.** What accuracy is left after squashing?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The centre of mass is a mean of row numbers, weighted with the ink of each row, `digit.sum(axis=1)`. Likewise for
# columns.
#
# </details>
# <details><summary>Hint 2 · the plan</summary>
#
# If the centre of mass lies in row $c$ of the digit, then its row 0 belongs in row `top = round(14 - c)`. Keep the
# digit inside: `np.clip(top, 0, 28 - h)`. Assign to the slice `[top:top+h, left:left+w]` of an empty field.
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
prediction = None  # your guess: accuracy after squashing, from 0 to 1


def prepare(picture):
    """A picture (file or array) in MNIST's form, (28, 28) from 0 to 1."""
    return centre_digit(plots.drawing_pad.fit_box(plots.drawing_pad.ink_of(picture)))


def squash(sheet):
    """What a beginner does: invert, and force to 28 x 28."""
    return 1 - np.asarray(Image.fromarray(sheet).resize((28, 28))) / 255


sheets = plots.drawing_pad.on_sheets(images_test[:500], np.random.default_rng(4))
on_sheets, pictures = {"as in the test set": x_test[:500]}, {"a sheet": sheets[0] / 255}
for name, way in {"squashed": squash, "prepared": prepare}.items():
    on_sheets[name] = np.array([way(sheet) for sheet in sheets]).reshape(500, 784)
    pictures[name] = 1 - on_sheets[name][0].reshape(28, 28)
right = {name: accuracy(mlp, x, y_test[:500]) for name, x in on_sheets.items()}
look = {"cmap": "gray", "vmin": 0, "vmax": 1, "size": 2}
fig = plots.image_grid(list(pictures.values()), list(pictures), **look)
plots.show(
    fig, "A digit on a sheet, small and off centre when squashed, large when prepared."
)
print({name: round(value, 3) for name, value in right.items()})
lab.compare("accuracy after squashing", prediction, round(right["squashed"], 3))

# %% [markdown]
# **What you see.** Squashed, a digit is small, off centre and on grey paper; in the stored run the network does no
# better than guessing. Prepared, it stands where MNIST's digits stand, and is read as well as in the test set.
#
# **Why.** Only size, place and background have changed. But in a dense layer each pixel has its own weights, so what
# was done to the training images must be done to each new picture.
#
# Now yours: name a file (PNG or JPEG) or click on the pad; run the cell below.

# %%
MY_PICTURE = ""  # for example "my_digit.png", beside this notebook
pad = plots.drawing_pad.show_pad()

# %%
if MY_PICTURE or (pad and pad.drawn):
    mine = prepare(MY_PICTURE or pad.picture())
    p = keras.ops.softmax(mlp(mine.reshape(1, 784))).numpy()[0]
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
# 1. *Which statistics?* Those of the training set, for every set: an answer must not depend on which images arrive
#    together.
# 2. *Softmax and cross-entropy?* Probabilities from logits, and minus the logarithm of the right one. Together they
#    are safe for logits of any size, with the gradient $(\mathbf{p}-\mathbf{y})/n$.
# 3. *The lecture's figures?* Its 0.9667 lies within the spread of the seeds. The scaling of the pixels acts like a
#    learning rate and decides how fast.
# 4. *Does it know?* It is often too sure, the more so if it knows its examples by heart; one temperature repairs much
#    of that. What a call is worth depends on the base rate.
# 5. *HOG?* Directions of edges, cell by cell. With few examples they are worth thousands of images.
# 6. *Accuracy against examples?* With raw pixels the error falls about as a power of their number; with HOG it
#    flattens.
# 7. *Ensembles?* Better by the ambiguity, the disagreement of their members.
# 8. *Your handwriting?* A dense layer reads places. Bring your digit to the place and size it was trained on, or use
#    convolutions: lab 06.
#
# ## 12 · Challenge: a reader in 8000 parameters
#
# The best reader of digits within **8000 parameters**, trained on the first 10 000 images in at most 20 epochs,
# judged on the test images, once. One dense layer with 784 inputs takes 7850 already and reads 0.91
# of real MNIST. To beat: 0.962 (three seeds, ± 0.001), with HOG features (`hog_features`), 23 ReLU units and a rate of
# 0.01.
#
# ## 13 · To discuss
#
# 1. The lecture uses its test set as validation data in `fit`. When does this do no harm, and when does it?
# 2. An insurer will act on a reading only if it is at least 99 % sure. Which of this lab's figures do you show, and
#    what do they not say about next year's forms?
# 3. Would one network three times as large be better than your ensemble of three? How would you find out fairly?

# %% [markdown] tags=["solution"]
# **For instructors.** 1. No harm while nothing is chosen by it; as soon as epochs, widths or the best of several runs
# are picked by its curve, the test accuracy is a validation accuracy, and too good. 2. The reliability diagram after
# cooling and the ROC curve at a false positive rate that the insurer names; none of them says anything about forms
# that look different next year. 3. Give both the same number of parameters or seconds, several seeds each, choose on
# validation images, test once; the usual answer is that the ensemble is better calibrated and the gain in accuracy
# small.

# %% [markdown]
# ## 14 · Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner (1998). Gradient-based learning applied to document recognition.
#   *Proceedings of the IEEE* 86(11), 2278–2324.
# - E. Alpaydin and C. Kaynak (1998). Optical recognition of handwritten digits. UCI Machine Learning Repository.
# - N. Dalal and B. Triggs (2005). Histograms of oriented gradients for human detection. *CVPR*, 886–893.
# - A. Krogh and J. Vedelsby (1995). Neural network ensembles, cross validation, and active learning. *Advances in
#   Neural Information Processing Systems* 7, 231–238.
# - Y. Liu et al. (2017). Detecting cancer metastases on gigapixel pathology images. arXiv:1703.02442.
# - C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural networks. *ICML*,
#   1321–1330.

# %%
lab.progress()
