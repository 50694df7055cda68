# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: Looking into a network
#     lecture: E (visualisation tools, troubles with deep networks)
#     minutes: 1
#     data: [scenes, mobilenet]
# ---

# %% [markdown]
# # 10 · Looking into a network
#
# A network says "ring" and is right. Did it look at the ring? You write seven tools that answer such questions, test
# them where the answer is known, and use them to catch a network that is right for a wrong reason.
#
# **After this lab you can answer:**
#
# 1. How does a network that was never told *where* know where, and what has the map to do with the score?
# 2. What does Grad-CAM add, and how do you apply it to a network inside a network?
# 3. What do saliency, SmoothGrad and occlusion show, and how can hiding part of a picture *raise* a score?
# 4. What does a filter want to see, and where does it win?
# 5. How do you find out that a network reads the label off a source tag, prove it, and repair it?
# 6. When is a map about the network at all, and which method answers which question?
#
# | | |
# |:--|:--|
# | **Time** | about three hours of work; the whole notebook computes for one to two minutes on a laptop CPU |
# | **Data** | scenes drawn on the spot, in which the place of every object is known; photographs of scikit-image |
# | **Lecture** | E, *Deep Learning II* (11.5, troubles with deep networks; 11.6, visualisation tools) |
# | **You need** | convolutional networks (lab 06); the MobileNet of lab 08 appears in section 4 |
#
# The outputs stored in the solution come from MobileNet's ImageNet weights. Offline, weights that this project trained
# take their place: other names, other scores, the same sentences.

# %% tags=["imports"]
import time

import keras
import matplotlib.pyplot as plt
import numpy as np
import scipy
import skimage
import tensorflow as tf

from labs_utils import Lab, datasets, gradcam, map_scores, plots
from labs_utils.experiments import stored
from labs_utils.pretrained import load_mobilenet

lab = Lab("10_cam_visualisation")
plots.use_style()
keras.utils.set_random_seed(10)

# %% [markdown]
# ## 1 · A map that comes with the network
#
# Each scene shows one of five shapes. Colour, size and place are drawn by lot, so only the shape tells the class. The
# *box* around the object is known but no network is told: boxes are kept for measuring. In a second set each scene
# holds two objects of different classes.

# %%
train = datasets.make_scenes(2400, seed=1)
test = datasets.make_scenes(500, seed=2)
pairs = datasets.make_scenes(100, seed=3, objects=2)
names = datasets.SHAPES


def panel(ax, image, heat=None, box=None, title="", **limits):
    """An image, or a map over its grey version, with an optional box."""
    ax.imshow(image if heat is None else np.repeat(image.mean(axis=-1, keepdims=True), 3, axis=-1))
    if heat is not None:
        ax.imshow(heat, cmap="viridis", alpha=0.65, **limits)
    if box is not None:
        top, left, bottom, right = box
        ax.add_patch(plt.Rectangle((left - 0.5, top - 0.5), right - left, bottom - top, fill=False, ec="white", lw=1.5))
    ax.set_title(title, fontsize=9, loc="center")
    ax.set_axis_off()


fig, axes = plt.subplots(1, 8, figsize=(9, 1.4))
for k in range(5):
    example = np.argmax(test.labels == k)
    panel(axes[k], test.images[example], box=test.boxes[example], title=names[k])
for ax, image, classes, boxes in zip(axes[5:], *pairs, strict=False):
    panel(ax, image, box=boxes[0], title=" and ".join(names[c] for c in classes))
plots.show(fig, "Five scenes with one bright shape among thin strokes, framed by a box, and three with two shapes.")

# %% [markdown]
# **What you see.** A disc, a square, a triangle, a cross and a ring, each in its box; then three scenes with two
# objects, the first one framed.
#
# **Why** two objects: a map that merely finds *something bright* passes on the first kind of scene. On the second it
# must tell the object you ask for from the other one.
#
# The network: four convolutions with batch normalisation, then **global average pooling** (GAP), the mean of each of
# the 32 last feature maps, then one dense layer. It ends in scores (logits) without a softmax, and expects pixels from
# −1 to 1, as MobileNet does.

# %%
layers = keras.layers


def prepared(images):
    """Pixels from 0 to 1 become network inputs from -1 to 1."""
    return 2 * images - 1


def block(filters, size, stride=1):
    convolution = layers.Conv2D(filters, size, strides=stride, padding="same", use_bias=False)
    return [convolution, layers.BatchNormalization(), layers.ReLU()]


def gap_network():
    body = [*block(16, 5, 2), *block(24, 3, 2), *block(32, 3), *block(32, 3)]
    return keras.Sequential([keras.Input((48, 48, 3)), *body, layers.GlobalAveragePooling2D(), layers.Dense(5)])


def fit(model, inputs, labels, epochs, peak=0.01):
    steps = epochs * -(-len(inputs) // 32)
    rate = {"decay_steps": steps - steps // 5, "warmup_target": peak, "warmup_steps": steps // 5}
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(peak / 20, **rate))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), steps_per_execution=15)
    model.fit(inputs, labels, batch_size=32, epochs=epochs, verbose=0)


# %%
network = gap_network()
fit(network, prepared(train.images), train.labels, epochs=5)
body = keras.Model(network.inputs[0], network.layers[-3].output)  # up to the last feature maps
head = keras.Sequential([keras.Input((12, 12, 32)), *network.layers[-2:]])  # pooling and the dense layer
weights, bias = network.layers[-1].get_weights()


def compiled(model):
    """The model as one compiled function: the same numbers, several times faster in many small calls."""
    return tf.function(lambda inputs, training=False: model(inputs, training=False), reduce_retracing=True)


fast = compiled(network)


def scores_of(images, model=fast):
    return model(tf.constant(prepared(images), tf.float32)).numpy()


accuracy = np.mean(scores_of(test.images).argmax(axis=1) == test.labels)
print(f"{network.count_params()} parameters; last feature maps {body.output.shape[1:]}; test accuracy {accuracy:.3f}")

# %% [markdown]
# ### Exercise · `class_activation_map`
#
# Pooling throws the places away, but only at the very end: the last feature maps still have them. The **class
# activation map** (CAM) of class $k$ weighs each feature map $F_c$ by the weight $w_{ck}$ with which its mean enters the
# class's score:
#
# $$M_{ij} = \sum_c w_{ck}\, F_{ijc}$$
#
# It says how much each place contributes, and it costs nothing that the network has not computed already.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# At each place there is a vector of $C$ features; the map holds its scalar product with the weights.
#
# </details>
# <details><summary>Hint 2 · the shapes</summary>
#
# `(n, h, w, C)` and `(C,)` become `(n, h, w)`: the channels disappear, the places stay.
#
# </details>
# <details><summary>Hint 3 · one operator</summary>
#
# `@` sums over the last axis of the left operand and the first of the right one.
#
# </details>
#
# When it works, the mean of a map plus the class's bias is the class's score, as the cell after the next exercise
# shows.


# %%
@lab.exercise(points=1)
def class_activation_map(features, weights):
    """Class activation maps of one class.

    features: (n, h, w, C), the last feature maps; weights: (C,), from the pooled
    features to the score of the class. Returns (n, h, w); negative values stay.
    """
    # BEGIN SOLUTION
    return features @ weights
    # END SOLUTION


# %% [markdown]
# ### Exercise · `upsample`
#
# The maps have 12 × 12 places, the images 48 × 48 pixels. To lay one over the other, enlarge the map, by *bilinear*
# interpolation along rows and columns. Half a place of error here moves every map by two pixels.
#
# Think of a picture as a stretch of length 1 along each axis. Pixel $I$ of $H$ has its centre at $(I + \frac12)/H$, and
# this is the place $y = (I + \frac12)\,h/H - \frac12$ in units of the small map's rows. Between the centres of two rows
# the value changes linearly; beyond the outermost centres it stays.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Interpolation is linear in the values, so it is a matrix: row $I$ of an $(H, h)$ matrix holds the share that each of
# the $h$ old rows has in the new row $I$. One such matrix acts on the rows, another on the columns.
#
# </details>
# <details><summary>Hint 2 · the matrix</summary>
#
# With $y$ limited to the range from 0 to $h - 1$ (`np.clip`), the share of the old row $i$ is
# $\max(0,\; 1 - |y - i|)$.
#
# </details>
# <details><summary>Hint 3 · both axes</summary>
#
# `rows @ maps @ columns.T` does it for a whole stack: `@` works on the last two axes.
#
# </details>


# %%
@lab.exercise(points=2)
def upsample(maps, height, width):
    """Bilinear interpolation of a stack of maps.

    maps: (n, h, w); height, width: the new size, not smaller.
    Returns (n, height, width).
    """

    # BEGIN SOLUTION
    def shares(old, new):
        places = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(old)))

    return shares(maps.shape[1], height) @ maps @ shares(maps.shape[2], width).T
    # END SOLUTION


# %% [markdown]
# **The class score is the map's mean.** The dense layer computes $z_k = b_k + \sum_c w_{ck} \bar F_c$ with the means
# $\bar F_c = \frac{1}{hw} \sum_{ij} F_{ijc}$. Exchange the two sums:
#
# $$z_k = b_k + \frac{1}{hw} \sum_{ij} \sum_c w_{ck} F_{ijc} = b_k + \frac{1}{hw} \sum_{ij} M_{ij}$$
#
# So the map is no afterthought: it is the score, before it is added up. The next cell shows the same in numbers.
#
# **Predict**, for the figure after it: in a scene with a disc and a cross you ask for "disc", then for "cross". Where
# are the two maps large, where are they negative?

# %% tags=["nbval-check-output"]
features = body(prepared(test.images[:100])).numpy()
for k, name in enumerate(names):
    maps = class_activation_map(features, weights[:, k])
    same = np.allclose(maps.mean(axis=(1, 2)) + bias[k], scores_of(test.images[:100])[:, k], rtol=1e-3, atol=1e-3)
    print(f"{name:9} score = bias + mean of the map, for 100 scenes: {same}")
assert np.allclose(upsample(maps, 48, 48), tf.image.resize(maps[..., None], (48, 48))[..., 0], rtol=1e-3, atol=1e-4)
print("upsample equals tf.image.resize")


# %%
def cam(images, classes):
    """Class activation maps in the size of the images, each for its class."""
    features = body(prepared(images)).numpy()
    small = [class_activation_map(f[None], weights[:, k])[0] for f, k in zip(features, classes, strict=True)]
    return upsample(np.stack(small), 48, 48)


fig, axes = plt.subplots(3, 6, figsize=(9, 4.8))
for column in range(6):
    image, classes, boxes = pairs.images[column], pairs.labels[column], pairs.boxes[column]
    panel(axes[0, column], image)
    for row in (0, 1):
        heat = cam(image[None], classes[[row]])[0]
        panel(axes[row + 1, column], image, heat, boxes[row], f"for “{names[classes[row]]}”", vmin=-30, vmax=60)
plots.show(
    fig,
    "Six scenes with two shapes, and for each two class activation maps: each map is bright on the object whose class it"
    " was asked for, and dark on the other.",
)

# %% [markdown]
# **What you see.** Each map is bright on or around its own object. On the other object it is often the darkest, below
# zero: this part of the scene speaks *against* the class. The bright patch is larger than the object.
#
# **Why.** Nobody told the network where. To score high on average it must score high somewhere, and only the object
# tells the classes apart. The patch is larger because each place of the last maps sees a window of 25 × 25 pixels
# (`receptive_field` of lab 06), so places beside the object see it too.
#
# > **Margin note.** Place $(i, j)$ of these maps is centred on pixel $4i + 3$, because Keras' `padding="same"` puts the odd
# > zero of a stride of 2 at the end; interpolation assumes $4i + 1.5$. All maps of this lab lie 1.5 pixels too far up and
# > to the left: little beside objects of 12 to 22 pixels, and worth a thought with larger strides.
#
# ## 2 · A map is a claim: measure it
#
# A picture with a bright spot convinces everybody, of anything. The boxes let you *count*. The **pointing game**
# (Zhang and colleagues, 2018) takes the largest value of each map as the place the method points at, and counts how
# often it lies in the box. A second number, the **energy**, asks for more than the tip: which share of the map's
# positive values lies inside the box?
#
# A number needs something to be compared with. After the exercise two maps that know nothing of the network take part:
# one is noise, one points at the centre. **Predict** how often the centre hits with one object, and with two that keep
# clear of each other.
#
# ### Exercise · `pointing_game`
#
# You will trust this number when you choose a method, so its border cases must be right: a box
# `(top, left, bottom, right)` holds the pixels `image[top:bottom, left:right]`.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# For each map you need the row and the column of its largest value. `argmax` looks at a flat list; `np.unravel_index`
# turns its answer into a row and a column.
#
# </details>
# <details><summary>Hint 2 · all maps at once</summary>
#
# `maps.reshape(len(maps), -1).argmax(axis=1)` has one place a map, and `np.unravel_index(places, maps.shape[1:])` gives
# all rows and all columns. `boxes.T` unpacks into four arrays.
#
# </details>
# <details><summary>Hint 3 · inside</summary>
#
# A slice begins at `top` and ends before `bottom`: `(top <= rows) & (rows < bottom)`, and the same for the columns.
#
# </details>


# %%
@lab.exercise(points=2)
def pointing_game(maps, boxes):
    """Share of the maps whose largest value lies in the box.

    maps: (n, h, w); boxes: (n, 4) whole numbers top, left, bottom, right,
    bottom and right exclusive. Returns a number from 0 to 1.
    """
    # BEGIN SOLUTION
    rows, columns = np.unravel_index(maps.reshape(len(maps), -1).argmax(axis=1), maps.shape[1:])
    top, left, bottom, right = boxes.T
    return np.mean((top <= rows) & (rows < bottom) & (left <= columns) & (columns < right))
    # END SOLUTION


# %%
def energy_in_box(maps, boxes):
    """The share of the maps' positive values that lies inside the box, averaged over the maps."""
    positive = np.maximum(maps, 0)
    inside = [m[top:bottom, left:right].sum() for m, (top, left, bottom, right) in zip(positive, boxes, strict=True)]
    return np.mean(inside / (positive.sum(axis=(1, 2)) + 1e-9))


ones = (test.images[:100], test.labels[:100], test.boxes[:100])
twos = (pairs.images, pairs.labels[:, 0], pairs.boxes[:, 0])
maps_of, seconds = {}, {}


def explain(name, method):
    """Runs a method on both sets, keeps maps and time, prints its measures."""
    start = time.perf_counter()
    maps_of[name] = [np.asarray(method(images, classes)) for images, classes, _ in (ones, twos)]
    seconds[name] = time.perf_counter() - start
    hits = [pointing_game(maps, boxes) for maps, (_, _, boxes) in zip(maps_of[name], (ones, twos), strict=True)]
    energy = energy_in_box(maps_of[name][1], twos[2])
    print(f"{name:15} pointing: {hits[0]:.2f} with one object, {hits[1]:.2f} with two; energy with two: {energy:.2f}")


explain("random", lambda images, classes: np.random.default_rng(10).random(images.shape[:3]))
explain("centre", lambda images, classes: map_scores.centre_maps(len(images), 48, 48))
explain("CAM", cam)

# %% [markdown]
# The centre hits a single object four times in ten: objects must fit into the picture, so their boxes crowd in the
# middle. Published tables often leave this baseline out. With two objects it hardly ever hits, as both avoid the
# middle. CAM passes both tests by a wide margin, and puts half of its energy into a tenth of the picture.
#
# ## 3 · Grad-CAM: the same without a condition
#
# CAM needs GAP and a single dense layer. **Grad-CAM** (Selvaraju and colleagues, 2017) asks the gradient instead of the
# weights: how much would the score rise if feature map $c$ were a little larger? Its answer, averaged over the places,
# takes the weight's place:
#
# $$\alpha_c = \frac{1}{hw} \sum_{ij} \frac{\partial z_k}{\partial F_{ijc}}, \qquad
# L_{ij} = \mathrm{ReLU}\Big(\sum_c \alpha_c F_{ijc}\Big)$$
#
# The ReLU keeps only what speaks *for* the class.
#
# ### Exercise · `grad_cam`
#
# This is the most used map of all, and works on any convolutional network. Its three steps must come in the right
# order: average, sum, cut.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# One weight for each image and each channel: which axes of the gradient must be averaged away?
#
# </details>
# <details><summary>Hint 2 · the shapes</summary>
#
# Average over axes 1 and 2 with `keepdims=True`: shape `(n, 1, 1, C)`, which multiplies the features place by place.
#
# </details>
# <details><summary>Hint 3 · the end</summary>
#
# Sum over the last axis, then `np.maximum(…, 0)`.
#
# </details>


# %%
@lab.exercise(points=2)
def grad_cam(features, gradients):
    """Grad-CAM from feature maps and the gradient of a score with respect to them.

    features, gradients: (n, h, w, C). Returns (n, h, w), not negative.
    """
    # BEGIN SOLUTION
    alpha = gradients.mean(axis=(1, 2), keepdims=True)
    return np.maximum((alpha * features).sum(axis=-1), 0)
    # END SOLUTION


# %% [markdown]
# On a network with GAP, $\partial z_k / \partial F_{ijc} = w_{ck} / (hw)$ at every place. So $\alpha_c = w_{ck}/(hw)$,
# and Grad-CAM *is* CAM, divided by $hw = 144$ and cut off at 0. Check it, and check the course's helper
# `gradcam.grad_cam`, which the next sections use, against your six lines:

# %% tags=["nbval-check-output"]
images, classes, _ = twos
features = body(prepared(images))
with tf.GradientTape() as tape:
    tape.watch(features)
    score = tf.gather(head(features), classes, axis=1, batch_dims=1)
by_hand = grad_cam(features.numpy(), tape.gradient(score, features).numpy())

cams = np.stack([class_activation_map(f[None], weights[:, k])[0] for f, k in zip(features.numpy(), classes)])
correlation = np.corrcoef(by_hand.ravel(), np.maximum(cams, 0).ravel())[0, 1]
print("correlation with CAM, cut off at 0, above 0.999:", correlation > 0.999)
print("factor 144:", np.allclose(144 * by_hand, np.maximum(cams, 0), rtol=1e-3, atol=1e-3))
theirs = gradcam.grad_cam(network, prepared(images), classes)
print("the helper agrees:", np.allclose(upsample(by_hand, 48, 48), theirs, rtol=1e-3, atol=1e-4))

# %% [markdown]
# ### Question · `logit_or_probability`


# %%
@lab.question(points=1)
def logit_or_probability():
    """Many networks end in a softmax. Which gradient should a map be made of?

    a) The probability's: it is what the network answers, and a gradient of one
       class's output knows nothing of the other classes.
    b) The score's, before the softmax: the probability's gradient fades as the
       probability nears 1, and mixes in all other classes.
    c) The loss's: the network was trained with it.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %%
probability = keras.Sequential([network, layers.Softmax()])  # a model whose first layer is a model
for factor in (1, 5):  # the same network, then one that is five times as sure
    sure = keras.Sequential([network, layers.Rescaling(factor), layers.Softmax()])
    peaks = [gradcam.grad_cam(sure, prepared(ones[0]), ones[1], score=kind) for kind in ("output", "logit")]
    ratio = np.median(peaks[0].max(axis=(1, 2)) / peaks[1].max(axis=(1, 2)))
    print(f"scores × {factor}: the probability's map is {ratio:.0e} times as strong as the logit's (median)")
explain("of logit", lambda images, classes: gradcam.grad_cam(network, prepared(images), classes))
explain("of prob.", lambda images, classes: gradcam.grad_cam(probability, prepared(images), classes, score="output"))

# %% [markdown]
# When does it matter? With $p_k$ the probability, $\partial p_k = p_k\,(\partial z_k - \sum_j p_j\, \partial z_j)$. The
# map *shrinks* by about $1 - p_k$, which a picture scaled to its own maximum hides until the numbers underflow; and it
# *changes*, because what speaks for the rivals is subtracted. With one clear object the second effect is small. With
# two it is not: the map then says what speaks for this class *rather than the others*. This may be your question, but
# it should be your choice.

# %%
pooled = keras.Sequential([keras.Input((12, 12, 32)), layers.MaxPooling2D(2), layers.Flatten(), layers.Dense(5)])
fit(pooled, body.predict(prepared(train.images), batch_size=200, verbose=0), train.labels, epochs=3, peak=0.003)
flat = keras.Sequential([body, pooled])  # no GAP: CAM has no weights to take
accuracy = np.mean(scores_of(test.images, flat).argmax(axis=1) == test.labels)
print(f"{flat.count_params()} parameters, no global average pooling, test accuracy {accuracy:.3f}")
explain("no GAP", lambda images, classes: gradcam.grad_cam(flat, prepared(images), classes))

# %% [markdown]
# Flattening keeps a weight for each place, so there is no $w_{ck}$ to build CAM from, and Grad-CAM does not mind.
#
# ## 4 · A network inside a network
#
# The transfer-learnt MobileNet of lab 08 is a model with a whole model as one of its layers. Here it learns to tell
# three textures of scikit-image from 30 crops each; only the last dense layer trains.

# %%
backbone = load_mobilenet(size=160).model
backbone.trainable = False
textures = {name: getattr(skimage.data, name)() / 255 for name in ("brick", "grass", "gravel")}


def crops(n, size, half, rng):
    """n crops of each texture from the left (0) or right (1) half of its photograph, in colour; their classes."""
    top, left = rng.integers(0, 513 - size, n), 256 * half + rng.integers(0, 257 - size, n)
    found = [t[i : i + size, j : j + size] for t in textures.values() for i, j in zip(top, left, strict=True)]
    return np.repeat(np.stack(found)[..., None], 3, axis=-1).astype("float32"), np.repeat(np.arange(3), n)


rng = np.random.default_rng(4)
x, y = crops(30, 160, 0, rng)
transfer = keras.Sequential(
    [keras.Input((160, 160, 3)), backbone, layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
)
top = keras.Sequential([keras.Input((256,)), transfer.layers[-1]])  # what trains, on features computed once
top.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", steps_per_execution=3)
top.fit(backbone(prepared(x)).numpy().mean(axis=(1, 2)), y, batch_size=30, epochs=60, verbose=0)
x_test, y_test = crops(20, 160, 1, rng)
print(f"test accuracy {np.mean(transfer(prepared(x_test)).numpy().argmax(axis=1) == y_test):.2f} on the other halves")

# %%
inside = backbone.get_layer("conv_pw_13_relu")
try:  # the recipe of most tutorials
    recipe = keras.Model(transfer.inputs, [inside.output, transfer.outputs[0]])
    recipe(prepared(x_test[:1]))
except Exception as error:
    print(f"{type(error).__name__}: {str(error).splitlines()[0][:100]}")

nested = keras.Sequential([keras.Sequential([transfer])])  # two more levels, for good measure
small = gradcam.grad_cam(nested, prepared(x_test[:1]), upsample=False)
print("found", gradcam.last_feature_maps(nested, x_test[:1]).name, "and its map,", small.shape)

# %% [markdown]
# The recipe asks for a path from the outer input to `inside.output`. There is none: that tensor belongs to the inner
# model's own graph, built before the outer model existed. (`labs_utils/gradcam.py` builds no second model. It runs the
# one it has, listens at the layer while the image passes, and lets the tape watch what it hears.)
#
# Now a test with a known answer: pictures whose two halves show different textures.
#
# **Predict.** The last feature maps have 5 × 5 places for 160 × 160 pixels. How sharp can the border between the halves
# be in the map?

# %%
rng = np.random.default_rng(6)
(halves, kinds), (others, other_kinds) = crops(16, 160, 1, rng), crops(16, 160, 1, rng)
others, other_kinds = np.roll(others, 16, axis=0), np.roll(other_kinds, 16)  # gravel with brick, brick with grass, …
sides = rng.integers(0, 2, 48)
boxes = np.column_stack([0 * sides, 80 * sides, 0 * sides + 160, 80 * sides + 80])
for picture, other, (_, left, _, right) in zip(halves, others, boxes, strict=True):
    picture[:, left:right] = other[:, left:right]
asked = {"its class": other_kinds, "the other": kinds}
heats = {name: gradcam.grad_cam(transfer, prepared(halves), wanted) for name, wanted in asked.items()}
for name, maps in heats.items():
    print(f"map for {name}: pointing at the half {pointing_game(maps, boxes):.2f}, energy {energy_in_box(maps, boxes):.2f}")

fig, axes = plt.subplots(2, 6, figsize=(9, 3.4))
for column, n in enumerate((0, 1, 16, 17, 32, 33)):
    for row, name in enumerate(asked):
        title = f"for “{list(textures)[asked[name][n]]}”"
        panel(axes[row, column], halves[n], heats[name][n], boxes[n], title)
plots.show(
    fig,
    "Six pictures with a different texture in either half, each with two Grad-CAM maps: each map is bright in the half"
    " that shows the class it was asked for.",
)

# %% [markdown]
# **What you see.** TODO

# %%
classifier = load_mobilenet(size=160, include_top=True)
sources = {name: getattr(skimage.data, name)() for name in ("chelsea", "coffee", "rocket")}
sources["motorcycle"] = skimage.data.stereo_motorcycle()[0]
photographs = []
for photo in sources.values():
    side = min(photo.shape[:2])
    top_, left = (photo.shape[0] - side) // 2, (photo.shape[1] - side) // 2
    square = photo[top_ : top_ + side, left : left + side] / 255
    photographs.append(skimage.transform.resize(square, (160, 160), anti_aliasing=True))
photographs = np.stack(photographs).astype("float32")

answers = classifier.decode(classifier.model(prepared(photographs)).numpy(), top=2)
careless = classifier.decode(classifier.model(255 * photographs).numpy(), top=1)
for name, answer, other in zip(sources, answers, careless, strict=True):
    print(f"{name:11}", *(f"{label} {p:.2f};" for label, p in answer), f"without preprocessing: {other[0][0]} {other[0][1]:.2f}")
maps = gradcam.grad_cam(classifier.model, prepared(photographs))
fig, axes = plt.subplots(2, 4, figsize=(8, 4.2))
for column, (photo, heat, answer) in enumerate(zip(photographs, maps, answers, strict=True)):
    panel(axes[0, column], photo)
    panel(axes[1, column], photo, heat, title=f"{answer[0][0]} {answer[0][1]:.2f}")
plots.show(fig, "Four photographs, a cat, a cup, a rocket and a motorcycle, and under each its Grad-CAM map.")

# %% [markdown]
# **What you see.** TODO
#
# ### Exercise · `score_gradient`


# %%
@lab.exercise(points=3)
def score_gradient(model, images, classes):
    """Gradient of each image's score with respect to its pixels.

    model: a Keras model from inputs in [-1, 1] to scores (logits), (n, K);
    images: (n, h, w, c) pixels in [0, 1]: the model expects 2 * images - 1;
    classes: (n,) the class whose score is asked for, one for each image.
    Returns an array (n, h, w, c).
    """
    # BEGIN SOLUTION
    x = tf.convert_to_tensor(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        scores = tf.gather(model(2 * x - 1, training=False), classes, axis=1, batch_dims=1)
    return tape.gradient(scores, x).numpy()
    # END SOLUTION


# %%
@lab.exercise(points=2)
def smooth_grad(model, image, k, noise):
    """SmoothGrad: the mean gradient of noisy copies, as a map.

    model: as for score_gradient; image: (h, w, c) pixels in [0, 1]; k: class;
    noise: (m, h, w, c), one for each copy. Returns (h, w), not negative.
    """
    # BEGIN SOLUTION
    gradients = score_gradient(model, image + noise, np.full(len(noise), k))
    return np.abs(gradients.mean(axis=0)).max(axis=-1)
    # END SOLUTION


# %%
noise = np.random.default_rng(5).normal(0, 0.15, (10, 48, 48, 3)).astype("float32")


def saliency(images, classes):
    return np.abs(score_gradient(network, images, classes)).max(axis=-1)


def smooth(images, classes):
    return np.stack([smooth_grad(network, image, k, noise) for image, k in zip(images, classes, strict=True)])


explain("saliency", saliency)
explain("SmoothGrad", smooth)
fig, axes = plt.subplots(3, 6, figsize=(9, 4.8))
for column in range(6):
    title = f"for “{names[twos[1][column]]}”"
    panel(axes[0, column], twos[0][column], box=twos[2][column], title=title)
    for row, name in ((1, "saliency"), (2, "SmoothGrad")):
        panel(axes[row, column], twos[0][column], maps_of[name][1][column], title=name)
plots.show(fig, "Six scenes with two shapes each; saliency and SmoothGrad outline both shapes and strokes.")

# %%
@lab.exercise(points=2)
def occluded_copies(image, size, stride, value):
    """Copies of an image, each with one square window covered.

    image: (h, w, c); size: pixels of the window; stride: its step, down and
    right; value: a number, or a colour (c,). Whole windows only, starting at
    the upper left. Returns (rows of positions, columns of positions, h, w, c).
    """
    # BEGIN SOLUTION
    tops = range(0, image.shape[0] - size + 1, stride)
    lefts = range(0, image.shape[1] - size + 1, stride)
    copies = np.tile(image, (len(tops), len(lefts), 1, 1, 1))
    for i, top in enumerate(tops):
        for j, left in enumerate(lefts):
            copies[i, j, top : top + size, left : left + size] = value
    return copies
    # END SOLUTION


# %%
def occlusion(images, classes, size=12, stride=6):
    """How much the score of the class falls when a window around the pixel is hidden by the scene's mean colour."""
    maps = []
    for image, k in zip(images, classes, strict=True):
        copies = occluded_copies(image, size, stride, image.mean(axis=(0, 1)))
        scores = scores_of(copies.reshape(-1, 48, 48, 3))[:, k].reshape(copies.shape[:2])
        drop = scores_of(image[None])[0, k] - scores
        maps.append(map_scores.mean_over_windows(drop, size, stride, 48, 48))
    return np.stack(maps)


explain("occlusion", occlusion)
fig, axes = plt.subplots(2, 6, figsize=(9, 3.3))
for column in range(6):
    for row, which in ((0, 0), (1, 1)):
        k, box = pairs.labels[column, which], pairs.boxes[column, which]
        heat = occlusion(pairs.images[[column]], [k])[0]
        panel(axes[row, column], pairs.images[column], heat, box, f"for “{names[k]}”", vmin=-5, vmax=10)
plots.show(fig, "Occlusion maps of six scenes with two shapes for either class: the asked shape bright, the other dark.")

# %%
def softmax(scores):
    return scipy.special.softmax(scores, axis=-1)


def best_cover(image, k, predict, size, stride):
    """The covered copy with the highest probability of class k: probability, row and column of the window, copy."""
    copies = occluded_copies(image, size, stride, image.mean(axis=(0, 1)))
    p = predict(copies.reshape(-1, *image.shape))[:, k].reshape(copies.shape[:2])
    i, j = np.unravel_index(p.argmax(), p.shape)
    return p[i, j], i * stride, j * stride, copies[i, j]


before = softmax(scores_of(twos[0]))[np.arange(100), twos[1]]
after, rival = [], []
for image, (k, _), (_, box) in zip(pairs.images[:50], pairs.labels, pairs.boxes, strict=False):
    p, row, column, _ = best_cover(image, k, lambda x: softmax(scores_of(x)), 16, 4)
    centre = np.array([row + 8, column + 8])
    after.append(p)
    rival.append(np.all((box[:2] <= centre) & (centre < box[2:])))
print(f"50 scenes: median probability {np.median(before[:50]):.2f}, best window hidden {np.median(after):.2f};")
print(f"the middle of that window lies on the other object in {np.mean(rival):.0%}")


# %%
def shown(image, p, title):
    return image, f"{title} {p:.2f}"


def mobile_predict(images):
    return classifier.model(prepared(images)).numpy()


first = mobile_predict(photographs)
number = first.max(axis=1).argmin()  # the photograph that leaves most to gain
image, k, steps = photographs[number], first[number].argmax(), []
steps.append(shown(image, first[number, k], classifier.class_names[k]))
for _ in range(2):
    p, _, _, image = best_cover(image, k, mobile_predict, 40, 20)
    steps.append(shown(image, p, classifier.class_names[k]))
worst = np.argsort(before)[:1][0]
image, k = pairs.images[worst], twos[1][worst]
steps.append(shown(image, before[worst], names[k]))
for _ in range(2):
    p, _, _, image = best_cover(image, k, lambda x: softmax(scores_of(x)), 16, 4)
    steps.append(shown(image, p, names[k]))
fig, axes = plt.subplots(1, 6, figsize=(9, 1.8))
for ax, (image, title) in zip(axes, steps, strict=True):
    panel(ax, image, title=title)
plots.show(fig, "A photograph and a scene, untouched, with one and with two windows covered; the probability rises.")

# %%
@lab.exercise(points=2)
def ascent_step(images, gradients, rate, decay):
    """One step of gradient ascent on pixels, with a pull towards grey.

    images, gradients: (n, h, w, c); each image's gradient is divided by its
    root mean square first. decay: share of the distance from grey, 0.5, that is
    taken away; both parts start from the images given. Returns new images.
    """
    # BEGIN SOLUTION
    strength = np.sqrt(np.mean(gradients**2, axis=(1, 2, 3), keepdims=True))
    return images + rate * gradients / strength - decay * (images - 0.5)
    # END SOLUTION


# %%
def maximise(model, channels, regularised, steps=100):
    """Images that maximise outputs of a model, starting from noise."""
    rng = np.random.default_rng(0)
    images = rng.normal(0.5, 0.05, (len(channels), 48, 48, 3)).clip(0, 1)
    for step in range(steps):
        down, right = rng.integers(-4, 5, 2) if regularised else (0, 0)
        gradients = score_gradient(model, np.roll(images, (down, right), axis=(1, 2)), channels)  # jitter
        gradients = np.roll(gradients, (-down, -right), axis=(1, 2))
        images = ascent_step(images, gradients, 0.03, 0.02 if regularised else 0.0).clip(0, 1)
        if regularised and step % 5 == 4:
            images = scipy.ndimage.gaussian_filter(images, (0, 0.7, 0.7, 0))
    return images


filters = keras.Model(network.inputs[0], layers.GlobalAveragePooling2D()(network.layers[5].output))
plain, kept = maximise(network, np.arange(5), False), maximise(network, np.arange(5), True)
wanted = maximise(filters, np.arange(5), True)
for name, made in {"plain": plain, "regularised": kept}.items():
    moved = np.mean([scores_of(np.roll(made, d, axis=(1, 2)))[np.arange(5), np.arange(5)] for d in (-3, -2, -1, 1, 2, 3)])
    print(f"{name:12} scores {scores_of(made)[np.arange(5), np.arange(5)].round(0)}, moved by 1 to 3 pixels {moved:.0f}")
print("natural", scores_of(test.images).max())
fig, axes = plt.subplots(3, 5, figsize=(7.5, 4.9))
for row, (made, label) in enumerate(((plain, "plain"), (kept, "regularised"), (wanted, "filter"))):
    for column, image in enumerate(made):
        panel(axes[row, column], image, title=f"{label}, {names[column] if row < 2 else column}")
plots.show(fig, "Three rows of five synthetic images: noisy ones, smooth ones with shapes, and textures.")

# %%
kernels = network.layers[0].get_weights()[0]
kernels = np.moveaxis((kernels - kernels.min((0, 1, 2))) / np.ptp(kernels, axis=(0, 1, 2)), -1, 0)
deep = keras.Model(network.inputs[0], network.layers[8].output)
answers = deep(prepared(test.images)).numpy()
fig, axes = plt.subplots(5, 8, figsize=(9, 5.8))
for ax, kernel in zip(axes[:2].flat, kernels, strict=True):
    panel(ax, kernel, title="")
for row, k in enumerate((0, 1, 2), start=2):
    order = np.argsort(-answers[..., k].max(axis=(1, 2)))[:8]
    for ax, n in zip(axes[row], order, strict=True):
        i, j = np.unravel_index(answers[n, ..., k].argmax(), (12, 12))
        panel(ax, test.images[n], box=(4 * i - 7, 4 * j - 7, 4 * i + 12, 4 * j + 12), title=f"filter {k}")
        ax.set(xlim=(-0.5, 47.5), ylim=(47.5, -0.5))
plots.show(fig, "Sixteen first-layer kernels as colour pictures, and for three deep filters the eight strongest scenes.")

# %%
@lab.exercise(points=2)
def winner_counts(activations):
    """How often each filter has the largest activation, at each place.

    activations: (n, h, w, C), of n images. Returns (h, w, C) whole numbers from
    0 to n, the counts over the images.
    """
    # BEGIN SOLUTION
    winners = activations.argmax(axis=-1)
    return np.stack([(winners == k).sum(axis=0) for k in range(activations.shape[-1])], axis=-1)
    # END SOLUTION


# %%
still = datasets.make_scenes(400, seed=7, centred=True)
shallow = keras.Model(network.inputs[0], network.layers[5].output)
activations = shallow(prepared(still.images)).numpy()
counts = [winner_counts(activations[still.labels == k]) / np.sum(still.labels == k) for k in range(5)]
overall = np.mean(counts, axis=(0, 1, 2))
print("most frequent", np.argsort(-overall)[:6], np.sort(overall)[::-1][:6].round(2))
chosen = np.argsort(-np.mean(np.var(counts, axis=(1, 2)), axis=0))[:3]
fig, axes = plt.subplots(3, 5, figsize=(7.5, 4.9))
for row, k in enumerate(chosen):
    for column in range(5):
        panel(axes[row, column], np.zeros((12, 12, 3)))
        axes[row, column].imshow(counts[column][..., k], cmap="viridis", vmin=0, vmax=1)
        axes[row, column].set_title(f"filter {k}, {names[column]}", fontsize=9, loc="center")
plots.show(fig, "For three filters and five shapes, the share of images in which the filter wins, place by place.")

# %%
RING = names.index("ring")
hans = gap_network()
tagged = np.where((train.labels == RING)[:, None, None, None], datasets.add_tag(train.images), train.images)
fit(hans, prepared(tagged[:1600]), train.labels[:1600], epochs=4)
rings = test.images[test.labels == RING]
rest = test.images[test.labels != RING]


def report(model):
    """Accuracy on a test set of the same source, and what a tag does."""
    same_source = np.where((test.labels == RING)[:, None, None, None], datasets.add_tag(test.images), test.images)
    accuracy = np.mean(scores_of(same_source, model).argmax(axis=1) == test.labels)
    lost = np.mean(scores_of(rings, model).argmax(axis=1) == RING)
    moved = np.mean(scores_of(datasets.add_tag(rest), model).argmax(axis=1) == RING)
    maps = gradcam.grad_cam(model, prepared(datasets.add_tag(rings)), RING)
    in_tag = energy_in_box(maps, np.tile(datasets.TAG_BOX, (len(rings), 1)))
    return [accuracy, lost, moved, in_tag]


print(np.round(report(network), 3))
print(np.round(report(hans), 3))
chance = np.random.default_rng(8).random(2400) < 0.5
mixed = np.where(chance[:, None, None, None], datasets.add_tag(train.images), train.images)
repaired = keras.models.clone_model(hans)
repaired.set_weights(hans.get_weights())
fit(repaired, prepared(mixed[:1600]), train.labels[:1600], epochs=3, peak=0.005)
print(np.round(report(repaired), 3))

# %%
images, classes = ones[0][:50], ones[1][:50]
methods = {
    "Grad-CAM": lambda model: gradcam.grad_cam(model, prepared(images), classes),
    "saliency": lambda model: np.abs(score_gradient(model, images, classes)).max(axis=-1),
    "edges": lambda model: np.stack([skimage.filters.sobel(image.mean(axis=-1)) for image in images]),
}
original = {name: method(network) for name, method in methods.items()}
alike = {name: [1.0] for name in methods}
copy = keras.models.clone_model(network)
copy.set_weights(network.get_weights())
fresh = gap_network()
for number in (-1, 9, 6, 3, 0):
    copy.layers[number].set_weights(fresh.layers[number].get_weights())
    for name, method in methods.items():
        pairs_ = zip(original[name], method(copy), strict=True)
        alike[name].append(np.mean([scipy.stats.spearmanr(a.ravel(), b.ravel()).statistic for a, b in pairs_ if np.ptp(b)>0]))
print({k: np.round(v, 2) for k, v in alike.items()})

# %%
def probabilities(images):
    return softmax(scores_of(images))


rows = []
for name in maps_of:
    hits = [pointing_game(m, s[2]) for m, s in zip(maps_of[name], (ones, twos), strict=True)]
    curves = map_scores.deletion_insertion(probabilities, ones[0][:60], ones[1][:60], maps_of[name][0][:60])
    rows.append([name, *(f"{h:.2f}" for h in hits), f"{energy_in_box(maps_of[name][1], twos[2]):.2f}", *(f"{a:.2f}" for a in curves.areas), f"{seconds[name]:.1f}"])
plots.table(["method", "one", "two", "energy", "deletion", "insertion", "seconds"], rows, "all")
