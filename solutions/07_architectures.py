# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: Architectures
#     lecture: C (Inception, ResNet, DenseNet, Highway), E (evolution of CNNs, model selection), B (depth)
#     minutes: 1
#     data: [scenes]
# ---

# %% [markdown]
# # 07 · Architectures: from AlexNet to EfficientNet, and how to choose
#
# Lecture A calls a network deep if it has more than two hidden layers; this lab is about 8 to 152. Seven years of
# famous networks, taken apart: you count what they cost, build the parts that made them deep, measure what each part
# is good for, and choose a network of your own without fooling yourself.
#
# **After this lab you can answer:**
#
# 1. Where do the parameters of a network sit, and where does it spend its multiplications?
# 2. What does a 1×1 convolution save in an Inception module?
# 3. Why do deep plain networks get worse *in training*, and which remedy reaches which depth?
# 4. What must a shortcut look like, and what when size or channels change?
# 5. What does DenseNet do differently, and is it worth it?
# 6. Which of 33 pretrained networks is worth its size?
# 7. How do you search for an architecture, and what is the winner's score worth?
#
# | | |
# |:--|:--|
# | **Data** | scenes drawn on the spot; stored runs on CIFAR-10 |
# | **Lecture** | C, *Convolutional networks*; E, *Deep Learning II*; B (depth) |
# | **You need** | lab 06; lab 04 for validation sets |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference, so you can always read
# on. Where a cell begins with `prediction = None`, write your own there before you run it: it is printed beside the
# result and never graded.

# %% tags=["imports"]
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import layers

from labs_utils import Lab, experiments, plots
from labs_utils.experiments import architectures

lab = Lab("07_architectures")
plots.use_style()

# %% [markdown]
# ## 1 · The revolution of depth
#
# ImageNet's yearly contest (ILSVRC) has 1000 classes, and the lectures quote its *top-5 error*: an answer counts as
# right if the true class is among the five highest scores.
#
# ### Exercise · `error_at_k`
#
# A photograph can show a desk, a lamp and a cup. One label and one answer would punish a good network; five answers
# are kinder. How much kinder?
#
# <details><summary>Hint · the line of attack</summary>
#
# `np.argsort(scores, axis=1)` sorts upwards, so the best k stand in the *last* k columns. Compare them with
# `labels[:, None]`.
#
# </details>


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=2)
def error_at_k(scores, labels, k):
    """Share of pictures whose label is not among the k highest scores.

    scores: (n, classes), higher is better; labels: (n,) whole numbers. Returns one
    number.
    """
    # BEGIN SOLUTION
    best = np.argsort(scores, axis=1)[:, -k:]
    return np.mean(~np.any(best == labels[:, None], axis=1))
    # END SOLUTION


# %% [markdown]
# **Predict.** Somebody guesses among 1000 classes. What is the top-5 error? And has the network with the most
# parameters the smallest error?

# %%
prediction = None  # top-5 error of guessing, from 0 to 1
rng = np.random.default_rng(0)
guessed = float(error_at_k(rng.random((4000, 1000)), rng.integers(0, 1000, 4000), 5))
fig, ax = plt.subplots(figsize=(7, 3.2))
for name, year, depth, error, millions in architectures.REVOLUTION:
    ax.scatter(depth, error, s=3 * (millions or 8), color=plots.BLUE, alpha=0.6)
    label = f"{name} ({year})" + (f", {millions} M" if millions else "")
    place = {"VGG-19": (-20, 14), "GoogLeNet": (12, -14)}.get(name, (12, 4))
    ax.annotate(label, (depth, error), place, textcoords="offset points")
ax.set(xscale="log", xlim=(6, 600), ylim=(0, 18), ylabel="top-5 error (%)")
ax.set_xlabel("layers with weights (area of a circle: parameters)")
ax.set_xticks([8, 16, 32, 64, 128], [8, 16, 32, 64, 128])
ax.minorticks_off()
plots.show(
    fig,
    "Top-5 error over the number of layers, five winners and runners-up from 2012 to"
    " 2015, with circles for parameters.",
)
lab.compare("top-5 error of guessing", prediction, guessed)

# %% [markdown]
# **What you see.** Three years, nineteen times as many layers, less than a quarter of the error. The circles do not
# grow with depth: VGG-19 has by far the most parameters, GoogLeNet with more layers a twentieth of them.
#
# **Why.** Depth is not bought with parameters but with better building blocks. The rest of this lab is about these.
#
# > **Margin note.** Lecture C gives GoogLeNet 22 layers, lecture E "more than 100", 2015 and "12× less weights than
# > AlexNet". 22 counts layers with weights along one path, more than 100 every building block; the contest was ILSVRC
# > 2014; the factor is computed in section 3.
#
# ## 2 · Count by hand first
#
# ### Exercise · `count_network`
#
# Two costs: *parameters* fill memory and need data, *multiplications* need time. They sit in different places.
#
# A network is a list of tuples: `("conv", filters, kernel, stride, padding)`, `("depthwise", multiplier, kernel,
# stride, padding)`, `("pool", kernel, stride)`, `("dense", units)`. Padding is in pixels on each side. A *depthwise*
# convolution gives every input channel `multiplier` kernels of its own and adds nothing over channels. Each filter
# and unit has one bias, which costs no multiplication.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Keep two variables up to date, `size` and `channels`. The new side is `(size + 2 * padding - kernel) // stride + 1`.
#
# </details>
# <details><summary>Hint 2 · multiplications</summary>
#
# Each kernel weight is used once per *output* place. A dense layer uses each weight once.
#
# </details>
# <details><summary>"The bias is counted once per place"</summary>
#
# One bias is shared by all places of a map, as the kernel is.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=3)
def count_network(network, size, channels):
    """Parameters and multiplications (one picture) of each layer.

    network: list of tuples as above; size: side of the square input in pixels;
    channels: of the input. Returns a list of pairs (parameters, multiplications).
    """
    # BEGIN SOLUTION
    rows = []
    for kind, *how in network:
        if kind == "dense":
            weights = size**2 * channels * how[0]
            rows.append((weights + how[0], weights))
            size, channels = 1, how[0]
        elif kind == "pool":
            rows.append((0, 0))
            size = (size - how[0]) // how[1] + 1
        else:
            number, kernel, stride, padding = how
            size = (size + 2 * padding - kernel) // stride + 1
            filters = number * channels if kind == "depthwise" else number
            weights = kernel**2 * filters * (1 if kind == "depthwise" else channels)
            rows.append((weights + filters, weights * size**2))
            channels = filters
    return rows
    # END SOLUTION


# %%
small = [("conv", 6, 3, 2, 0), ("depthwise", 2, 3, 1, 0), ("pool", 2, 2), ("dense", 4)]
by_keras = keras.Sequential(
    [
        keras.Input((20, 20, 3)),
        layers.Conv2D(6, 3, strides=2),
        layers.DepthwiseConv2D(3, depth_multiplier=2),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(4),
    ]
)
counted = sum(p for p, _ in count_network(small, 20, 3))
assert counted == by_keras.count_params()
print(f"{counted} parameters, by hand and by Keras")

# %% [markdown]
# Lecture E: AlexNet has 62 million parameters, VGG-16 more than 138, and VGG "was born out of the need to reduce" the
# number of parameters "in the CONV layers". **Predict.** Which share of VGG-16's parameters is in its three dense
# layers, and which share of the multiplications?

# %%
prediction = None  # share of VGG-16's parameters in dense layers, from 0 to 1
head = [("dense", 4096), ("dense", 4096), ("dense", 1000)]
alexnet = [
    ("conv", 96, 11, 4, 0),
    ("pool", 3, 2),
    ("conv", 256, 5, 1, 2),
    ("pool", 3, 2),
]
alexnet += [("conv", n, 3, 1, 1) for n in (384, 384, 256)] + [("pool", 3, 2), *head]
vgg16 = []
for filters, times in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
    vgg16 += [("conv", filters, 3, 1, 1)] * times + [("pool", 2, 2)]
vgg16 += head
rows, share = [], {}
for name, network, size in (("AlexNet", alexnet, 227), ("VGG-16", vgg16, 224)):
    counts = np.array(count_network(network, size, 3))
    dense = np.array([kind == "dense" for kind, *_ in network])
    share[name] = counts[dense].sum(axis=0) / counts.sum(axis=0)
    parameters, work = counts.sum(axis=0) / 1e6
    cells = [f"{parameters:.1f} M", f"{counts[~dense, 0].sum() / 1e6:.1f} M"]
    cells += [f"{share[name][0]:.2f}", f"{work / 1000:.2f} G", f"{share[name][1]:.3f}"]
    rows.append([name, *cells])
convolutions = keras.applications.VGG16(weights=None, include_top=False)
assert convolutions.count_params() == counts[~dense, 0].sum()
header = ["network", "parameters", "of these conv", "share dense"]
header += ["multiplications", "share dense"]
plots.table(header, rows, "Counted by `count_network`, one picture")
lab.compare(
    "share of parameters in dense layers", prediction, float(share["VGG-16"][0])
)

# %% [markdown]
# **What you see.** The 62 and 138 million are right. About nine in ten parameters are dense, and nearly all the work
# is convolution. VGG-16's convolutions have *four times* AlexNet's parameters and need more than ten times the work.
#
# **Why.** One 3×3 kernel is cheaper than one 11×11, so VGG saves *per receptive field* (lab 06); what it saved it
# spent on more layers and filters. "Born to reduce parameters" is true of a layer, not of the network. The first
# dense layer alone, 7 · 7 · 512 inputs and 4096 units, has 103 million: GoogLeNet drops it.
#
# > **Margin note.** The original AlexNet split some layers over two GPUs, which halves their kernels: 61 million.
# > 62 million counts it as one network.
#
# What does a depthwise convolution save that is followed by a 1×1 convolution (MobileNet, lab 08)? And VGG's answer
# to a large kernel, or Inception V2's and V3's: n×n as 1×n and then n×1?

# %%
rows = []
for filters in (32, 128, 512):
    full = count_network([("conv", filters, 3, 1, 1)], 14, filters)
    two = count_network(
        [("depthwise", 1, 3, 1, 1), ("conv", filters, 1, 1, 0)], 14, filters
    )
    ratio = np.sum(full, axis=0) / np.sum(two, axis=0)
    pair = (9 * filters**2) / (2 * 3 * filters**2)
    rows.append(
        [f"3×3, {filters} → {filters}", "depthwise separable", f"{ratio[1]:.1f}"]
    )
rows.append(["3×3", "1×3 and 3×1", f"{pair:.1f}"])
for n in (5, 7, 11):
    stacked = (n - 1) // 2 * 9
    rows.append([f"{n}×{n}", f"{(n - 1) // 2} times 3×3", f"{n * n / stacked:.1f}"])
    rows.append([f"{n}×{n}", f"1×{n} and {n}×1", f"{n * n / (2 * n):.1f}"])
plots.table(
    ["instead of", "take", "times fewer multiplications"],
    rows,
    "Equal numbers of channels in and out",
)

# %% [markdown]
# A separable 3×3 saves nearly a factor of $k^2 = 9$, but for few channels less: $1/(1/F + 1/k^2)$ for $F$ filters.
#
# ## 3 · Inception: pick them all
#
# Which kernel size is right? Lecture C: "Pick them all". The naive module runs 1×1, 3×3, 5×5 and pooling side by side
# and concatenates the maps. A 1×1 convolution mixes channels at each place and changes nothing else: put *before* the
# large kernels, it decides how many channels they see.
#
# ### Exercise · `inception`
#
# <details><summary>Hint 1 · the plan</summary>
#
# Four branches from the same input: 1×1; 1×1 then 3×3; 1×1 then 5×5; 3×3 max-pooling with stride 1, then 1×1. Same
# padding everywhere, ReLU after every convolution. Then `layers.Concatenate()`.
#
# </details>
# <details><summary>"The maps are stacked along the wrong axis"</summary>
#
# Keras keeps channels last: (picture, row, column, channel). `Concatenate()` takes the last axis by itself.
#
# </details>


# %% minutes=14 difficulty=2 kind="core"
@lab.exercise(points=3)
def inception(size, channels, ones, reduce3, threes, reduce5, fives, pooled):
    """An Inception module with dimensionality reduction, as a Keras model.

    Input (size, size, channels). Output: `ones` maps of a 1×1, `threes` of a 3×3 after
    `reduce3` of a 1×1, `fives` of a 5×5 after `reduce5` of a 1×1, and `pooled` of a
    1×1 after max-pooling, in this order. ReLU after every convolution.
    """

    # BEGIN SOLUTION
    def conv(x, filters, kernel):
        return layers.Conv2D(filters, kernel, padding="same", activation="relu")(x)

    inputs = keras.Input((size, size, channels))
    pool = layers.MaxPooling2D(3, strides=1, padding="same")(inputs)
    branches = [
        conv(inputs, ones, 1),
        conv(conv(inputs, reduce3, 1), threes, 3),
        conv(conv(inputs, reduce5, 1), fives, 5),
        conv(pool, pooled, 1),
    ]
    return keras.Model(inputs, layers.Concatenate()(branches))
    # END SOLUTION


# %% [markdown]
# Count the nine modules of GoogLeNet with and without reduction. In the naive module the pooled maps pass as they
# are, so every module hands on more maps than it gets: here each module gets the same input in both versions, which
# flatters the naive one. **Predict.** How many times fewer multiplications?

# %%
prediction = None  # multiplications, naive / reduced, over all nine modules
totals, parts = np.zeros((2, 2)), 0
for size, channels, *module in architectures.GOOGLENET:
    ones, reduce3, threes, reduce5, fives, pooled = module
    reduced = [(1, channels, ones), (1, channels, reduce3), (3, reduce3, threes)]
    reduced += [(1, channels, reduce5), (5, reduce5, fives), (1, channels, pooled)]
    naive = [(1, channels, ones), (3, channels, threes), (5, channels, fives)]
    for row, convolutions in enumerate((naive, reduced)):
        for kernel, before, after in convolutions:
            network = [("conv", after, kernel, 1, kernel // 2)]
            totals[row] += count_network(network, size, before)[0]
    parts += len(reduced) + 2  # and its pooling and its concatenation
by_keras = inception(size, channels, *module).count_params()
assert by_keras == sum(k**2 * a * b + b for k, a, b in reduced)
stem = [("conv", 64, 7, 2, 3), ("pool", 2, 2), ("conv", 64, 1, 1, 0)]
stem += [("conv", 192, 3, 1, 1)]
first, last = count_network(stem, 224, 3), count_network([("dense", 1000)], 1, 1024)
whole = (totals[1, 0] + sum(p for p, _ in first + last)) / 1e6
rows = [
    [name, f"{p / 1e6:.1f} M", f"{w / 1e9:.2f} G"]
    for name, (p, w) in zip(("naive", "with 1×1 first"), totals, strict=True)
]
plots.table(["nine modules", "parameters", "multiplications"], rows, "GoogLeNet")
print(f"whole network {whole:.2f} M: {62.38 / whole:.1f} times fewer than AlexNet")
print(f"layers with weights in a row: 3 + 2 · 9 + 1 = {3 + 18 + 1}")
print(f"building blocks: {parts} in the modules alone, activations not counted")
saved = float(totals[0, 1] / totals[1, 1])
lab.compare("times fewer", prediction, saved)

# %% [markdown]
# **What you see.** The 1×1 convolutions cost weights of their own and still save most of the work. The network has 7
# million parameters, 9 times fewer than AlexNet: the paper's and lecture E's "12×" compares with 5 million. Neither
# 22 layers nor "more than 100" is wrong.
#
# **Why.** A 5×5 kernel costs 25 · channels per filter and place. 16 to 48 channels instead of 192 to 832 make the
# difference, and neighbouring maps are similar enough that a mixture of them loses little.
#
# ### Exercise · `total_loss`
#
# A second remedy in GoogLeNet: two small classifiers (average pooling, then dense layers) sit half way up, and their
# losses are added with the weight 0.3. They bring gradients to the lower layers and are thrown away after training.
# A head must answer once per *picture*: without pooling or flattening before its dense layer it answers once per
# place, (n, 14, 14, classes), and `p[rows, labels]` takes places for classes without a word. Refuse such an output.
#
# <details><summary>Hint · a nudge</summary>
#
# The cross-entropy of one output is the mean of `-np.log(p)` at the true classes. The real loss has weight 1.
#
# </details>


# %% minutes=8 difficulty=1 kind="core"
@lab.exercise(points=1)
def total_loss(labels, outputs, weight):
    """Cross-entropy of the real output plus `weight` times that of each auxiliary one.

    labels: (n,) whole numbers; outputs: list of (n, classes) probabilities, the real
    output first, then the auxiliary ones. Returns a number. Raises ValueError if an
    output does not answer once per picture.
    """
    # BEGIN SOLUTION
    rows = np.arange(len(labels))
    for p in outputs:
        if np.ndim(p) != 2:
            raise ValueError(f"not one answer per picture: {np.shape(p)}")
    losses = [-np.mean(np.log(p[rows, labels])) for p in outputs]
    return losses[0] + weight * sum(losses[1:])
    # END SOLUTION


# %% [markdown]
# Keras does the same with `compile(loss=[…], loss_weights=[1, 0.3, 0.3])`. Section 4 shows what an auxiliary loss
# changes.
#
# ## 4 · Depth and the gradient
#
# "Very deep neural networks suffer from vanishing gradients" (lecture A). Look at the gradient, layer by layer.
#
# ### Exercise · `gradient_norms`
#
# <details><summary>Hint · the line of attack</summary>
#
# `with tf.GradientTape() as tape:` compute `model(x, training=True)` and the mean of
# `keras.losses.sparse_categorical_crossentropy`. Kernels are those of `model.trainable_variables` that have more than
# one axis.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=2)
def gradient_norms(model, x, y):
    """Norm of the loss's gradient for each kernel, from the input upwards.

    model: a Keras model that ends in a softmax, used as in training; x: a batch;
    y: (n,) labels. The loss is the mean cross-entropy of the batch. Biases and other
    vectors are left out. Returns a list of numbers.
    """
    # BEGIN SOLUTION
    kernels = [v for v in model.trainable_variables if len(v.shape) > 1]
    with tf.GradientTape() as tape:
        p = model(x, training=True)
        loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, p))
    gradients = tape.gradient(loss, kernels)
    return [float(tf.norm(g)) for g in gradients]
    # END SOLUTION


# %% [markdown]
# The scenes show one of five shapes (lab 10). **Predict.** 24 convolutions behind the first one, untrained, with the
# remedies of lecture C one after the other. How small is the gradient of the first kernel? The dashed line is the
# share of an auxiliary classifier behind the twelfth, with its weight 0.3.


# %%
prediction = None  # ReLU, small start: power of ten of the first norm, such as -3
x_train, y_train = architectures.scenes(2400, seed=1)
x_val, y_val = architectures.scenes(600, seed=2)
x_test, y_test = architectures.scenes(2000, seed=3)
x, y = x_train[:64, 4:20, 4:20], y_train[:64]
fig, ax = plt.subplots(figsize=(7, 3.4))
norms = {}
for remedy in architectures.REMEDIES:
    keras.utils.set_random_seed(0)
    norms[remedy] = gradient_norms(architectures.plain(remedy, 24), x, y)[:-1]
auxiliary = 0.3 * np.array(
    gradient_norms(architectures.plain("sigmoid", 12), x, y)[:-1]
)
norms["sigmoid, auxiliary loss"] = auxiliary
for (name, values), colour in zip(norms.items(), plots.CYCLE, strict=False):
    style = "--" if "auxiliary" in name else "-"
    ax.semilogy(values, style, color=colour, label=name)
ax.set(
    xlabel="convolution, from the input upwards",
    ylabel="norm of the gradient",
    ylim=(1e-20, 1e2),
)
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plots.show(
    fig,
    "Norm of the gradient by layer for five networks of 24 convolutions, on a"
    " logarithmic axis.",
)
power = float(np.log10(norms["ReLU"][0]))
lab.compare("power of ten, ReLU with a small start", prediction, power)

# %% [markdown]
# **What you see.** With sigmoids the gradient loses about one power of ten per layer. With ReLU and small starting
# weights it is the same for all kernels, and next to nothing. He's starting values keep it; normalisation lets it
# grow towards the input; with shortcuts it changes least over the network. The auxiliary loss brings the lower
# sigmoid layers many powers of ten.
#
# **Why.** Going down, the gradient is multiplied once per layer: by at most 1/4 for a sigmoid, by the size of the
# kernels for ReLU. The gradient of a *kernel* is that signal times its input, which small kernels shrink on the way
# up: together the same product everywhere. A shortcut adds 1 to each factor:
# $\partial H / \partial x = 1 + \partial F / \partial x$. An auxiliary classifier shortens the way down,
# but only half of it.
#
# Now the same networks *trained*. B: before 2006 deep networks did worse than shallow ones, in training and in test.
# The stored run trains each remedy at four depths, twice, on 4096 pictures of CIFAR-10.

# %%
prediction = None  # training accuracy, 32 layers, normalised, no shortcuts
depth_run = experiments.stored("architectures_depth")
fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
reached, depths = {}, architectures.DEPTHS
for remedy, marker in zip(architectures.REMEDIES, plots.MARKERS, strict=False):
    runs = [depth_run["runs"][f"{remedy} · {depth}"] for depth in depths]
    for ax, which in zip(axes, ("train_accuracy", "test_accuracy"), strict=True):
        each = np.array([[run[which] for run in pair] for pair in runs])
        mean = each.mean(axis=1)
        ends = np.abs([each.min(axis=1) - mean, each.max(axis=1) - mean])
        ax.errorbar(depths, mean, ends, marker=marker, label=remedy)
        reached[remedy, which] = mean
for ax, name in zip(axes, ("training", "test"), strict=True):
    ax.set(xscale="log", xlabel="convolutions", title=name)
    ax.set_xticks(depths, depths)
    ax.minorticks_off()
axes[0].set_ylabel("accuracy")
axes[1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
plots.show(
    fig,
    "Training and test accuracy over depth for five remedies, means and ranges of two"
    " networks each.",
)
plain_32 = float(reached["ReLU, He, normalised", "train_accuracy"][-1])
residual_32 = float(reached["residual", "train_accuracy"][-1])
lab.compare("training accuracy, 32 layers, normalised", prediction, plain_32)

# %% [markdown]
# **What you see.** With this recipe (momentum, one rate for all, six epochs) sigmoids never leave guessing, 0.10, and
# ReLU with small starting weights hardly ever. He's starting values train up to 8 layers, and beyond only now and
# then. Normalised, every depth trains, but each doubling makes it worse: 0.36, 0.34, 0.29, 0.21. With shortcuts the
# deepest one reaches 0.38, and 4 layers 0.37. On test pictures depth gains nothing here: with shortcuts 0.36 falls to
# 0.32.
#
# **Why.** What plain networks lose is not overfitting, for they lose it in *training*. A deeper network could copy
# the shallower one and let the rest do nothing, so the better solution exists; descent does not find it. Lecture C's
# ladder, escape from few layers, from 10, from 100, is here in small: each remedy moves the depth at which training
# stops. Lecture A names better starting values and activation functions among its reasons why deep networks work
# today and did not before: these are the first two steps.
#
# > **Margin note.** Lecture E puts the degradation "from 20 to > 50 layers" on ImageNet. In He et al. (2016) 20 against 56
# > layers is CIFAR-10; on ImageNet it is 18 against 34. Their network of 1202 layers trained well and tested worse:
# > there it was overfitting.
#
# ## 5 · The shortcut
#
# Let the layers learn a *change*: $H(x) = F(x) + x$. If nothing should change, $F = 0$ is easy to learn.
#
# ### Exercise · `Residual`
#
# Lecture C gives the block as `class Residual(tf.Module)`. Write it as a Keras layer: two 3×3 convolutions, a ReLU
# between them, the shortcut added, a ReLU at the end. `stride` belongs to the first convolution. Where stride or
# channels change, the shortcut is a 1×1 convolution without bias, with the same stride; everywhere else it is $x$.
#
# > **Margin note.** The lecture's class never calls `super().__init__()`, strides in *both* convolutions of one path and
# > once in the other, so that for stride 2 the shapes differ, and has the 1×1 shortcut in every block: the variant that
# > scores 12.2 % on its own slide.
#
# <details><summary>Hint 1 · where the layers are made</summary>
#
# In `build`, because only there you know `input_shape[-1]`. `call` only uses them. With weights made in `call`, every
# call would make new ones.
#
# </details>
# <details><summary>"The two paths have different shapes"</summary>
#
# The stride is on one path only, or twice on one of them.
#
# </details>
# <details><summary>Hint 2 · `get_config`</summary>
#
# A saved network is rebuilt by `Residual(**config)`: the dictionary of `super().get_config()` and your own arguments.
#
# </details>


# %% minutes=18 difficulty=3 kind="core"
@lab.exercise(points=3)
class Residual(layers.Layer):
    """Maps (n, side, side, channels) to relu(F(x) + shortcut(x)), `filters` maps."""

    def __init__(self, filters, stride=1, **kwargs):
        super().__init__(**kwargs)
        self.filters, self.stride = filters, stride

    def build(self, input_shape):
        # BEGIN SOLUTION
        f, s = self.filters, self.stride
        self.first = layers.Conv2D(f, 3, s, padding="same", activation="relu")
        self.second = layers.Conv2D(f, 3, padding="same")
        self.shortcut = None
        if s != 1 or input_shape[-1] != f:
            self.shortcut = layers.Conv2D(f, 1, s, use_bias=False)
        # END SOLUTION

    def call(self, x):
        # BEGIN SOLUTION
        shortcut = x if self.shortcut is None else self.shortcut(x)
        return keras.ops.relu(self.second(self.first(x)) + shortcut)
        # END SOLUTION

    def get_config(self):
        # BEGIN SOLUTION
        own = {"filters": self.filters, "stride": self.stride}
        return super().get_config() | own
        # END SOLUTION


# %%
block = Residual(8)
same = block(x[:2, :, :, [0, 1, 2, 0, 1, 2, 0, 1]])
block.set_weights([0 * w for w in block.get_weights()])  # F = 0
inputs = x[:2, :, :, [0, 1, 2, 0, 1, 2, 0, 1]]
assert np.allclose(block(inputs), np.maximum(inputs, 0))
assert Residual(16, 2)(inputs).shape == (2, 8, 8, 16)
copy = Residual.from_config(Residual(16, 2).get_config())
assert (copy.filters, copy.stride) == (16, 2)
print("F = 0 passes its input on; stride and channels may change; it can be saved")

# %% [markdown]
# ### Exercise · `highway`
#
# Highway networks (lecture C) came half a year before ResNet: $y = H(x) \cdot T(x) + x \cdot (1 - T(x))$, with a
# *transform gate* $T$ that learns per unit how much of the input is carried on.
#
# <details><summary>Hint · a check of your own</summary>
#
# With $b_T = -100$ the gate is shut and the output is $x$, whatever the other weights are.
#
# </details>


# %% minutes=5 difficulty=1 kind="extra"
@lab.exercise(points=1)
def highway(x, w_h, b_h, w_t, b_t):
    """A highway layer: H has a ReLU, T a sigmoid, the carry gate is 1 - T.

    x: (n, d); w_h, w_t: (d, d); b_h, b_t: (d,). Returns (n, d).
    """
    # BEGIN SOLUTION
    h = np.maximum(x @ w_h + b_h, 0)
    t = 1 / (1 + np.exp(-(x @ w_t + b_t)))
    return h * t + x * (1 - t)
    # END SOLUTION


# %% [markdown]
# ### Question · `clean_path`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def clean_path():
    """Every shortcut of a stack of 54 blocks multiplies its input by 0.5. What reaches
    the first block through the shortcuts alone?

    a) Half of the gradient, as the loss is shared between two paths.
    b) The whole gradient, as the blocks learn weights twice as large.
    c) Less than 1e-15 of the gradient, as the factors multiply.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown]
# Seven shortcuts, on lecture C's slide measured with ResNet-110 on CIFAR-10, and in our stored run with 19 thin
# layers and few steps. **Predict.** Which order do you expect, and where will 19 layers disagree with 110?

# %%
prediction = None  # our test error with dropout on the shortcut, in %
cut = experiments.stored("architectures_shortcuts")
rows = []
for kind in architectures.SHORTCUTS:
    runs = cut["runs"][kind]
    errors = np.array([100 * (1 - run["test_accuracy"]) for run in runs])
    training = np.mean([run["train_loss"] for run in runs])
    spread = f"{errors.mean():.1f} ({errors.min():.1f} to {errors.max():.1f})"
    rows.append([kind, architectures.LECTURE_ERRORS[kind], f"{training:.2f}", spread])
    if kind == "dropout":
        dropped = float(errors.mean())
header = [
    "shortcut",
    "lecture, error in %",
    "ours: training loss",
    "ours: test error in %",
]
plots.table(header, rows, "ResNet-110 (lecture C) and our 19 layers of 8 maps")
lab.compare("test error with dropout, %", prediction, dropped)

# %% [markdown]
# **What you see.** Identity is best and dropout hopeless in both columns; everything that changes the signal on the
# shortcut costs. In between our order differs: with us the exclusive gate is among the worst, on the slide it comes
# second. Pre-activation trains nearly as well as identity.
#
# **Why.** A factor on the path is applied once per block: see the question above. Dropout puts half of a clean signal
# to zero, nine times over. Our gates start half open, $T = 0.5$, and so begin like the row *half*; He et al. tried
# several starts for the gate's bias and report the best. Pre-activation moves the last ReLU off the path, which pays
# where there are 100 layers; ours has 19, six epochs and errors ten times the lecture's: it shows which shortcuts
# *train*, not which network wins.
#
# ## 6 · DenseNet: keep everything
#
# A dense block never adds: each layer gets the maps of *all* layers before it, concatenated, and contributes only
# `growth` new ones.
#
# ### Exercise · `DenseBlock`
#
# <details><summary>Hint 1 · a nudge</summary>
#
# One convolution a layer in `build`, in a list. In `call` keep one tensor that grows by concatenation.
#
# </details>
# <details><summary>"The growth rate is taken as the total"</summary>
#
# *Each* layer adds `growth` maps: from c channels to c + depth · growth.
#
# </details>


# %% minutes=14 difficulty=3 kind="core"
@lab.exercise(points=3)
class DenseBlock(layers.Layer):
    """`depth` 3×3 convolutions with ReLU, each on all maps so far, `growth` maps each.

    Maps (n, side, side, c) to (n, side, side, c + depth * growth): the input's maps
    first, then the new ones in the order they are made.
    """

    def __init__(self, depth, growth, **kwargs):
        super().__init__(**kwargs)
        self.depth, self.growth = depth, growth

    def build(self, input_shape):
        # BEGIN SOLUTION
        self.convolutions = [
            layers.Conv2D(self.growth, 3, padding="same", activation="relu")
            for _ in range(self.depth)
        ]
        # END SOLUTION

    def call(self, x):
        # BEGIN SOLUTION
        for convolution in self.convolutions:
            x = keras.ops.concatenate([x, convolution(x)], axis=-1)
        return x
        # END SOLUTION

    def get_config(self):
        # BEGIN SOLUTION
        return super().get_config() | {"depth": self.depth, "growth": self.growth}
        # END SOLUTION


# %% [markdown]
# Lecture E names four advantages: gradients, propagation and reuse of features, fewer parameters. Measure three.
# Three networks with the same first layer and twelve convolutions behind it, on maps of 6 × 6.


# %%
def start(filters=12):
    first = layers.Conv2D(filters, 3, 2, padding="same", use_bias=False)
    normalise = layers.BatchNormalization(momentum=0.9)
    return [keras.Input((24, 24, 3)), first, normalise, layers.ReLU()]


def end():
    return [layers.GlobalAveragePooling2D(), layers.Dense(5, activation="softmax")]


def is_right(network, x, y):
    return network(x, training=False).numpy().argmax(axis=1) == y


def fitted(network, epochs=5, rate=0.005, batch=64, n=2400):
    """Trains with Adam; returns which answers to validation scenes are right."""
    adam, loss = keras.optimizers.Adam(rate), "sparse_categorical_crossentropy"
    network.compile(adam, loss, steps_per_execution=8)
    adam.build(network.trainable_variables)  # or the first step is traced twice
    network.fit(x_train[:n], y_train[:n], batch, epochs, verbose=0)
    return is_right(network, x_val, y_val)


bodies = {
    "plain": lambda: [
        layers.Conv2D(12, 3, padding="same", activation="relu") for _ in range(12)
    ],
    "residual": lambda: [Residual(12) for _ in range(6)],
    "dense": lambda: [DenseBlock(12, 3)],
}

# %%
prediction = None  # parameters of the dense network / of the residual one
rows, trained = [], {}
for name, body in bodies.items():
    keras.utils.set_random_seed(0)
    network = keras.Sequential([*start(), layers.MaxPooling2D(), *body(), *end()])
    first = gradient_norms(network, x_train[:64], y_train[:64])[0]
    accuracy = fitted(network).mean()
    trained[name] = network
    rows.append([name, network.count_params(), f"{first:.2g}", f"{accuracy:.2f}"])
header = ["body", "parameters", "gradient of the first kernel", "validation accuracy"]
plots.table(
    header, rows, "Twelve convolutions: gradient untrained, accuracy after training"
)
ratio = trained["dense"].count_params() / trained["residual"].count_params()
lab.compare("parameters, dense / residual", prediction, ratio)

# %%
weights = trained["dense"].layers[-1].get_weights()[0]  # (12 + 12 · 3, 5)
probe = keras.Model(trained["dense"].inputs, trained["dense"].layers[-3].output)
sizes = probe.predict(x_val, verbose=0).mean(axis=(1, 2)).std(axis=0)
taken = np.linalg.norm(weights * sizes[:, None], axis=1)
sources = [taken[:12]] + [taken[12 + 3 * k : 15 + 3 * k] for k in range(12)]
used = [np.linalg.norm(source) for source in sources]
fig, ax = plt.subplots(figsize=(7, 2.8))
ax.bar(range(13), used, color=plots.BLUE)
ax.set_xticks(range(13), ["input", *range(1, 13)])
ax.set(xlabel="layer that made the maps", ylabel="weight × spread")
plots.show(
    fig,
    "How much the classifier takes from the block's input and from each of its twelve"
    " layers.",
)

# %% [markdown]
# **What you see.** The plain network, without normalisation, stays at guessing, 0.2; its first gradient is some
# hundred times smaller. The dense body learns about as well as the residual one with 0.6 of its parameters (one seed
# each: a few hundredths mean nothing). The classifier takes by far the most from the last layers, and a little from
# the block's input.
#
# **Why.** Concatenation leaves each map its own short way to the classifier, and the gradient its way back; a layer
# has to make only what is missing. Three of the advantages are here. The fourth, features of *all* levels of
# complexity in the classifier (lecture C), is possible in a dense network, not guaranteed: for five simple shapes the
# last maps seem to be enough.
#
# > **Margin note.** Lecture C cites He et al. below DenseNet's figure; it is Huang et al. (2017).
#
# ## 7 · Off the shelf: 33 networks and their price
#
# Lecture E lists 33 pretrained networks of Keras with size, accuracy and, for all but 7, time.
#
# ### Exercise · `pareto`
#
# A network is *dominated* if another one is no larger and no less accurate, and better in at least one of the two.
# Who is not dominated lies on the Pareto front: only these are worth a choice.
#
# <details><summary>Hint · the line of attack</summary>
#
# For each i ask all j at once: `(costs <= costs[i]) & (gains >= gains[i])`, and whether one of the two is strict.
#
# </details>


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def pareto(costs, gains):
    """The candidates that nobody dominates, by index, cheapest first.

    costs: (n,), lower is better; gains: (n,), higher is better. Two that are equal in
    both do not dominate each other; then the lower index comes first. Returns a list.
    """
    # BEGIN SOLUTION
    front = []
    for i in range(len(costs)):
        as_good = (costs <= costs[i]) & (gains >= gains[i])
        better = (costs < costs[i]) | (gains > gains[i])
        if not np.any(as_good & better):
            front.append(i)
    return sorted(front, key=lambda i: costs[i])
    # END SOLUTION


# %%
prediction = None  # how many of 33 are on the front of size and accuracy
names, top1, top5, parameters, cpu = zip(*architectures.PRETRAINED, strict=True)
short = [name.replace("EfficientNet", "EffNet ") for name in names]
top1, top5, parameters = np.array(top1), np.array(top5), np.array(parameters)
timed = np.array([k for k, time_ms in enumerate(cpu) if time_ms])
milliseconds = np.array([cpu[k] for k in timed])
fronts = pareto(parameters, top1), timed[pareto(milliseconds, top1[timed])]
fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True)
axes[0].plot(parameters, top1, "o", color=plots.GREY)
axes[1].plot(milliseconds, top1[timed], "o", color=plots.GREY)
for ax, front, cost in zip(axes, fronts, (parameters, np.array(cpu)), strict=True):
    front = list(front)
    ax.plot(cost[front].astype(float), top1[front], "s-", color=plots.ORANGE)
    for k in front[:: max(1, len(front) // 6)]:
        spot = (float(cost[k]), top1[k])
        ax.annotate(short[k], spot, (5, -9), textcoords="offset points", fontsize=8)
    ax.set(xscale="log")
axes[0].set(xlabel="parameters (millions)", ylabel="top-1 accuracy (%)")
axes[1].set(xlabel="milliseconds per picture, processor (26 networks)")
plots.show(
    fig,
    "Top-1 accuracy of the pretrained networks over parameters and over time, with the"
    " Pareto front of each.",
)
lab.compare("on the front of size and accuracy", prediction, len(fronts[0]))

# %%
of = {name: k for k, name in enumerate(names)}
rows = []
for new, old, claim in (
    ("EfficientNetB0", "ResNet50", "~5"),
    ("EfficientNetB1", "ResNet152", "~7.5"),
):
    a, b = of[new], of[old]
    fewer, faster = parameters[b] / parameters[a], cpu[b] / cpu[a]
    better = f"{top1[b]} → {top1[a]}"
    rows.append([f"{new}, {old}", claim, f"{fewer:.1f}", better, f"{faster:.1f}"])
header = ["pair", "claim", "times fewer parameters", "top-1 in %", "times faster"]
plots.table(header, rows, "Lecture E's claims, computed from its own table")
print(f"top-5 error is {np.mean((100 - top5) / (100 - top1)):.2f} of top-1 error")
left_out = set(fronts[0]) & set(timed.tolist()) - set(fronts[1].tolist())
print("on the front of size, not on that of time:", [names[k] for k in left_out])

# %% [markdown]
# **What you see.** By size, one MobileNet and thirteen EfficientNets are left; by time also older ones. Both claims
# hold in parameters, 4.8 and 7.6 times fewer with a better accuracy, but in time the factors are 1.3 and 2.1. VGG16,
# 138 million parameters, is as good as MobileNetV2 with 3.5.
#
# **Why.** A depthwise convolution has few parameters and few multiplications, yet it moves as many numbers through
# memory as an ordinary one. Parameters, multiplications and time are three costs: choose the axis that you pay for.
# Beyond 20 million parameters, five times the size buys less than two percentage points.
#
# > **Margin note.** "Depth" in that table counts blocks of every kind (ResNet50: 107), in lecture C layers with weights
# > (50). A race to the largest network (lecture A) is visible, and so is the opposite one.
#
# ### Scaling: deeper, wider, larger pictures
#
# EfficientNet (ICML 2019; the lecture says 2020) grows depth, width and resolution *together*. The stored run spends
# four to five times the multiplications of a small network in four ways, on 2400 scenes.

# %%
prediction = None  # accuracy of the best way to grow
scaling = experiments.stored("architectures_scaling")["runs"]
rows = []
for name, run in scaling.items():
    scores = np.array(run["accuracy"])
    work = f"{run['multiplications'] / 1e6:.2f} M"
    accuracy = f"{scores.mean():.3f} ({scores.min():.3f} to {scores.max():.3f})"
    rows.append([name, *run["plan"], run["parameters"], work, accuracy])
header = ["", "depth", "width", "side", "parameters", "multiplications", "accuracy"]
plots.table(header, rows, "Stored run: validation accuracy, four seeds each")
grown = max(np.mean(run["accuracy"]) for run in scaling.values())
lab.compare("accuracy of the best way to grow", prediction, float(grown))

# %% [markdown]
# **What you see.** Depth alone gains almost nothing here; width, resolution and all three together gain much. Between
# these three the seeds decide: their ranges overlap, so this run does not confirm that all three together is best.
#
# **Why.** More layers without shortcuts are harder to train (section 4). The compound rule is about networks that are
# already good and budgets up to hundreds of times larger; a rule found there need not hold for 8000 parameters. What
# holds is the method: equal cost, several seeds, and the spread beside the mean.
#
# ## 8 · Choosing an architecture
#
# Layers, filters, kernel, pooling, rate, batch: nobody can derive them. One can *search*: on a grid or at random,
# scored on a validation set, within a budget; the test set is used once, for the winner.
#
# ### Exercise · `winners_curse`
#
# The best of many scores is good *and lucky*; on other pictures the luck is gone. How much of a winner's score is
# that? Take the answers of all networks to many pictures, choose a winner on a few of them, look at the others, and
# repeat.
#
# <details><summary>Hint 1 · the line of attack</summary>
#
# For each row of `picks`: the mean of `correct[:, row]` over pictures gives one score per network, `np.argmax` the
# winner. `np.delete(correct[winner], row)` are its answers to all other pictures.
#
# </details>
# <details><summary>"The winner was chosen on the other pictures"</summary>
#
# What is used to choose can no longer test. That holds for a validation set used twice as for a test set.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=3)
def winners_curse(correct, picks):
    """Mean score of winners on the pictures that chose them, and on all others.

    correct: (networks, pictures), 1 where the answer is right; picks: (draws, m), in
    each row the numbers of the m pictures of one validation set. The winner of a draw
    is the network with the best score there, of equal ones the first. Returns two
    numbers, means over the draws.
    """
    # BEGIN SOLUTION
    there, elsewhere = [], []
    for pick in picks:
        scores = correct[:, pick].mean(axis=1)
        winner = np.argmax(scores)
        there.append(scores[winner])
        elsewhere.append(np.delete(correct[winner], pick).mean())
    return np.mean(there), np.mean(elsewhere)
    # END SOLUTION


# %%
def search(plans, seconds):
    """Trains plan after plan while the budget lasts: networks, what is right (0, 1)."""
    networks, correct, clock = [], [], time.process_time()
    for *shape, rate, batch in plans:
        if time.process_time() - clock > seconds:
            break
        keras.utils.set_random_seed(0)
        networks.append(architectures.candidate(*shape))
        correct.append(fitted(networks[-1], epochs=4, rate=rate, batch=batch, n=1200))
    return networks, np.array(correct)


plans = architectures.random_plans(20, seed=1)
networks, correct = search(plans, 9)  # seconds of processor time
scores = correct.mean(axis=1)
top = int(np.argmax(scores))
tested = is_right(networks[top], x_test, y_test).mean()  # once
rows = [
    [*plan[:3], "yes" if plan[3] else "no", f"{plan[4]:.4f}", plan[5], f"{score:.3f}"]
    for plan, score in zip(plans, scores, strict=False)
]
header = ["blocks", "filters", "kernel", "pooling", "rate", "batch", "validation"]
plots.table(header, rows, "Random search, nine seconds of processor time")
print(f"the winner: validation {scores[top]:.3f}, test, once, {tested:.3f}")

# %% [markdown]
# With a large rate even the order of additions matters: on the machine of the stored run the second network of the table
# got 0.60 right with one processor core and 0.70 with two, from the same seed. Differences like this are no merit.
#
# A stored run could afford more: twelve networks at random, twelve on a grid of two numbers of blocks, two kernels
# and three rates. **Predict.** Which finds the better network, and how much does the winner lose on other pictures
# when only 50 scenes chose it?

# %%
prediction = None  # random search, 50 scenes: score there minus elsewhere
fig, ax = plt.subplots(figsize=(6.5, 3))
rng, sizes, rows, curse = np.random.default_rng(0), (25, 50, 100, 200, 500), [], {}
for name, run in experiments.stored("architectures_search")["searches"].items():
    right = np.array([[int(c) for c in row["right"]] for row in run["trials"]])
    for m in sizes:
        picks = np.array([rng.permutation(1000)[:m] for _ in range(200)])
        curse[name, m] = winners_curse(right, picks)
    there, elsewhere = np.array([curse[name, m] for m in sizes]).T
    colour = plots.BLUE if name == "random" else plots.ORANGE
    ax.plot(sizes, there, "o--", color=colour, label=f"{name}, where it won")
    ax.plot(sizes, elsewhere, "s-", color=colour, label=f"{name}, elsewhere")
    best = int(right.mean(axis=1).argmax())
    plan = ", ".join(f"{value:.3g}" for value in run["trials"][best]["plan"])
    rates = len({row["plan"][4] for row in run["trials"]})
    rows.append([name, rates, plan, f"{right[best].mean():.3f}", f"{run['test']:.3f}"])
ax.set(xscale="log", xlabel="scenes that choose the winner", ylabel="accuracy")
ax.set_xticks(sizes, sizes)
ax.minorticks_off()
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
plots.show(
    fig,
    "Accuracy of the winners of a random search and of a grid over the number of scenes"
    " that chose them: where they won, and elsewhere.",
)
header = ["search", "rates", "winner: blocks, filters, kernel, pooling, rate, batch"]
header += ["validation, 1000 scenes", "test, once"]
plots.table(header, rows, "Stored run, twelve networks each")
cursed = float(np.subtract(*curse["random", 50]))
lab.compare("random search, 50 scenes: there minus elsewhere", prediction, cursed)

# %% [markdown]
# **What you see.** Both searches end near 0.94 on 1000 validation scenes, and on the test set the order is the other
# way round. Nearly everything is the learning rate: with 0.001 no network of the grid gets beyond 0.6. A winner
# chosen on 50 scenes loses about two percentage points elsewhere; chosen on 500, nothing that could be measured.
#
# **Why.** A grid of three rates tries three, however many networks it trains; at random twelve rates are tried with
# the same work, and what does not matter costs nothing (Bergstra and Bengio, 2012). On which side the best value
# lies, nobody knows beforehand: here the winner's rate lies above the grid's last one. The best score of a few
# pictures is partly luck, the *winner's curse*: the more candidates and the fewer pictures, the larger. Hence the
# test set, once, and not for choosing.
#
# ## 9 · What you have found

# %%
winner = f"validation {scores[top]:.3f}, test {tested:.3f}"
found = {
    "VGG-16: share of parameters that is dense": f"{share['VGG-16'][0]:.2f}",
    "VGG-16: share of multiplications that is dense": f"{share['VGG-16'][1]:.3f}",
    "Inception with 1×1 first: times fewer multiplications": f"{saved:.1f}",
    "Depth 32, normalised, training accuracy": f"{plain_32:.2f}",
    "Depth 32, residual, training accuracy": f"{residual_32:.2f}",
    "Dense block: parameters, of the residual body's": f"{ratio:.2f}",
    "Pretrained networks on the front of size": f"{len(fronts[0])} of {len(names)}",
    "Winner of the live search": winner,
}
plots.table(["question", "this run"], list(found.items()), "Your results")

# %% [markdown]
# 1. Parameters sit where many inputs meet many units, multiplications where a kernel meets many places. 2. The 1×1
#    decides how many channels the large kernel sees. 3. Signal and gradient are scaled once per layer; start values and
#    normalisation keep the scale, only the shortcut keeps a path on which nothing has to be learnt. 4. Identity wherever
#    possible, a 1×1 convolution with the same stride where it is not. 5. It keeps maps instead of adding them, and
#    gets by with few new ones per layer. 6. Those on the front, for the cost that *you* pay. 7. At random, on a
#    validation set, and the test set once.
#
# ## 10 · Challenge: 5000 parameters
#
# The best accuracy on the validation scenes with at most 5000 parameters, trained on `x_train` only. Everything of
# this lab is allowed. The number to beat is 0.94 with 4299 parameters, found by the stored random search: two
# convolutions with 17 filters, no pooling, rate 0.028, batches of 32, five epochs.


# %%
def challenger():
    """Your network: at most 5000 parameters."""
    body = [layers.SeparableConv2D(24, 3, padding="same", activation="relu")]
    return keras.Sequential([*start(16), *body, *end()])


keras.utils.set_random_seed(0)
mine = challenger()
accuracy = fitted(mine, epochs=3).mean()
print(f"{mine.count_params()} parameters, validation accuracy {accuracy:.3f}")

# %% [markdown]
# ## 11 · To discuss
#
# 1. Lecture E has a slide "The alchemy of machine learning". Which parts of this lab could you have predicted from a
#    theory, and which only by trying?
# 2. Lecture A speaks of "a race to the largest network". Is the front of section 7 an argument for it or against it?
# 3. You have searched over 200 networks and the winner beats your colleague's by one percentage point on the validation set.
#    What do you report?

# %% [markdown] tags=["solution"]
# **For instructors.** 1: counts, shapes and the product of factors along a path can be predicted; which shortcut
# wins, and how to divide a budget between depth, width and resolution, was tried (the compound factors of
# EfficientNet come from a grid search). 2: both: every step to the right on the logarithmic axis costs twice as much
# for one or two percentage points more, and small networks of later years beat large ones of earlier years. 3: the
# test score of the winner, once, with an interval; the number of networks searched; better, several seeds of both
# networks.

# %% [markdown]
# ## 12 · Further reading
#
# - A. Krizhevsky, I. Sutskever and G. E. Hinton, *ImageNet classification with deep convolutional neural networks*,
#   NIPS (2012).
# - K. Simonyan and A. Zisserman, *Very deep convolutional networks for large-scale image recognition*, ICLR (2015).
# - C. Szegedy et al., *Going deeper with convolutions*, CVPR (2015); *Rethinking the Inception architecture for computer
#   vision*, CVPR (2016).
# - R. K. Srivastava, K. Greff and J. Schmidhuber, *Training very deep networks*, NIPS (2015).
# - K. He, X. Zhang, S. Ren and J. Sun, *Deep residual learning for image recognition*, CVPR (2016); *Identity mappings in deep
#   residual networks*, ECCV (2016).
# - G. Huang, Z. Liu, L. van der Maaten and K. Q. Weinberger, *Densely connected convolutional networks*, CVPR (2017).
# - A. G. Howard et al., *MobileNets*, arXiv:1704.04861 (2017).
# - M. Tan and Q. V. Le, *EfficientNet: rethinking model scaling for convolutional neural networks*, ICML (2019).
# - J. Bergstra and Y. Bengio, *Random search for hyper-parameter optimization*, Journal of Machine Learning Research 13
#   (2012) 281–305.

# %%
lab.progress()
