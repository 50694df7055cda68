# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: Convolutional networks
#     lecture: B (convolutional neural networks), E (LeNet-5, the ideas behind VGG)
#     minutes: 2
#     data: [mnist, mobilenet]
# ---

# %% [markdown]
# # 06 · Convolutional networks
#
# One small window of weights slides over a picture. You write it, let it learn, and end with a network of 24 538
# parameters that reads handwriting better than a perceptron four times its size.
#
# **After this lab you can answer:**
#
# 1. What does a convolutional layer compute, and is it really a convolution?
# 2. How can nine numbers detect a line, and how does gradient descent find them?
# 3. What do padding, stride, channels and pooling do to the shape of the data?
# 4. How far can an object move or grow before a network fails, and what decides that?
# 5. What makes a small modern network better than LeNet-5 after two epochs?
# 6. How much of the picture does a neuron see, and what does it look for?
# 7. What is a TensorFlow graph, and what does it gain?
#
# | | |
# |:--|:--|
# | **Data** | a photograph, random lines; MNIST or, offline, a stand-in for it; MobileNet's first layer |
# | **Lecture** | B, *Deep Learning I* (CNNs, practical work 10); E, *Deep Learning II* (LeNet-5, VGG) |
# | **You need** | NumPy arrays with several axes; labs 01 and 04, or some practice with Keras |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference, so you can always
# read on. Where a cell begins with `prediction = None`, write your own there before you run it: it is printed
# beside the result. *Stored run* means real MNIST; with the stand-in accuracies are a little lower.
#
# In a class of three hours, leave out what is *extra*.

# %% tags=["imports"]
import math
import time
from collections import Counter

import keras
import numpy as np
import scipy
import skimage
import tensorflow as tf
from keras import layers

from labs_utils import Lab, datasets, plots
from labs_utils.experiments import cnn as experiments
from labs_utils.experiments import stored
from labs_utils.experiments.mnist_mlp import hog_features
from labs_utils.pretrained import load_mobilenet
from labs_utils.progress import loss_line

lab = Lab("06_cnn")
plots.use_style()
keras.utils.set_random_seed(6)

# %% [markdown]
# ## 1 · A window that slides
#
# A dense layer ties every neuron to every pixel. A convolutional layer ties each neuron to a small window and gives
# all windows the *same* weights, the *kernel* $K$, for one weighted sum at each place $(i, j)$ of the image $X$:
#
# $$Y_{ij} = \sum_{a=0}^{k_h - 1} \sum_{b=0}^{k_w - 1} K_{ab}\, X_{i+a,\; j+b}$$
#
# ### Exercise · `correlate`
#
# Compute this sum wherever the window fits entirely into the image (*valid* positions). The cell below tries it on
# the lecture's detectors, which have 1/3 on a line of three pixels and 0 elsewhere, and four pictures of the same size.
#
# **Predict.** What does the horizontal detector answer to a horizontal line through the middle, to a vertical one,
# and to the slide's last picture, with the rows 1 1 1, 0 0 0, 0 1 0?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# An image of 5 rows has 3 places for a window of 3 rows.
#
# </details>
# <details><summary>Hint 2 · with loops</summary>
#
# For every `i` and `j`: cut the window `image[i : i + kh, j : j + kw]`, multiply it by the kernel element by element
# and sum. Start from `np.zeros` of the right size.
#
# </details>
# <details><summary>Hint 3 · without loops over the image</summary>
#
# `np.lib.stride_tricks.sliding_window_view(image, kernel.shape)` has shape $(h', w', k_h, k_w)$: one window per place.
#
# </details>


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def correlate(image, kernel):
    """Slides the kernel, not flipped, over the image; valid positions only.

    image: (h, w); kernel: (kh, kw), not larger.
    Returns (h - kh + 1, w - kw + 1).
    """
    # BEGIN SOLUTION
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.einsum("ijab,ab->ij", windows, kernel)
    # END SOLUTION


# %% tags=["nbval-check-output"]
prediction = None  # of the horizontal detector, e.g. (0, 0, 0): see the text above
horizontal = np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]])
patterns = {
    "horizontal": horizontal,
    "vertical": horizontal.T,
    "diagonal": np.eye(3, dtype=int)[::-1],
}
detectors = {name: pattern / 3 for name, pattern in patterns.items()}
pictures = patterns | {"slide's last": np.array([[1, 1, 1], [0, 0, 0], [0, 1, 0]])}
print(f"{'picture':14}" + "".join(f"{name:>12}" for name in detectors))
for name, picture in pictures.items():
    answers = [correlate(picture, kernel)[0, 0] for kernel in detectors.values()]
    print(f"{name:14}" + "".join(f"{answer:12.2f}" for answer in answers))
asked = [pictures[name] for name in ("horizontal", "vertical", "slide's last")]
found = [float(correlate(picture, detectors["horizontal"])[0, 0]) for picture in asked]
lab.compare("horizontal, vertical, the slide's last", prediction, found)

image, kernel = np.random.default_rng(0).normal(size=(2, 6, 6))
kernel, ours = kernel[:3, :3], correlate(image, kernel[:3, :3])
keras_conv = keras.ops.conv(image[None, ..., None], kernel[..., None, None])
assert np.allclose(ours, np.asarray(keras_conv)[0, ..., 0], atol=1e-5)
assert np.allclose(ours, scipy.signal.correlate2d(image, kernel, mode="valid"))
turned = kernel[::-1, ::-1]
assert np.allclose(ours, scipy.signal.convolve2d(image, turned, mode="valid"))

# %% [markdown]
# **What you see.** Each detector answers 1 to its own line and ⅓ to the others, which it meets in one pixel. The
# horizontal one gives 0 to the slide's last picture: its middle row is empty.
#
# **Why.** The sum is a scalar product: among windows of equal strength it is largest where the window looks like the
# kernel.
#
# > **Margin note.** What the slides and every deep-learning library call *convolution* is in mathematics a
# > *correlation*. A convolution turns the kernel by 180° first:
# > $(K * X)_{ij} = \sum_{a,b} K_{ab}\, X_{i-a,\,j-b}$. SciPy has both.
#
# ### Question · `flipped_kernel`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def flipped_kernel():
    """Suppose Keras turned every kernel by 180 degrees, as a true convolution
    does. What would change for a network?

    a) It could no longer tell a picture from its mirror image.
    b) Training would find the same kernels, turned by 180 degrees.
    c) Its accuracy would fall, as the sum over the window has other terms.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown]
# ## 2 · Kernels on a photograph
#
# **Predict.** Of the kernels below, the entries of the first three sum to 1, those of the last three to 0. What does
# each group make of an evenly grey sky?

# %%
prediction = None  # an even grey of 0.6 after blurring, after Sobel's kernel
kernels = {
    "blur": np.full((5, 5), 1 / 25),
    "sharpen": np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "emboss": np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]]),
    "Laplacian": np.array([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "Sobel, along x": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]),
    "Sobel, along y": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]]),
}
camera = skimage.data.camera() / 255
# 256 × 256, from 0 (black) to 1 (white)
photograph = camera.reshape(256, 2, 256, 2).mean(axis=(1, 3))
filtered = {name: correlate(photograph, kernel) for name, kernel in kernels.items()}
gradient = np.hypot(filtered["Sobel, along x"], filtered["Sobel, along y"])
panels = {"photograph": photograph} | filtered | {"Sobel, magnitude": gradient}
ranges = [(0, 1)] * 4 + [(-0.5, 0.5)] + [(-2, 2)] * 2 + [(0, 2)]

fig = plots.convolution.filtered(panels, ranges)
plots.show(fig, "A photographer with a camera, and seven filtered versions.")
grey = np.full((5, 5), 0.6)
even = [correlate(grey, kernels[k]).mean() for k in ("blur", "Sobel, along x")]
lab.compare("an even grey of 0.6: blurred, by Sobel's kernel", prediction, even)

# %% [markdown]
# **What you see.** Blur, sharpen and emboss leave the sky as bright as it was. The Laplacian and both Sobel kernels
# turn it to mid-grey, which stands for 0 here, and keep only edges: *along x* the upright ones, *along y* those that
# lie flat.
#
# **Why.** Where every pixel has the same value $v$, the answer is $v$ times the sum of the kernel: $v$ or 0.
#
# ## 3 · A kernel learnt
#
# Nobody has to think up these numbers. You have a picture $X$ and only the answer $T$ of an unknown kernel to
# it. The *half* mean squared error of your guess $K$ over the $m$ places is
#
# $$J = \frac{1}{2m} \sum_{ij} E_{ij}^2, \qquad E = Y - T, \qquad Y = \text{correlate}(X, K).$$
#
# ### Exercise · `kernel_gradient`
#
# Every convolutional layer learns by this derivative. Take a pencil: $K_{ab}$ occurs in the sum
# of *every* place $(i, j)$. With which pixel is it multiplied there? Write down $\partial J / \partial K_{ab}$ and
# program it.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# $\partial Y_{ij} / \partial K_{ab}$ is a single pixel of $X$. Read it off the formula of section 1.
#
# </details>
# <details><summary>Hint 2 · no new loop</summary>
#
# For a fixed $(a, b)$ the pixels in question are a part of the image as large as $E$, and for $(0, 0)$, $(0, 1)$, … it
# slides. You have written a function that slides one array over another, multiplies and sums.
#
# </details>


# %% minutes=12 difficulty=3 kind="core"
@lab.exercise(points=3)
def kernel_gradient(image, kernel, target):
    """Derivative of J, half the mean squared error, by each number of the kernel.

    image: (h, w); kernel: (kh, kw); target: (h - kh + 1, w - kw + 1).
    Returns (kh, kw).
    """
    # BEGIN SOLUTION
    error = correlate(image, kernel) - target
    return correlate(image, error) / error.size
    # END SOLUTION


# %% [markdown]
# ### Exercise · `learn_kernel`
#
# Now your own training loop: start from zeros, note the loss, step against the gradient, repeat. The cell below takes
# answers of Sobel's kernel, plus a little noise, as the target.
#
# **Predict.** Will the learnt kernel equal Sobel's, or only do the same to this picture?
#
# <details><summary>Hint · the order within a step</summary>
#
# Loss first, then the update: with `steps=1` the only loss is that of the zeros.
#
# </details>


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=3)
def learn_kernel(image, target, size, rate, steps):
    """Learns a size × size kernel by gradient descent, starting from zeros.

    image: (h, w); target: (h - size + 1, w - size + 1); rate: learning rate;
    steps: number of updates.
    Returns the kernel, and a list of J before each of the updates.
    """
    # BEGIN SOLUTION
    kernel, losses = np.zeros((size, size)), []
    for _ in range(steps):
        losses.append(np.mean((correlate(image, kernel) - target) ** 2) / 2)
        kernel = kernel - rate * kernel_gradient(image, kernel, target)
    return kernel, losses
    # END SOLUTION


# %%
prediction = None  # largest difference between the learnt kernel and Sobel's
crop = photograph[50:90, 100:140]
crop = (crop - crop.mean()) / crop.std()
sobel = kernels["Sobel, along x"]
target = correlate(crop, sobel)
target = target + 0.1 * np.random.default_rng(1).normal(size=target.shape)
runs = {n: learn_kernel(crop, target, 3, 0.2, n) for n in (1, 10, 100, 600)}
shown = {f"step {n}": kernel for n, (kernel, _) in runs.items()} | {"truth": sobel}

fig = plots.convolution.learnt_kernel(runs[600][1], shown)
plots.show(fig, "The loss over the steps, and the kernel after 1, 10, 100, 600 steps.")
difference = np.abs(runs[600][0] - sobel).max()
lab.compare("largest difference from Sobel's kernel", prediction, difference)

# %% [markdown]
# **What you see.** The left column turns negative and the right one positive; after 600 steps every number is Sobel's
# to within a few hundredths. The loss flattens near 0.005, half the variance of the noise.
#
# **Why.** The gradient of the kernel is the *correlation of the image with the error*: the same sliding sum again.
# The target is linear in the pixels, so $J$ is a bowl, and the picture has edges in all directions, so no other
# kernel does the same to it.
#
# ## 4 · Size, padding, stride, channels
#
# A window of $k$ pixels fits $n - k + 1$ times into $n$. *Zero-padding* puts $p$ zeros on **each** side; a *stride* $s$
# moves the window by $s$ pixels at a time:
#
# $$n' = \left\lfloor \frac{n + 2p - k}{s} \right\rfloor + 1$$
#
# ### Exercise · `conv_layer`
#
# Now the whole layer: a batch of images with $C$ channels (three for a colour picture) and $F$ kernels, each with a
# bias. A kernel of shape $(k, k, C)$ adds up over all channels and gives one *feature map*:
#
# $$Y_{nijf} = b_f + \sum_{a, b, c} K_{abcf}\; X_{n,\; si+a,\; sj+b,\; c}$$
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Pad first (`np.pad` takes a pair of numbers per axis), then slide, then add the bias.
#
# </details>
# <details><summary>Hint 2 · with loops over the places</summary>
#
# `window = images[:, i*s : i*s + k, j*s : j*s + k, :]` has shape $(n, k, k, C)$.
# `np.tensordot(window, kernels, axes=3)` has shape $(n, F)$.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=3)
def conv_layer(images, kernels, bias, stride, padding):
    """A convolutional layer as in Keras, without activation.

    images: (n, h, w, C); kernels: (k, k, C, F); bias: (F,);
    padding: zeros added on each side. Returns (n, h', w', F).
    """
    # BEGIN SOLUTION
    images = np.pad(images, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(
        images, kernels.shape[:2], axis=(1, 2)
    )
    return (
        np.einsum("nijcab,abcf->nijf", windows[:, ::stride, ::stride], kernels) + bias
    )
    # END SOLUTION


# %% [markdown]
# ### Exercise · `layer_gradients`
#
# And the way back, by which a whole layer learns: from above comes $G = \partial J / \partial Y$, one number for each
# output. What is $J$'s derivative by kernels, bias and images? (The layer below needs the last one.)
#
# <details><summary>Hint · place by place</summary>
#
# At place $(i, j)$ a window of the images meets `upstream[:, i, j]` of shape $(n, F)$. Each pixel lies in several
# windows, so *add* what each of them contributes.
#
# </details>


# %% minutes=20 difficulty=3 kind="extra"
@lab.exercise(points=3)
def layer_gradients(images, kernels, upstream, stride):
    """Derivatives of J by kernels, bias and images of a layer without padding.

    images: (n, h, w, C); kernels: (k, k, C, F); upstream: (n, h', w', F), of J by
    the output. Returns three arrays: (k, k, C, F), (F,), (n, h, w, C).
    """
    # BEGIN SOLUTION
    d_kernels, d_images = np.zeros(kernels.shape), np.zeros(images.shape)
    k = len(kernels)
    for i, j in np.ndindex(upstream.shape[1:3]):
        rows = slice(i * stride, i * stride + k)
        columns = slice(j * stride, j * stride + k)
        here = upstream[:, i, j]
        d_kernels += np.tensordot(images[:, rows, columns], here, axes=(0, 0))
        d_images[:, rows, columns] += np.tensordot(here, kernels, axes=(1, 3))
    return d_kernels, upstream.sum(axis=(0, 1, 2)), d_images
    # END SOLUTION


# %% [markdown]
# ## 5 · After the convolution
#
# **ReLU** (*rectified linear unit*; the slide's "learning" is a slip) keeps positive answers and drops the rest;
# **leaky ReLU** lets a little of the rest through. Their slope is 1 on the right, the sigmoid's at most ¼ anywhere: ten
# sigmoids alone shrink the error signal by at least $4^{10} \approx 10^6$.
#
# **Pooling** keeps one number of each block and channel: the largest ("is the pattern anywhere in here?") or the mean.
# *Global* pooling takes the whole map as one block.
#
# ### Exercise · `pool`
#
# Rows and columns that do not fill a block are dropped, as in Keras.
#
# **Predict.** What do both kinds make of the lecture's matrix with the rows (35, 19, 25, 6), (13, 22, 16, 53),
# (4, 3, 7, 10) and (9, 8, 1, 3), in blocks of 2 × 2?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Block $(i, j)$ is `images[:, i*size : (i+1)*size, j*size : (j+1)*size, :]`. Take `max` or `mean` over axes 1 and 2.
#
# </details>
#


# %% minutes=8 difficulty=2 kind="core"
@lab.exercise(points=2)
def pool(images, size, mode):
    """Max or average pooling over blocks of size × size, stride = size.

    images: (n, h, w, C); mode: "max" or "average".
    Returns (n, h // size, w // size, C).
    """
    # BEGIN SOLUTION
    n, h, w, channels = images.shape
    rows, columns = h // size, w // size
    blocks = images[:, : rows * size, : columns * size].reshape(
        n, rows, size, columns, size, channels
    )
    return blocks.max(axis=(2, 4)) if mode == "max" else blocks.mean(axis=(2, 4))
    # END SOLUTION


# %% tags=["nbval-check-output"]
prediction = None  # upper left block of the lecture's matrix: maximum, mean
slide = np.array(
    [[35, 19, 25, 6], [13, 22, 16, 53], [4, 3, 7, 10], [9, 8, 1, 3]], float
)
pooled = {m: pool(slide[None, ..., None], 2, m)[0, ..., 0] for m in ("max", "average")}
for mode, result in pooled.items():
    print(f"{mode:8}", result.tolist())

picture = np.zeros((8, 8))
picture[1, 1:7] = 1
response = correlate(np.pad(picture, 1), detectors["horizontal"])
print("'a horizontal line is present in the upper part':")
print(pool(response[None, ..., None], 4, "max")[0, ..., 0].round(2))
corner = [float(result[0, 0]) for result in pooled.values()]
lab.compare("upper left block: maximum, mean", prediction, corner)

# and Keras' layer beside yours
batch = np.random.default_rng(0).normal(size=(2, 9, 9, 3)).astype("float32")
layer = layers.Conv2D(4, 3, strides=2, bias_initializer="random_normal")
theirs = layer(batch)
assert np.allclose(conv_layer(batch, *layer.get_weights(), 2, 0), theirs, atol=1e-5)
print("conv_layer equals keras.layers.Conv2D:", tuple(theirs.shape))

layer = layers.Conv2D(6, 5, padding="same")
layer.build((None, 28, 28, 1))
print("six 5 × 5 kernels on 28 × 28 pixels:", layer.count_params(), "parameters;")
print("a window of its own at every place: ", 28 * 28 * layer.count_params())

# %% [markdown]
# ## 6 · How far may it move?
#
# The toy problem of the lecture: tell the *orientation* of a line, wherever it is. Training lines lie within 2 pixels
# of the centre of a noisy 28 × 28 image; test lines lie exactly $d$ pixels away from it, and beyond $d = 10$ the
# border cuts some.

# %%
lines, kinds, test_lines = experiments.line_problem()
far = (4, 7, 10, 13)
examples = [lines[np.argmax(kinds == k)] for k in range(4)]
examples += [test_lines[d][0][0] for d in far]
titles = ["horizontal", "rising", "vertical", "falling"]
titles += [f"moved by {d}" for d in far]
fig = plots.image_grid([e[..., 0] for e in examples], titles, vmin=-0.3, vmax=1.2)
plots.show(fig, "Four training lines near the centre, then four test lines.")

# %% [markdown]
# ### Exercise · `line_network`
#
# Here and below, networks differ in one thing: what they keep of the places. `"all"` flattens the maps, `"blocks"`
# pools the maximum of 4 × 4 blocks first, `"none"` takes the maximum of each whole map.
#
# **Predict.** Eight 5 × 5 kernels with each of the three ends, and a dense network without convolution: sketch
# accuracy against $d$ for each of the four. One in four is chance.
#
# <details><summary>Hint · the layers</summary>
#
# `Conv2D`, `MaxPooling2D`, `GlobalMaxPooling2D`, `Flatten`, `Dense`, and a `keras.Input` before them.
#
# </details>


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def line_network(convolutions, places, outputs, activation):
    """Convolutions, an end that keeps some places, and one dense layer; untrained.

    convolutions: list of (filters, side, stride), with ReLU, zero-padded ("same");
    places: "all", "blocks" or "none"; outputs, activation: of the dense layer.
    Returns a Keras model from (n, 28, 28, 1) to (n, outputs).
    """
    # BEGIN SOLUTION
    body = [keras.Input((28, 28, 1))]
    for filters, side, stride in convolutions:
        same = {"strides": stride, "padding": "same", "activation": "relu"}
        body.append(layers.Conv2D(filters, side, **same))
    if places == "none":
        body.append(layers.GlobalMaxPooling2D())
    else:
        if places == "blocks":
            body.append(layers.MaxPooling2D(4))
        body.append(layers.Flatten())
    return keras.Sequential([*body, layers.Dense(outputs, activation=activation)])
    # END SOLUTION


# %%
prediction = None  # accuracy of "conv, flatten" 6 pixels from the centre, 0 to 1
ends = {
    "conv, global max-pooling": "none",
    "conv, 4×4 max-pooling, flatten": "blocks",
    "conv, flatten": "all",
}
moved_accuracy = {}
for name in [*ends, "dense"]:
    keras.utils.set_random_seed(0)
    if name in ends:
        toy = line_network([(8, 5, 1)], ends[name], 4, "softmax")
    else:
        hidden, out = layers.Dense(32, "relu"), layers.Dense(4, "softmax")
        toy = keras.Sequential(
            [keras.Input((28, 28, 1)), layers.Flatten(), hidden, out]
        )
    loss = "sparse_categorical_crossentropy"
    toy.compile(keras.optimizers.Adam(0.02), loss, steps_per_execution=20)
    toy.optimizer.build(toy.trainable_variables)  # or the first step is traced twice
    toy.fit(lines, kinds, batch_size=100, epochs=8, verbose=0)
    moved_accuracy[name] = [
        np.mean(toy(x).numpy().argmax(axis=1) == y) for x, y in test_lines.values()
    ]
    print(f"{name:31} {toy.count_params():6} parameters")
fig = plots.convolution.displacement(moved_accuracy, trained=2, cut=10.5)
plots.show(fig, "Accuracy against displacement for the four networks; chance dotted.")
six_away = moved_accuracy["conv, flatten"][6]
lab.compare("conv, flatten, 6 pixels from the centre", prediction, six_away)

# %% [markdown]
# **What you see.** Where they were trained, the convolutional networks are right; the dense one is not quite. A few
# pixels further, *dense* and *flatten* guess. Pooling in blocks of 4 × 4 softens the fall. Global max-pooling does
# not fall until the border cuts the lines off.
#
# **Why.** When a line moves, its feature map moves along: a convolution is *equivariant*. Flattening gives every
# place weights of its own, and some never saw a line. The global maximum forgets the place, so what is learnt at one
# place holds everywhere, with 244 parameters in place of 25 000.
#
# ### Where is it, and how does it lie? (extra)
#
# Now *regression*: lines of any angle lie anywhere, and four outputs say where (row and column, brought to −1 … 1)
# and how. An angle $\theta$ is a bad target: 1° and 179° are nearly the same line, and the numbers far apart. So the
# network learns $\cos 2\theta$ and $\sin 2\theta$, which a half turn does not change. As the
# lecture does, it ends in tanh: all targets lie from −1 to 1. (A linear output is usual, too.)
#
# Two of your networks learn it: the first keeps no place, the second all.
#
# **Predict.** Which does the first one read well, place or angle?
#
# ### Exercise · `decode_line`
#
# Read it back. The last two outputs point in the right direction, but not exactly to the unit circle.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# In the reverse order: the direction of the pair, half of it, brought into 0° to 180°.
#
# </details>
# <details><summary>"Some of the angles are wrong by 90 degrees"</summary>
#
# `np.arctan(s / c)` does not know the signs of the two; `np.arctan2(s, c)` does. It gives radians, from −π to π.
#
# </details>


# %% minutes=10 difficulty=2 kind="extra"
@lab.exercise(points=2)
def decode_line(outputs):
    """Row, column (pixels) and angle (degrees, 0 ≤ angle < 180) of each line.

    outputs: (n, 4): row / 13.5 - 1, column / 13.5 - 1, r cos 2θ, r sin 2θ, r > 0.
    Returns (n, 3).
    """
    # BEGIN SOLUTION
    centres = 13.5 * (outputs[:, :2] + 1)
    angles = np.degrees(np.arctan2(outputs[:, 3], outputs[:, 2])) / 2 % 180
    return np.column_stack([centres, angles])
    # END SOLUTION


# %%
prediction = None  # errors of the global maximum: pixels, degrees
rng = np.random.default_rng(1)
truth = np.column_stack([rng.uniform(5, 22, (3400, 2)), rng.uniform(0, 180, 3400)])
anywhere = experiments.draw_lines(truth[:, :2], truth[:, 2], rng)
turn = np.radians(2 * truth[:, 2])
goal = np.column_stack([truth[:, :2] / 13.5 - 1, np.cos(turn), np.sin(turn)])
errors = {}
for places in ("none", "all"):
    keras.utils.set_random_seed(0)
    toy = line_network([(16, 5, 2), (32, 3, 2)], places, 4, "tanh")
    toy.compile(keras.optimizers.Adam(0.002), "mse", steps_per_execution=20)
    toy.optimizer.build(toy.trainable_variables)
    toy.fit(anywhere[:2400], goal[:2400], batch_size=50, epochs=12, verbose=0)
    off = decode_line(toy(anywhere[2400:]).numpy()) - truth[2400:]
    angle = np.abs((off[:, 2] + 90) % 180 - 90)  # 179 and 1 differ by 2 degrees
    errors[places] = np.median(np.hypot(off[:, 0], off[:, 1])), np.median(angle)
    found = "median error {:.1f} pixels, {:.1f} degrees".format(*errors[places])
    print(f"places kept: {places:4} {found}")
missed = "errors of the global maximum, pixels and degrees"
lab.compare(missed, prediction, errors["none"])

# %% [markdown]
# **What you see.** With all places kept the network finds a line to about a pixel and a few degrees. Without, it
# reads the angle as well, and of the place nothing: always answering "in the middle" is as good.
#
# **Why.** Invariance is thrown-away information: good for *what*, fatal for *where*. Networks for pictures therefore
# pool in small blocks, layer by layer.
#
# ## 7 · LeNet-5
#
# Convolution and pooling, twice, and a small dense network on top, to sort mail and read cheques.
#
# > **Margin note.** Lecture E dates LeNet-5 to 1989. The network of that year (9298 digits, three days on a Sun
# > workstation) was a smaller predecessor; LeNet-5 and MNIST are of 1998. Fukushima's *neocognitron* (1980) had local
# > windows with shared weights before, without backpropagation.
#
# ### Exercise · `lenet5`
#
# Build today's version in Keras. `enter` below trains it, as all networks from here on: Adam, with a rate that warms up
# and then falls to zero along a cosine (lab 03).
#
# **Predict.** How many parameters does it have? Count with a pencil; C1 has $6 \cdot (5 \cdot 5 \cdot 1 + 1) = 156$.
#
# | layer | output | activation |
# |:--|:--|:--|
# | C1 convolution 5 × 5, zero-padded | 28 × 28 × 6 | tanh |
# | S2 average pooling 2 × 2 | 14 × 14 × 6 | |
# | C3 convolution 5 × 5, not padded | 10 × 10 × 16 | tanh |
# | S4 average pooling 2 × 2 | 5 × 5 × 16 | |
# | C5 120 units that see all 5 × 5 × 16 | 120 | tanh |
# | F6 dense | 84 | tanh |
# | output dense | 10 | softmax |
#
# <details><summary>Hint · C5</summary>
#
# A 5 × 5 window on a 5 × 5 image has one place only: the same as flattening and a dense layer.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=2)
def lenet5():
    """LeNet-5 with tanh, average pooling and softmax, untrained.

    Returns a Keras model from (n, 28, 28, 1) to (n, 10).
    """
    # BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"),
            layers.AveragePooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="tanh"),
            layers.Dense(84, activation="tanh"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    # END SOLUTION


# %%
prediction = None  # parameters of LeNet-5
(x_train, y_train), (x_test, y_test) = datasets.load_mnist()
x_train, x_test = (experiments.as_inputs(images) for images in (x_train, x_test))
batch_size = 128 if len(x_train) > 20_000 else 64  # the stand-in is smaller
contest = {}  # name → (test accuracy, parameters, seconds of training)


def enter(name, model, x, x_new, epochs=2, peak=0.01, seconds=0.0):
    """Trains the model (the rate warms up, then falls to zero along a cosine), tests
    it and notes accuracy, parameters and seconds in the contest."""
    steps = epochs * math.ceil(len(x) / batch_size)
    adam = keras.optimizers.Adam(experiments.warmup_cosine(steps, peak))
    loss = "sparse_categorical_crossentropy"
    model.compile(adam, loss, steps_per_execution=32)
    adam.build(model.trainable_variables)
    fit = {"batch_size": batch_size, "epochs": epochs, "callbacks": [loss_line()]}
    start = time.perf_counter()
    model.fit(x, y_train, **fit, verbose=0)
    seconds += time.perf_counter() - start
    answers = [model(part).numpy().argmax(axis=1) for part in np.split(x_new, 10)]
    right = np.mean(np.concatenate(answers) == y_test)
    contest[name] = right, model.count_params(), seconds
    print(f"{name}: test accuracy {right:.4f}, trained in {seconds:.1f} s")


keras.utils.set_random_seed(0)
lenet = lenet5()
print([layer.count_params() for layer in lenet.layers if layer.weights])
enter("LeNet-5", lenet, x_train, x_test)
lab.compare("parameters of LeNet-5", prediction, lenet.count_params())

# %% [markdown]
# The version of 1998 had 60 000 trained parameters: its C3 was only partly connected, its output compared F6 with
# fixed pictures of digits. After about ten passes its error was 0.95 %.
#
# ## 8 · Small, modern, fast
#
# What LeNet-5 did not have:
#
# - **batch normalisation** (lab 05), which subtracts the mean and so cancels a bias: `use_bias=False`;
# - **ReLU** instead of tanh;
# - **less to compute**: a stride of 2 right away, and max-pooling *before* normalisation and ReLU;
# - **global average pooling** instead of flattening: fewer parameters, and less dependence on the place.
#
# **Predict.** How accurate will it be after the same two epochs, with 24 538 parameters?
#
# ### Exercise · `small_cnn`
#
# Build it with two switches, so that you can change one thing at a time:
#
# | layers | output |
# |:--|:--|
# | convolution 5 × 5, 16 kernels, stride 2, "same"; batch normalisation; ReLU | 14 × 14 × 16 |
# | convolution 3 × 3, 32 kernels, "same"; max-pooling 2 × 2; batch normalisation; ReLU | 7 × 7 × 32 |
# | convolution 3 × 3, 64 kernels, "same"; max-pooling 2 × 2; batch normalisation; ReLU | 3 × 3 × 64 |
# | global average pooling | 64 |
# | dense, softmax | 10 |
#
# <details><summary>Hint · the layers</summary>
#
# Collect `Conv2D`, `MaxPooling2D`, `BatchNormalization`, `Activation` in a list, in a loop over the three blocks.
#
# </details>


# %% minutes=18 difficulty=3 kind="core"
@lab.exercise(points=3)
def small_cnn(activation="relu", normalise=True):
    """The network of the table, untrained, or one that differs in one respect.

    activation: after each block, a layer of its own; normalise: False leaves batch
    normalisation out, and the convolutions then have biases.
    Returns a Keras model from (n, 28, 28, 1) to (n, 10).
    """
    # BEGIN SOLUTION
    body, bias = [], not normalise
    for filters, kernel, stride in ((16, 5, 2), (32, 3, 1), (64, 3, 1)):
        same = {"strides": stride, "padding": "same", "use_bias": bias}
        body.append(layers.Conv2D(filters, kernel, **same))
        if stride == 1:
            body.append(layers.MaxPooling2D(2))
        if normalise:
            body.append(layers.BatchNormalization())
        body.append(layers.Activation(activation))
    head = [layers.GlobalAveragePooling2D(), layers.Dense(10, activation="softmax")]
    return keras.Sequential([keras.Input((28, 28, 1)), *body, *head])
    # END SOLUTION


# %%
prediction = None  # test accuracy of the small network after two epochs
keras.utils.set_random_seed(0)
cnn = small_cnn()
enter("small CNN", cnn, x_train, x_test)
lab.compare("test accuracy, small network", prediction, contest["small CNN"][0])

# %% [markdown]
# **What you see.** In the stored run the small network makes fewer than half of LeNet-5's mistakes, with 40 % of its
# parameters.
#
# > **Margin note.** The slide with batch normalisation in a CNN (lecture E) goes from `MaxPooling2D` straight to
# > `Dense(1)`, which gives one output *per place*: `Flatten` or a global pooling belongs between them.
#
# ### Which of them is it?
#
# Change one thing at a time (one row changes three). Three seeds of each take over ten minutes, so they are stored.
# The cell below trains one row of your own, `mine`.
#
# ### Exercise · `ablation_effects`
#
# A difference counts only if it is larger than what another seed changes. Say of each network how much it loses, and
# whether its seeds lie *apart* from those of the first one: all below its worst, or all above its best.
#
# **Predict.** What does tanh in place of ReLU cost?
#
# <details><summary>Hint · apart</summary>
#
# The highest of one lies below the lowest of the other, or the reverse.
#
# </details>


# %% minutes=8 difficulty=2 kind="core"
@lab.exercise(points=2)
def ablation_effects(accuracies):
    """What each change costs, and whether that is more than the spread of the seeds.

    accuracies: (networks, seeds), from 0 to 1; row 0 is the network without a change.
    Returns two arrays (networks,): the percentage points that the mean over the seeds
    loses against row 0, and True where the seeds lie apart from those of row 0.
    """
    # BEGIN SOLUTION
    means = accuracies.mean(axis=1)
    lowest, highest = accuracies.min(axis=1), accuracies.max(axis=1)
    apart = (highest < lowest[0]) | (lowest > highest[0])
    return 100 * (means[0] - means), apart
    # END SOLUTION


# %%
prediction = None  # percentage points that tanh in place of ReLU costs
RUN_IN_FULL = False  # True: more than ten minutes
study = experiments.mnist_cnn() if RUN_IN_FULL else stored("mnist_cnn")
effects = ablation_effects(experiments.final_accuracies(study))
caption = "Stored run, two epochs of real MNIST (tanh: on another day)"
plots.table(*experiments.study_table(study, *effects), caption)
mine = {"activation": "tanh"}  # or {"normalise": False}, or another activation
keras.utils.set_random_seed(0)
enter("my row", small_cnn(**mine), x_train, x_test)
cost = 100 * (contest["small CNN"][0] - contest["my row"][0])
lab.compare(f"points lost by {mine}, this run", prediction, cost)

# %% [markdown]
# **What you see.** In the stored table the schedule is worth about 0.9 percentage points, batch normalisation 0.7, and
# ReLU 0.6. Without the first two, at a rate of 0.001, two epochs do not even reach 96 %. Activation before pooling
# costs 0.12 points, and a third more work. The two other changes are no larger than the spread of the seeds;
# flattening is, if anything, *ahead* of the global average.
#
# **Why.** A large rate covers the way in few steps, but shakes about the minimum unless it falls to zero at the end.
# Tanh saturates, ReLU does not. The global average buys parameters and tolerance (section 10), not accuracy. ReLU
# alone may change places with the maximum; with batch normalisation between them it is another network, as
# maxima have other means and a negative $\gamma$ turns their order round. Here it is slightly better.
#
# The variants were compared on the test set: fair for explaining, not for choosing the best.
#
# ## 9 · What has it learnt, and how much does it see?
#
# Lecture B: the first visual area of the brain, V1, has detectors of oriented edges, described well by *Gabor
# functions*, a wave under a bell (Marčelja 1980). Do networks find the same? First-layer kernels
# work on pixels, so they can be looked at, and compared with a family of 1152 Gabor functions.
#
# ### Exercise · `best_fit`
#
# The multiple $c\,\mathbf{g}$ of a function leaves $\|\mathbf{k} - c\,\mathbf{g}\|^2$ of the kernel's sum of squares
# $\|\mathbf{k}\|^2$ unexplained. Which $c$ is best, if $\|\mathbf{g}\| = 1$, and which share does it explain? Which
# $\mathbf{g}$ of the family explains most?
#
# **Predict.** What share do kernels of *random* numbers get?
#
# <details><summary>Hint 1 · a nudge</summary>
#
# The derivative by $c$ is zero where $c = \mathbf{k} \cdot \mathbf{g}$.
#
# </details>
# <details><summary>Hint 2 · no loop</summary>
#
# `kernels @ family.T` holds every $c$. A dark edge fits as well as a bright one: $c$ may be negative.
#
# </details>


# %% minutes=10 difficulty=2 kind="extra"
@lab.exercise(points=2)
def best_fit(kernels, family):
    """Explains each kernel by a multiple of one function of a family.

    kernels: (n, d), none of them 0; family: (m, d), rows of length 1. Returns the share
    of each kernel's sum of squares that its best function explains, (n,), and the
    multiples themselves, (n, d).
    """
    # BEGIN SOLUTION
    products = kernels @ family.T
    best = np.argmax(products**2, axis=1)
    factors = products[np.arange(len(kernels)), best]
    shares = factors**2 / np.sum(kernels**2, axis=1)
    return shares, factors[:, None] * family[best]
    # END SOLUTION


# %%
prediction = None  # share of a random 5 × 5 kernel that its best Gabor explains
own = experiments.first_kernels(cnn)[..., 0]  # (16, 5, 5)
mobilenet = load_mobilenet(224, include_top=True).model
colour = experiments.first_kernels(mobilenet)[:8]  # (8, 3, 3, 3)
noise = np.random.default_rng(0)
sets = {
    "small CNN, 5 × 5": own,
    "random numbers, 5 × 5": noise.normal(size=(1000, 5, 5)),
    "MobileNet, 3 × 3, the 8 strongest, grey": colour.sum(axis=3),
    "random numbers, 3 × 3": noise.normal(size=(1000, 3, 3)),
}
fits = {
    name: best_fit(some.reshape(len(some), -1), experiments.gabors(some.shape[1]))
    for name, some in sets.items()
}
for name, (share, _) in fits.items():
    print(f"{name:40} median share {np.median(share):.2f}")
share, fitted = fits["small CNN, 5 × 5"]
fig = plots.convolution.gabor_rows(own, fitted.reshape(own.shape), share, colour)
plots.show(
    fig,
    "Sixteen kernels with the share explained, the best Gabor function below each;"
    " last row: MobileNet's, in colour.",
)
chance = float(np.median(fits["random numbers, 5 × 5"][0]))
lab.compare("median share, random 5 × 5", prediction, chance)

# %% [markdown]
# **What you see.** In the stored run the trained 5 × 5 kernels are Gabor functions to 0.6 in the median, random ones
# only to a quarter. MobileNet has edges too, and kernels for a mere colour. But in windows of 3 × 3 even random numbers
# reach 0.65.
#
# **Why.** Edges and strokes are what pictures are made of, so detectors for them lower the loss. But a likeness means
# little until you know how alike *chance* looks: nine numbers are too few to tell.
#
# ### Exercise · `receptive_field`
#
# How many pixels of the input can influence one neuron? Follow the layers upwards. A kernel of $k$ adds $k - 1$ steps
# of the layer below, and how long such a step is in input pixels is the product of all strides *so far*:
#
# $$r_0 = j_0 = 1, \qquad r_\ell = r_{\ell-1} + (k_\ell - 1)\, j_{\ell-1}, \qquad j_\ell = s_\ell\, j_{\ell-1}$$
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Field $r$ and jump $j$ travel through the loop. Pooling counts as a layer: kernel 2, stride 2.
#
# </details>
# <details><summary>Hint 2 · the order</summary>
#
# The layer's own stride acts on the layers *above* it.
#
# </details>


# %% minutes=8 difficulty=2 kind="core"
@lab.exercise(points=2)
def receptive_field(stack):
    """Side of the square of input pixels that one neuron sees.

    stack: list of (kernel, stride), from the input up to the neuron's layer.
    Returns a whole number.
    """
    # BEGIN SOLUTION
    field, jump = 1, 1
    for kernel, stride in stack:
        field += (kernel - 1) * jump
        jump *= stride
    return field
    # END SOLUTION


# %% [markdown]
# ### Exercise · `influence`
#
# Now measure it: a neuron sees a pixel if the neuron's derivative by that pixel is not zero in at least one picture.
# (A ReLU that is off hides pixels.) The next cell also shows *activation maps*, the network's own versions of a
# picture.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# A tape does not watch a plain tensor by itself: `tf.Variable`, or `tape.watch`.
#
# </details>
# <details><summary>Hint 2 · the neuron</summary>
#
# `maps[:, row, column]` has shape $(n, C)$. Its sum is one number, and the pictures do not touch each other.
#
# </details>


# %% minutes=10 difficulty=2 kind="extra"
@lab.exercise(points=2)
def influence(model, images):
    """Which pixels can change the neurons in the middle of a model's maps?

    model: from (n, h, w, 1) to maps (n, h', w', C); images: (n, h, w, 1), float32.
    Returns (h, w), True where in any of the images the derivative of the sum over the
    channels at place (h' // 2, w' // 2) is not zero.
    """
    # BEGIN SOLUTION
    pixels = tf.Variable(images)
    with tf.GradientTape() as tape:
        maps = model(pixels)
        middle = maps[:, maps.shape[1] // 2, maps.shape[2] // 2]
        value = tf.reduce_sum(middle)
    slopes = tape.gradient(value, pixels).numpy()
    return (slopes != 0).any(axis=(0, 3))
    # END SOLUTION


# %%
road = [(5, 2), (3, 1), (2, 2), (3, 1), (2, 2)]
names = ["convolution 1", "convolution 2", "pooling", "convolution 3", "pooling"]
for depth, name in enumerate(names, start=1):
    print(f"after {name:14} {receptive_field(road[:depth]):3} pixels")

convolutions = [layer for layer in cnn.layers if isinstance(layer, layers.Conv2D)]
# what each block hands on: the inputs of the second and third convolution and of the
# average over the maps
taking = [*convolutions[1:], cnn.layers[-2]]
blocks = [keras.Model(cnn.inputs[0], layer.input) for layer in taking]
digit = x_test[np.argmax(y_test == 4)]
layer_maps = [np.asarray(block(digit[None])[0]) for block in blocks]
fig = plots.convolution.activation_maps(digit[..., 0], layer_maps)
plots.show(fig, "A handwritten 4, and eight activation maps in each of three layers.")

noise = np.random.default_rng(0).random((8, 28, 28, 1)).astype("float32")
seen = [influence(block, noise) for block in blocks]
sides = [f"layer {k}: {m.any(axis=0).sum()} pixels" for k, m in enumerate(seen, 1)]
fig = plots.image_grid(seen, sides, cmap="cividis", size=2.3)
plots.show(fig, "The input pixels that influence a middle neuron of layers 1, 2 and 3.")

# %% [markdown]
# **What you see.** In the first layer the 4 is still a 4, seen as edges and strokes; in the third, nine pixels per map
# are left, and no eye reads a digit in them. Some maps have a bright border. Below, the squares have the sides that the
# formula gives for the end of each block: 5, 11 and 23.
#
# **Why.** The zeros that pad a map are not what the layer below answers to empty paper, so a border looks like an edge.
# The stride of 2 and the first pooling make every later step 2, then 4 pixels long, so the field grows ever faster.
#
# > **Margin note.** VGG (lecture E) replaces large kernels by stacks of 3 × 3: two see 5 × 5 with 18 weights per pair of
# > channels in place of 25, five see 11 × 11 with 45 in place of 121. "Can be replicated by" is true of the *field* only:
# > 18 numbers cannot make every set of 25.
#
# ## 10 · The contest
#
# Practical work 10: a perceptron on raw pixels, one on hand-made features (*HOG*, lab 04), and a
# convolutional network. HOG *is* a small convolutional network that somebody designed: two fixed kernels, a
# non-linearity that sorts slopes into 9 orientations, average pooling over cells of 7 × 7, and a normalisation. The
# perceptrons, whose epochs are cheap, get twice as many.
#
# ### Exercise · `stack_cost`
#
# Seconds depend on the computer and on what else it does; multiplications do not. Count both, numbers and work, layer
# by layer. A dense layer counts as a convolution whose window is as large as the map.
#
# **Predict.** Order the four methods by test accuracy. Which of the two convolutional networks multiplies more?
#
# <details><summary>Hint · the order within a layer</summary>
#
# First the new side, by the formula of section 4. Each of the layer's weights is then used once per place.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=3)
def stack_cost(side, channels, stack):
    """Parameters and multiplications of a stack of layers, for one picture.

    side, channels: of the square picture; stack: list of (filters, kernel, stride,
    padding), where 0 filters stand for pooling: no parameters, no multiplications, and
    as many channels as before. A convolution has a bias per filter.
    Returns two whole numbers: parameters, multiplications by a weight.
    """
    # BEGIN SOLUTION
    parameters = multiplications = 0
    for filters, kernel, stride, padding in stack:
        side = (side + 2 * padding - kernel) // stride + 1
        if filters:
            weights = kernel * kernel * channels * filters
            parameters += weights + filters
            multiplications += weights * side * side
            channels = filters
    return parameters, multiplications
    # END SOLUTION


# %%
prediction = None  # the four methods of `order`, the most accurate first


def perceptron(inputs):
    """A multilayer perceptron with one hidden layer of 128 ReLU."""
    hidden, out = layers.Dense(128, "relu"), layers.Dense(10, "softmax")
    return keras.Sequential([keras.Input((inputs,)), hidden, out])


keras.utils.set_random_seed(0)
raw_mlp, hog_mlp = perceptron(784), perceptron(324)
raw_train, raw_test = (x.reshape(-1, 784) for x in (x_train, x_test))
cheap = {"epochs": 4, "peak": 0.004}
enter("raw + MLP", raw_mlp, raw_train, raw_test, **cheap)
start = time.perf_counter()
hog_train = hog_features(x_train[..., 0])
spent = time.perf_counter() - start
hog_test = hog_features(x_test[..., 0])
enter("HOG + MLP", hog_mlp, hog_train, hog_test, **cheap, seconds=spent)
for name, stack in experiments.STACKS.items():
    parameters, work = stack_cost(28, 1, stack)
    print(f"{name:9} {parameters:6} parameters, {work:7} multiplications per digit")
order = ["small CNN", "LeNet-5", "HOG + MLP", "raw + MLP"]
fig = plots.convolution.contest({name: contest[name] for name in order})
plots.show(fig, "Three panels of bars for four methods: errors, parameters, seconds.")
ranking = sorted(order, key=lambda name: -contest[name][0])
lab.compare("most accurate first", prediction, ranking)

# %% [markdown]
# **What you see.** The small network has the fewest parameters. In the stored run it makes by far the fewest mistakes,
# and the three others lie close together, at about two mistakes in a hundred digits. But it multiplies more than
# four times as often as LeNet-5. (Biases stand here for its batch normalisation.)
#
# **Why.** Few numbers, used at many places. Windows and shared weights are knowledge about pictures that need not be
# learnt: neighbours belong together, and a stroke is a stroke everywhere.
#
# ### Does it mind if the digit moves, or grows?
#
# ### Exercise · `at_size`
#
# Draw the test digits larger or smaller in pictures that stay 28 × 28. `keras.ops.image.resize(images, (side, side),
# antialias=True)` resizes; the rest is yours. (`np.roll`, which moves digits below, brings back on the left what
# leaves on the right: at 6 pixels it tears two of real MNIST's digits in five.)
#
# **Predict.** Which method holds out longest against moving, and against shrinking?
#
# <details><summary>Hint · two cases</summary>
#
# A smaller picture gets a frame (`np.pad`), of a larger one the middle is cut out.
#
# </details>


# %% minutes=8 difficulty=2 kind="extra"
@lab.exercise(points=2)
def at_size(images, side):
    """Digits drawn larger or smaller about the centre, in pictures of the same size.

    images: (n, 28, 28, 1); side: to which a whole picture is resized, an even number.
    Returns (n, 28, 28, 1): with a frame of zeros, or cut, equally on all four sides.
    """
    # BEGIN SOLUTION
    resized = keras.ops.image.resize(images, (side, side), antialias=True)
    edge = abs(side - 28) // 2
    if side >= 28:
        return resized[:, edge : edge + 28, edge : edge + 28]
    return np.pad(resized, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    # END SOLUTION


# %%
prediction = None  # accuracy of the small network on digits of 0.57 times the size
some, truth = x_test[:500], y_test[:500]
readers = {
    "small CNN": cnn,
    "LeNet-5": lenet,
    "HOG + MLP": lambda x: hog_mlp(hog_features(x[..., 0])),
    "raw + MLP": lambda x: raw_mlp(x.reshape(-1, 784)),
}
shifts, sides = range(7), range(16, 41, 4)
tests = {
    "moved to the right by … pixels": [(d, np.roll(some, d, axis=2)) for d in shifts],
    "size, times": [(side / 28, np.array(at_size(some, side))) for side in sides],
}
curves = {}
for label, pictures in tests.items():
    where = [place for place, _ in pictures]
    for name, reader in readers.items():
        right = [np.mean(np.argmax(reader(x), axis=1) == truth) for _, x in pictures]
        curves.setdefault(label, {})[name] = where, right
flat = stored("mnist_cnn_shift")["accuracy"]["flatten"]  # three seeds
moves, resized = curves.values()
moves["small CNN, flat end (stored)"] = shifts, np.mean(flat, axis=0)

fig = plots.convolution.side_by_side(curves, "test accuracy")
plots.show(fig, "Two panels, moved and resized: test accuracy of the four methods.")
lab.compare("small CNN, 0.57", prediction, resized["small CNN"][1][0])

# %% [markdown]
# **What you see.** Moved digits: raw pixels and LeNet-5 fall fast, HOG holds out for some pixels, and the small network
# loses only a few percentage points in the stored run. With flattening at its end it falls to 63 %, although unmoved
# that one is slightly better (0.993 against 0.992): a centred test set shows nothing of this. Other sizes: all
# fall, in the stored run the small network least when digits shrink, HOG when they grow.
#
# **Why.** Section 6 again: an average over the whole map forgets the place. But nothing in the network is indifferent
# to size or rotation: these must be learnt from examples, or from the augmented ones of lab 05.
#
# ### Where is it computed?
#
# Lecture B: TensorFlow describes a computation as a *data-flow graph*: operations are its nodes, tensors flow along its
# edges. Without it, Python calls one operation after the other (*eager*). `tf.function` runs your Python once with
# placeholders, notes every operation, and from then on runs the graph without Python. `fit` does so by itself.
#
# **Predict.** Where does the graph gain more: with one image, or with 1024?

# %%
prediction = None  # how many times faster the graph reads a single image
gpus = tf.config.list_physical_devices("GPU")
print("computing on", [gpu.name for gpu in gpus] or "the CPU: TensorFlow sees no GPU")
reader = tf.function(cnn)
graph = reader.get_concrete_function(tf.TensorSpec((None, 28, 28, 1))).graph
kinds = Counter(operation.type for operation in graph.get_operations())
print(kinds.total(), "operations, for example", kinds.most_common(6))
rows = []
for size in (1, 32, 1024):
    batch = tf.constant(x_test[:size])
    eager, traced = (experiments.best_time(f, batch) for f in (cnn, reader))
    times = [f"{eager:.1f}", f"{traced:.1f}", f"{eager / traced:.1f}"]
    rows.append([size, *times, round(1000 * size / traced)])
header = ["batch", "eager, ms", "graph, ms", "times faster", "images per second"]
plots.table(header, rows, "One batch through the small network, best of ten")
spent = contest["small CNN"][2]
print(f"learning took {spent:.0f} s, reading one digit takes {rows[0][2]} ms")
lab.compare("times faster, one image", prediction, float(rows[0][3]))

# %% [markdown]
# **What you see.** A few layers make some 70 operations. The graph reads one image many times faster than eager
# calls, and 1024 hardly faster. On a CPU the rate grows with the batch until the processor is busy. Learning is
# slow and done once; reading a digit takes a millisecond or less.
#
# **Why.** The graph saves the way through Python, a fixed cost per operation, and not the arithmetic. A GPU (not
# measured here) computes many places of a convolution at once, so its advantage grows with batch and network. Native
# Windows has had no GPU in TensorFlow since 2.11: use WSL2 or Colab (*Runtime → Change runtime type*).
#
# ## 11 · What you have found
#
# 1. **Layer.** One kernel, the same everywhere: a correlation.
# 2. **Nine numbers** detect what they look like; their gradient is the correlation of image and error.
# 3. **Shapes.** $\lfloor (n + 2p - k)/s \rfloor + 1$ places; one output channel per kernel.
# 4. **Moving.** Only pooling over the whole image makes the answer independent of the place; *where* is lost.
# 5. **Modern.** Schedule, batch normalisation and ReLU buy accuracy; pooling first buys seconds.
# 6. **Receptive field.** It grows by $(k - 1)$ times the product of the strides below.
# 7. **Graph.** Operations noted once and run without Python.
#
# This run in numbers:

# %%
rows = experiments.results(difference, moved_accuracy, contest, moves, resized)
plots.table(["experiment", "measured", "this run"], rows, "Results of this run")

# %% [markdown]
# ## 12 · Challenge: the last half per cent
#
# The most accurate network of at most **25 000 parameters** after **three epochs**; layers, batches, rates and
# augmentation are yours. `enter("mine", model, x_train, x_test, epochs=3)` trains and tests. On real MNIST the small
# network reaches 0.993 like that; to beat: 0.994 (`batch_size = 64`: 0.9942 and 0.9938 with two seeds). Choose on
# images taken away from the training set, and test once.
#
# ## 13 · To discuss
#
# 1. The perceptron on raw pixels would do as well with all pixels shuffled in one fixed way. Would the CNN?
# 2. You want to find *all* cats of a photograph, each with its place. Which layers would you keep?
# 3. How large is the standard error of 99.2 % on 10 000 test images, and which differences above are larger?

# %% [markdown] tags=["solution"]
# **For instructors.** 1: No; convolution assumes that neighbours belong together. The perceptron never knew who is
# whose neighbour. 2: Keep convolutions and mild pooling; leave out global pooling and flattening: the maps themselves
# say where (lab 10). 3: $\sqrt{0.992 \cdot 0.008 / 10000} \approx 0.0009$: a difference of 0.1 % between two runs is
# about one standard error (paired differences are tighter), which is why the study uses several seeds.

# %% [markdown]
# ## 14 · Further reading
#
# - Y. LeCun, L. Bottou, Y. Bengio and P. Haffner, *Gradient-based learning applied to document recognition*,
#   Proceedings of the IEEE 86 (1998) 2278–2324: LeNet-5 and MNIST.
# - K. Fukushima, *Neocognitron*, Biological Cybernetics 36 (1980) 193–202.
# - S. Marčelja, *Mathematical description of the responses of simple cortical cells*, J. Opt. Soc. Am. 70 (1980).
# - The lecture's link, a network to click through: <https://poloclub.github.io/cnn-explainer/>

# %%
lab.progress()
