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
#     data: [scenes, textures, mobilenet]
# ---

# %% [markdown]
# # 10 · Looking into a network
#
# A network says "ring" and is right. Did it look at the ring? You write the tools that answer such questions, test
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
# | **Data** | scenes drawn on the spot, in which the place of every object is known; photographs of scikit-image |
# | **Lecture** | E, *Deep Learning II* (11.5, troubles with deep networks; 11.6, visualisation tools) |
# | **You need** | convolutional networks (lab 06); the MobileNet of lab 08 appears in section 4 |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference, so you can always
# read on. Where a cell begins with `prediction = None`, write your own there before you run it: it is printed
# beside the result and never graded.
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
from labs_utils.experiments import all_experiments, stored
from labs_utils.experiments.cam import train as fit
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


examples = [np.argmax(test.labels == k) for k in range(5)]
panels = [
    (test.images[n], None, test.boxes[n], names[k]) for k, n in enumerate(examples)
]
for image, classes, boxes in zip(*(part[:3] for part in pairs), strict=True):
    panels.append((image, None, boxes[0], f"{names[classes[0]]}, {names[classes[1]]}"))
fig = plots.maps.grid(panels, columns=8, size=96)
plots.show(
    fig,
    "Five scenes with one bright shape among thin strokes, framed by a box, and three"
    " with two shapes.",
)

# %% [markdown]
# **What you see.** A disc, a square, a triangle, a cross and a ring, each in its box; then three scenes with two
# objects, the first one framed.
#
# **Why two objects.** A map that merely finds *something bright* passes on the first kind of scene. On the second it
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
    convolution = layers.Conv2D(
        filters, size, strides=stride, padding="same", use_bias=False
    )
    return [convolution, layers.BatchNormalization(), layers.ReLU()]


def gap_network():
    body = [*block(16, 5, 2), *block(24, 3, 2), *block(32, 3), *block(32, 3)]
    return keras.Sequential(
        [
            keras.Input((48, 48, 3)),
            *body,
            layers.GlobalAveragePooling2D(),
            layers.Dense(5),
        ]
    )


# %%
network = gap_network()
fit(network, prepared(train.images), train.labels, epochs=5)
# up to the last feature maps
body = keras.Model(network.inputs[0], network.layers[-3].output)
# pooling and the dense layer
head = keras.Sequential([keras.Input((12, 12, 32)), *network.layers[-2:]])
weights, bias = network.layers[-1].get_weights()


def compiled(model):
    """The model as one compiled function: the same numbers, several times faster in
    many small calls.
    """

    def run(inputs, training=False):
        return model(inputs, training=False)

    return tf.function(run, reduce_retracing=True, autograph=False)


# %%
fast = compiled(network)


def scores_of(images, model=fast):
    return model(tf.constant(prepared(images), tf.float32)).numpy()


accuracy = np.mean(scores_of(test.images).argmax(axis=1) == test.labels)
print(
    f"{network.count_params()} parameters; last feature maps {body.output.shape[1:]};"
    f" test accuracy {accuracy:.3f}"
)

# %% [markdown]
# ### Exercise · `class_activation_map`
#
# Pooling throws the places away, but only at the very end: the last feature maps still have them. The **class
# activation map** (CAM) of class $k$ weighs each feature map $F_c$ by the weight $w_{ck}$ with which its mean enters
# the class's score:
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
#
# When it works, the mean of a map plus the class's bias is the class's score, as the next code cell
# shows.


# %% minutes=5 difficulty=1 kind="core"
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
# **The class score is the map's mean.** The dense layer computes $z_k = b_k + \sum_c w_{ck} \bar F_c$ with the means
# $\bar F_c = \frac{1}{hw} \sum_{ij} F_{ijc}$. Exchange the two sums:
#
# $$z_k = b_k + \frac{1}{hw} \sum_{ij} \sum_c w_{ck} F_{ijc} = b_k + \frac{1}{hw} \sum_{ij} M_{ij}$$
#
# So the map *is* the score, before it is added up. The next cell shows it in numbers.
#
# **Predict**, for the figure after it: in a scene with a disc and a cross you ask for "disc", then for "cross". Where
# are the two maps large, where are they negative?

# %% tags=["nbval-check-output"]
features = body(prepared(test.images[:100])).numpy()
for k, name in enumerate(names):
    maps = class_activation_map(features, weights[:, k])
    same = np.allclose(
        maps.mean(axis=(1, 2)) + bias[k],
        scores_of(test.images[:100])[:, k],
        rtol=1e-3,
        atol=1e-3,
    )
    print(f"{name:9} score = bias + mean of the map, for 100 scenes: {same}")


# %%
def upsample(maps, height, width):
    """Bilinear interpolation of a stack of maps (n, h, w)."""
    return tf.image.resize(maps[..., None], (height, width))[..., 0].numpy()


def cam(images, classes):
    """Class activation maps in the size of the images, each for its class."""
    features = body(prepared(images)).numpy()
    small = [
        class_activation_map(f[None], weights[:, k])[0]
        for f, k in zip(features, classes, strict=True)
    ]
    return upsample(np.stack(small), 48, 48)


shown = [(image, None, None, "") for image in pairs.images[:6]]
for row in (0, 1):
    classes = pairs.labels[:6, row]
    titles = [f"for “{names[k]}”" for k in classes]
    shown += zip(
        pairs.images,
        cam(pairs.images[:6], classes),
        pairs.boxes[:, row],
        titles,
        strict=False,
    )
fig = plots.maps.grid(shown, columns=6, vmin=-30, vmax=60)
plots.show(
    fig,
    "Six scenes with two shapes, and for each two class activation maps: each is"
    " bright on the object whose class it"
    " was asked for, and dark on the other.",
)

# %% [markdown]
# **What you see.** Each map is bright on or around its own object. On the other object it is often the darkest, below
# zero: this part of the scene speaks *against* the class. The bright patch is larger than the object.
#
# **Why.** To score high on average the network must score high somewhere, and only the object tells the classes apart. The patch
# is larger because each place of the last maps sees a window of 25 × 25 pixels
# (`receptive_field` of lab 06), so places beside the object see it too.
#
# > **Margin note.** Place $(i, j)$ of these maps is centred on pixel $4i + 3$, because Keras' `padding="same"` puts
# > the odd zero of a stride of 2 at the end; interpolation assumes $4i + 1.5$. All maps of
# > this lab lie 1.5 pixels too far up and to the left: little beside objects of 12 to 22 pixels.
#
# ## 2 · A map is a claim: measure it
#
# The boxes let you *count*. The **pointing game**
# (Zhang and colleagues, 2018) takes the largest value of each map as the place the method points at, and counts how
# often it lies in the box. A second number, the **energy**, asks for more than the tip: which share of the map's
# positive values lies inside the box?
#
# A number needs something to be compared with. Two maps that know nothing of the network take part: one is noise, one points at the centre. **Predict** how often the
# centre hits with one object, and with two.
#
# ### Exercise · `pointing_game`
#
# Border cases must be right: a box
# `(top, left, bottom, right)` holds the pixels `image[top:bottom, left:right]`.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `argmax` looks at a flat list; `np.unravel_index` turns its answer into a row and a column.
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


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def pointing_game(maps, boxes):
    """Share of the maps whose largest value lies in the box.

    maps: (n, h, w); boxes: (n, 4) whole numbers top, left, bottom, right,
    bottom and right exclusive. Returns a number from 0 to 1.
    """
    # BEGIN SOLUTION
    rows, columns = np.unravel_index(
        maps.reshape(len(maps), -1).argmax(axis=1), maps.shape[1:]
    )
    top, left, bottom, right = boxes.T
    return np.mean(
        (top <= rows) & (rows < bottom) & (left <= columns) & (columns < right)
    )
    # END SOLUTION


# %%
prediction = None  # how often the centre hits a single object, from 0 to 1
ones = (test.images[:100], test.labels[:100], test.boxes[:100])
twos = (pairs.images, pairs.labels[:, 0], pairs.boxes[:, 0])
maps_of, seconds = {}, {}


def explain(name, method):
    """Runs a method on both sets, keeps maps and time, prints its measures."""
    start = time.perf_counter()
    maps_of[name] = [
        np.asarray(method(images, classes)) for images, classes, _ in (ones, twos)
    ]
    seconds[name] = time.perf_counter() - start
    one, two = (
        pointing_game(maps, boxes)
        for maps, (_, _, boxes) in zip(maps_of[name], (ones, twos), strict=True)
    )
    energy = map_scores.energy_in_box(maps_of[name][1], twos[2])
    print(
        f"{name:14} pointing {one:.2f} (one object), {two:.2f} (two), energy"
        f" {energy:.2f} (two)"
    )


explain(
    "random", lambda images, classes: np.random.default_rng(10).random(images.shape[:3])
)
explain("centre", lambda images, classes: map_scores.centre_maps(len(images), 48, 48))
explain("CAM", cam)
lab.compare("centre", prediction, pointing_game(maps_of["centre"][0], ones[2]))

# %% [markdown]
# The centre hits a single object in more than a third of the scenes: objects must fit into the picture, so their boxes
# crowd in the middle. With two objects it hardly ever hits, as they
# leave the middle free. CAM passes both tests by a wide margin.
#
# ## 3 · Grad-CAM: the same without a condition
#
# CAM needs GAP and a single dense layer. **Grad-CAM** (Selvaraju and colleagues, 2017) asks the gradient instead of the
# weights: how much would the score rise if feature map $c$ were a little larger? The answer, averaged over the places,
# takes the weight's place:
#
# $$\alpha_c = \frac{1}{hw} \sum_{ij} \frac{\partial z_k}{\partial F_{ijc}}, \qquad
# L_{ij} = \mathrm{ReLU}\Big(\sum_c \alpha_c F_{ijc}\Big)$$
#
# The ReLU keeps only what speaks *for* the class.
#
# ### Exercise · `grad_cam`
#
# Three steps in the right order: average, sum, cut.
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
#
# When it works: on a network with GAP, $\partial z_k / \partial F_{ijc} = w_{ck} / (hw)$ at every place, so
# $\alpha_c = w_{ck}/(hw)$, and Grad-CAM *is* CAM, divided by $hw = 144$ and cut off at 0. The cell after the exercise
# checks it, and compares the course's helper `gradcam.grad_cam`, which the next sections use, with your lines.


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def grad_cam(features, gradients):
    """Grad-CAM from feature maps and the gradient of a score with respect to them.

    features, gradients: (n, h, w, C). Returns (n, h, w), not negative.
    """
    # BEGIN SOLUTION
    alpha = gradients.mean(axis=(1, 2), keepdims=True)
    return np.maximum((alpha * features).sum(axis=-1), 0)
    # END SOLUTION


# %% tags=["nbval-check-output"]
images, classes, _ = twos
features = body(prepared(images))
with tf.GradientTape() as tape:
    tape.watch(features)
    score = tf.gather(head(features), classes, axis=1, batch_dims=1)
by_hand = grad_cam(features.numpy(), tape.gradient(score, features).numpy())

cams = [
    class_activation_map(f[None], weights[:, k])[0]
    for f, k in zip(features.numpy(), classes, strict=True)
]
cut = np.maximum(cams, 0)
print(
    "correlation with CAM, cut off at 0, above 0.999:",
    np.corrcoef(by_hand.ravel(), cut.ravel())[0, 1] > 0.999,
)
print("factor 144:", np.allclose(144 * by_hand, cut, rtol=1e-3, atol=1e-3))
theirs = gradcam.grad_cam(network, prepared(images), classes)
print(
    "the helper agrees:",
    np.allclose(upsample(by_hand, 48, 48), theirs, rtol=1e-3, atol=1e-4),
)

# %% [markdown]
# ### Question · `logit_or_probability`
#
# What was differentiated here is a score. Most published networks end in a softmax.


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def logit_or_probability():
    """Which gradient should the map of a network that ends in a softmax be
    made of?

    a) The probability's: it is what the network answers, and the gradient of
       one class's output knows nothing of the other classes.
    b) The score's, before the softmax: the probability's gradient fades as the
       probability nears 1, and mixes in all other classes.
    c) The loss's: the network was trained with it.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %%
for factor in (1, 5):  # the same network, then one that is five times as sure
    sure = keras.Sequential([network, layers.Rescaling(factor), layers.Softmax()])
    peaks = [
        gradcam.grad_cam(sure, prepared(ones[0]), ones[1], score=kind)
        for kind in ("output", "logit")
    ]
    ratio = np.median(peaks[0].max(axis=(1, 2)) / peaks[1].max(axis=(1, 2)))
    print(
        f"scores × {factor}: the probability's map is {ratio:.0e} times as strong as"
        " the score's (median)"
    )
probability = keras.Sequential([network, layers.Softmax()])
explain(
    "Grad-CAM",
    lambda images, classes: gradcam.grad_cam(network, prepared(images), classes),
)
explain(
    "… of softmax",
    lambda images, classes: gradcam.grad_cam(
        probability, prepared(images), classes, score="output"
    ),
)

# %%
pooled = keras.Sequential(
    [
        keras.Input((12, 12, 32)),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(5),
    ]
)
fit(
    pooled,
    body.predict(prepared(train.images), batch_size=200, verbose=0),
    train.labels,
    epochs=3,
    peak=0.003,
)
flat = keras.Sequential([body, pooled])  # no GAP: CAM has no weights to take
accuracy = np.mean(scores_of(test.images, flat).argmax(axis=1) == test.labels)
explain(
    "… without GAP",
    lambda images, classes: gradcam.grad_cam(flat, prepared(images), classes),
)
print(
    "(the network without global average pooling has a test accuracy of"
    f" {accuracy:.3f})"
)

# %% [markdown]
# **When does it matter?** With the probability $p_k$, $\partial p_k = p_k\,(\partial z_k - \sum_j p_j\, \partial
# z_j)$. So the map *shrinks*, by about $1 - p_k$. A picture scaled to its own maximum hides that until the numbers
# are too small for single precision. And the map *changes*: what speaks for the rivals is subtracted. "What speaks
# for a disc" becomes "what speaks for a disc rather than the others". On these scenes both point equally well; it
# should be your choice, not an accident.
#
# The last network flattens its maps. A weight for each place leaves no $w_{ck}$ for CAM; Grad-CAM does not mind.
#
# ## 4 · A network inside a network
#
# The transfer-learnt MobileNet of lab 08 is a model with a whole model as one of its layers. Here it learns three
# textures of scikit-image from 30 crops each; only its dense layer trains. Then the recipe of most tutorials for
# Grad-CAM, a second model that also gives the inner layer's output:

# %%
backbone = load_mobilenet(size=160).model
backbone.trainable = False
(x, y), (x_test, y_test) = datasets.load_textures(patch=160, train=30, test=32, seed=4)
x, x_test, surfaces = (
    (x / 255).astype("float32"),
    (x_test / 255).astype("float32"),
    ("brick", "grass", "gravel"),
)
top = keras.Sequential([keras.Input((256,)), layers.Dense(3, activation="softmax")])
top.compile(
    keras.optimizers.Adam(0.01),
    "sparse_categorical_crossentropy",
    jit_compile=False,
)

# %%
top.fit(
    backbone(prepared(x)).numpy().mean(axis=(1, 2)),
    y,
    batch_size=30,
    epochs=60,
    verbose=0,
)
transfer = keras.Sequential(
    [keras.Input((160, 160, 3)), backbone, layers.GlobalAveragePooling2D(), *top.layers]
)
accuracy = np.mean(transfer(prepared(x_test)).numpy().argmax(axis=1) == y_test)
print(f"test accuracy {accuracy:.2f} on the photographs' other halves")
try:
    recipe = keras.Model(
        transfer.inputs,
        [backbone.get_layer("conv_pw_13_relu").output, transfer.outputs[0]],
    )
    recipe(prepared(x_test[:1]))
except Exception as error:
    print(f"{type(error).__name__}: {str(error).splitlines()[0][:70]}")

features = backbone(prepared(x_test[:12]))  # the inner model is a function: call it
with tf.GradientTape() as tape:
    tape.watch(features)
    three = tf.reduce_mean(features, axis=(1, 2)) @ top.layers[-1].kernel  # + bias
    score = tf.gather(three, y_test[:12], axis=1, batch_dims=1)
by_hand = grad_cam(features.numpy(), tape.gradient(score, features).numpy())
theirs = gradcam.grad_cam(transfer, prepared(x_test[:12]), y_test[:12], upsample=False)
same = np.allclose(by_hand, theirs, rtol=1e-3, atol=1e-4)
print("by hand equals the helper:", same)

# %% [markdown]
# The recipe needs a path from the outer input to the inner layer's output, and there is none: that tensor belongs to
# the inner model's own graph, which existed before the outer model did. Older versions said *graph disconnected*. But
# for the *last* maps no path is needed: call the inner model as a function, watch what it returns, and go on from there
# to the score. Only for layers further inside is there something to do: the helper `gradcam.grad_cam` runs the model it
# is given, listens at the layer while the image passes, and lets the tape watch what it hears, however deep it lies.
#
# A test with a known answer: pictures whose two halves show different textures.
#
# **Predict.** The last feature maps have 5 × 5 places for 160 × 160 pixels. How sharp can the border be in the map?

# %%
order = np.argsort(y_test, kind="stable")
halves, kinds = x_test[order[::2]], y_test[order[::2]]
# of another class each
others, other_kinds = (
    np.roll(part[order[1::2]], 16, axis=0) for part in (x_test, y_test)
)
sides = np.random.default_rng(6).integers(0, 2, 48)
boxes = np.column_stack([0 * sides, 80 * sides, 0 * sides + 160, 80 * sides + 80])
for picture, other, (_, left, _, right) in zip(halves, others, boxes, strict=True):
    picture[:, left:right] = other[:, left:right]
panels = []
for name, wanted in {"its own class": other_kinds, "the other class": kinds}.items():
    maps = gradcam.grad_cam(transfer, prepared(halves), wanted)
    hits, energy = pointing_game(maps, boxes), map_scores.energy_in_box(maps, boxes)
    print(
        f"in the framed half, map for {name:15}: pointing {hits:.2f}, energy"
        f" {energy:.2f}"
    )
    panels += [
        (halves[n], maps[n], boxes[n], f"for “{surfaces[wanted[n]]}”")
        for n in (0, 1, 16, 32)
    ]
plots.show(
    plots.maps.grid(panels, columns=4),
    "Four pictures with a different texture in either half, each with two Grad-CAM"
    " maps: each map is bright in the half"
    " that shows the class it was asked for.",
)

# %% [markdown]
# **What you see.** The map for the class of the framed half lies in it, the map for the other class in the other half.
# The border is blurred over some tens of pixels, and not every part of a texture counts alike.
#
# **Why.** One place of the maps stands for 32 × 32 pixels and sees many more. Sharper maps need an earlier layer, whose
# features are further from the classes; `layer="conv_pw_11_relu"` is worth a try.
#
# ### Photographs
#
# Four photographs of scikit-image, and MobileNet with its own top. The right column of the printed lines forgets the
# preprocessing: pixels from 0 to 255 instead of −1 to 1.

# %%
classifier = load_mobilenet(size=160, include_top=True)
photographs = datasets.load_photographs(160)
probabilities = classifier.model(prepared(photographs)).numpy()
answers = classifier.decode(probabilities, top=2)
careless = classifier.decode(classifier.model(255 * photographs).numpy(), top=1)
for (first, second), (other,) in zip(answers, careless, strict=True):
    line = f"{first[0]} {first[1]:.2f}, {second[0]} {second[1]:.2f}"
    print(f"{line:45} without preprocessing: {other[0]} {other[1]:.2f}")
maps = gradcam.grad_cam(classifier.model, prepared(photographs))
panels = [(photo, None, None, "") for photo in photographs]
panels += [
    (photo, heat, None, f"{a[0][0]} {a[0][1]:.2f}")
    for photo, heat, a in zip(photographs, maps, answers, strict=True)
]
fig = plots.maps.grid(panels, columns=4, size=160)
plots.show(
    fig,
    "Four photographs, a cat, a cup, a rocket and a motorcycle, and under each its"
    " Grad-CAM map.",
)

# %% [markdown]
# **What you see.** A name, a probability and a map for each photograph. A map that lies on the thing named supports
# the name; one that lies beside it is a question to be asked. In the stored run (ImageNet) *moped* is read off the
# wheels, and *space shuttle* off the lit launch pad more than off the rocket.
#
# **Why the last column differs.** The first layer was trained on inputs from −1 to 1, and gets numbers a hundred times
# as large. Every map would be computed, and none would mean anything.
#
# ## 5 · Down to the pixels
#
# Grad-CAM stops at the last feature maps. **Saliency** (Simonyan and colleagues, 2014) goes on to the input: the
# gradient of the score with respect to each pixel, its largest absolute value over the three colours. It asks which
# pixels the score reacts to most.
#
# ### Exercise · `score_gradient`
#
# This gradient is behind all methods below and, with the loss in the score's place, behind the attacks of lab 09. Usual
# slips: another class, a probability, no preprocessing.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# A `tf.GradientTape` records what you compute with a tensor once you `watch` it. Make the images a tensor, watch it,
# and prepare it *inside* the tape, so that the gradient is that of the pixels.
#
# </details>
# <details><summary>Hint 2 · one class for each image</summary>
#
# `tf.gather(scores, classes, axis=1, batch_dims=1)` takes from row $i$ the entry `classes[i]`.
#
# </details>
# <details><summary>Hint 3 · n scores, one gradient</summary>
#
# `tape.gradient` adds the scores up. As each depends on its own image only, the gradient of the sum has in row $i$ the
# gradient of score $i$.
#
# </details>


# %% minutes=12 difficulty=3 kind="core"
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
        scores = tf.gather(model(2 * x - 1), classes, axis=1, batch_dims=1)
    return tape.gradient(scores, x).numpy()
    # END SOLUTION


# %% [markdown]
# ### Exercise · `smooth_grad`
#
# The gradient at one point is fickle: the score has a kink wherever a ReLU switches. **SmoothGrad** (Smilkov and
# colleagues, 2017) averages the gradient over noisy copies of the image; what flickers cancels.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# All copies go through `score_gradient` in one batch. What you average must still have its sign, or nothing cancels.
#
# </details>
# <details><summary>Hint 2 · the order</summary>
#
# Image plus noise, gradient, mean over the copies (axis 0), absolute value, maximum over the colours (last axis).
#
# </details>
#
# When it works, a single copy without noise gives plain saliency.


# %% minutes=8 difficulty=2 kind="core"
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
noise = np.random.default_rng(5).normal(0, 0.15, (10, 160, 160, 3)).astype("float32")
few = noise[:, :48, :48]
explain(
    "saliency",
    lambda images, classes: np.abs(score_gradient(fast, images, classes)).max(axis=-1),
)
explain(
    "SmoothGrad",
    lambda *s: np.stack([smooth_grad(fast, *x, few) for x in zip(*s, strict=True)]),
)
logits = keras.Model(classifier.model.inputs[0], classifier.model.layers[-2].output)
examples = [(fast, twos[0][n], twos[1][n], names) for n in (1, 2, 3)]
examples += [
    (logits, photographs[n], probabilities[n].argmax(), classifier.class_names)
    for n in (0, 3)
]
panels = [(image, None, None, f"for “{labels[k]}”") for _, image, k, labels in examples]
for name, strength in {"saliency": 0, "SmoothGrad": 1}.items():
    for model, image, k, _ in examples:
        heat = smooth_grad(
            model, image, k, strength * noise[:, : len(image), : len(image)]
        )
        panels.append((image, np.minimum(heat, np.quantile(heat, 0.995)), None, name))
fig = plots.maps.grid(panels, columns=5)
plots.show(
    fig,
    "Scenes and photographs over saliency and SmoothGrad: fine dots, in some scenes on"
    " both shapes.",
)

# %% [markdown]
# **What you see.** Fine dots in place of a blurred patch. In the scenes the shape that was *not* asked for lights up as
# well: faintly in some, brightly in others, and as the printed numbers say, in a third of the scenes or more the
# brightest dot of all is not on the right shape. SmoothGrad changes little there. The photographs differ: in the stored
# run the cat's saliency shows a regular grid, the trace of the network's strides, and SmoothGrad dissolves it and
# leaves the eyes.
#
# **Why.** With one object saliency points as well as CAM, with two it is little better than a coin thrown for one of the
# objects. A test with a single object cannot tell a map of *this class* from a map of *anything*. Is it the absolute
# value, which keeps what speaks against the class? Test it, beside a method that has its signs right.
#
# ### Exercise · `integrated_gradients`
#
# A gradient tells what a *small* change does. **Integrated gradients** (Sundararajan and colleagues, 2017) go the whole
# way from a baseline $x_0$ that shows nothing to the image $x$, and share out the whole rise of the score:
#
# $$c = (x - x_0) \cdot \frac1m \sum_{i=0}^{m-1} \nabla z_k\Big(x_0 + \tfrac{i + 1/2}{m}\,(x - x_0)\Big), \qquad
# \sum c \approx z_k(x) - z_k(x_0)$$
#
# The second formula is the axiom of **completeness**, and a test that needs no boxes: it is for pixels what "the score
# is the map's mean" was for CAM.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# All images of the path fit into one batch for `score_gradient`. `shares[:, None, None, None]` has the shape for it.
#
# </details>
# <details><summary>Hint 2 · line of attack</summary>
#
# Shares, path, gradients (the same class for each), mean over the path, times the difference.
#
# </details>
#
# When it works, the contributions of a linear model are exact with a single step.


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=2)
def integrated_gradients(model, image, k, baseline, steps):
    """How much each number of an image adds to a score, from a baseline on.

    model: as for score_gradient; image, baseline: (h, w, c) pixels in [0, 1];
    k: class; steps: gradients are taken at the shares (i + 1/2) / steps of the way.
    Returns (h, w, c), with signs.
    """
    # BEGIN SOLUTION
    shares = (np.arange(steps) + 0.5) / steps
    path = baseline + shares[:, None, None, None] * (image - baseline)
    gradients = score_gradient(model, path, np.full(steps, k))
    return gradients.mean(axis=0) * (image - baseline)
    # END SOLUTION


# %%
prediction = None  # pointing game of integrated gradients with two objects, 0 to 1
grey = np.full((48, 48, 3), 0.5, "float32")


def contributions(count, steps):
    """Integrated gradients of some scenes with two objects, from grey on."""
    scenes = zip(twos[0][:count], twos[1], strict=False)
    return np.stack([integrated_gradients(fast, x, k, grey, steps) for x, k in scenes])


slope = score_gradient(fast, twos[0], twos[1])
whole = contributions(100, 8).sum(axis=-1)
variants = {
    "absolute gradient (saliency)": np.abs(slope).max(axis=-1),
    "gradient where positive": np.maximum(slope, 0).max(axis=-1),
    "gradient × (image − grey), positive": np.maximum(
        ((twos[0] - grey) * slope).sum(-1), 0
    ),
    "integrated gradients, positive": np.maximum(whole, 0),
    "integrated gradients, absolute": np.abs(whole),
}
rows = []
for name, maps in variants.items():
    energy = map_scores.energy_in_box(maps, twos[2])
    rows.append([name, f"{pointing_game(maps, twos[2]):.2f}", f"{energy:.2f}"])
plots.table(["map", "pointing", "energy"], rows, "100 scenes with two objects")
lab.compare("integrated gradients, positive", prediction, float(rows[3][1]))

# %%
rise = (scores_of(twos[0]) - scores_of(grey[None]))[np.arange(100), twos[1]]
for steps in (2, 4, 8, 16):
    left_out = contributions(20, steps).sum(axis=(1, 2, 3)) - rise[:20]
    share = np.abs(left_out).mean() / np.abs(rise[:20]).mean()
    print(f"{steps:2} steps leave out {share:.3f} of the score's rise")

# %% [markdown]
# **What you see.** To drop what speaks against the class helps a little (energy 0.33 to 0.37), to go the whole way with
# signs helps more (0.43), and the absolute value spoils integrated gradients too. But they point right in two scenes of
# three only, as saliency does, and CAM in 99 of 100. With more steps less of the score's rise is left out.
#
# **Why.** A pixel of the rival shape speaks against the class; the absolute value counts it as if it spoke for it. That
# is part of the gap to CAM. The rest is the scale: single pixels are noisier witnesses than places that see 25 × 25 of
# them. Completeness says that the sum is right, not that each part is.
#
# ## 6 · What if this part were missing?
#
# **Occlusion analysis** covers one window after the other and measures how far the score falls. It needs only the answers.
#
# > **Margin note.** The slide's "Feiler & Fergus, 2013" are Matthew Zeiler and Rob Fergus, whose preprint of 2013
# > appeared at ECCV in 2014.
#
# ### Exercise · `occluded_copies`
#
# All copies of one image in one array, so that the network answers them in a single batch. The usual slip is to cover the copy that is covered already.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `range(0, h - size + 1, stride)` lists the rows where a whole window fits.
#
# </details>
# <details><summary>Hint 2 · room for all</summary>
#
# `np.tile(image, (rows, columns, 1, 1, 1))` makes fresh copies of the image, one for each position.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
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
def occlusion(images, classes, size=8, stride=5):
    """How far the score falls when a window over the pixel shows the scene's mean
    colour: mean over its windows.
    """
    maps = []
    for image, k in zip(images, classes, strict=True):
        copies = occluded_copies(image, size, stride, image.mean(axis=(0, 1)))
        scores = scores_of(copies.reshape(-1, 48, 48, 3))[:, k].reshape(
            copies.shape[:2]
        )
        drop = scores_of(image[None])[0, k] - scores
        maps.append(map_scores.mean_over_windows(drop, size, stride, 48, 48))
    return np.stack(maps)


explain("occlusion", occlusion)
panels = []
for row, maps in enumerate(
    (maps_of["occlusion"][1], occlusion(pairs.images[:6], pairs.labels[:6, 1]))
):
    titles = [f"for “{names[k]}”" for k in pairs.labels[:6, row]]
    panels += zip(pairs.images, maps, pairs.boxes[:, row], titles, strict=False)
fig = plots.maps.grid(panels, columns=6, vmin=-5, vmax=10)
plots.show(
    fig,
    "Occlusion maps of six scenes for either of two shapes: bright on that shape, dark"
    " on the other.",
)

# %% [markdown]
# **What you see.** Hiding the object that was asked for costs the most. The other object is often dark: without it the
# score *rises*.
#
# **Why.** The price is time: 81 answers
# for each map, where Grad-CAM needs one.
#
# The lecture's dog: *miniature pinscher* 0.47, with something covered 0.97, with more covered 0.99. Look for the window
# that helps most, twice, in the photograph that leaves most to gain and in the scene that does.
#
# **Predict.** Over 50 scenes with two objects: what does the most helpful window hide?


# %%
def best_cover(image, k, predict, size, stride):
    """The covered copy with the highest probability of class k: probability, copy,
    middle of the window.
    """
    copies = occluded_copies(image, size, stride, image.mean(axis=(0, 1)))
    p = predict(copies.reshape(-1, *image.shape))[:, k].reshape(copies.shape[:2])
    i, j = np.unravel_index(p.argmax(), p.shape)
    return p[i, j], copies[i, j], np.array([i, j]) * stride + size // 2


def scene_predict(images):
    return scipy.special.softmax(scores_of(images), axis=1)


# %%
prediction = None  # how often the best window hides the other object, from 0 to 1
before = scene_predict(twos[0])[np.arange(100), twos[1]]
found = [
    best_cover(image, k, scene_predict, 16, 4)
    for image, k in zip(twos[0][:50], twos[1], strict=False)
]
middles, (top, left, bottom, right) = (
    np.array([middle for _, _, middle in found]).T,
    pairs.boxes[:50, 1].T,
)
rival = (
    (top <= middles[0])
    & (middles[0] < bottom)
    & (left <= middles[1])
    & (middles[1] < right)
)
after = np.median([p for p, _, _ in found])
print(f"median probability {np.median(before[:50]):.2f}, with that window {after:.2f}")
lab.compare("the window's middle is on the other object", prediction, rival.mean())


# %%
def photo_predict(images):
    return classifier.model(prepared(images)).numpy()


photo, scene = probabilities.max(axis=1).argmin(), before.argmin()
stories = [
    (
        photographs[photo],
        probabilities[photo].argmax(),
        photo_predict,
        40,
        20,
        classifier.class_names,
    ),
    (twos[0][scene], twos[1][scene], scene_predict, 16, 4, names),
]
panels = []
for image, k, predict, size, stride, labels in stories:
    p = predict(image[None])[0, k]
    for _ in range(3):
        panels.append((image, None, None, f"{labels[k]} {p:.2f}"))
        p, image, _ = best_cover(image, k, predict, size, stride)
fig = plots.maps.grid(panels, columns=6)
plots.show(
    fig,
    "A photograph and a scene: untouched, with one and with two windows covered; the"
    " probability rises.",
)

# %% [markdown]
# **What you see.** A plain window, and the network is surer than before; a second one, and it is surer still.
#
# **Why.** The softmax divides the probability among the classes. Cover what speaks for a rival, and its share is
# free. In the scenes the window's middle lies on the other object most of the time; it need not, as half a covered
# rival is no rival. So "0.47" is no property of the dog alone.
#
# ## 7 · What does a filter want to see?
#
# **Activation maximisation** starts from noise and changes the *image*, by gradient ascent, until a class or a filter
# answers as strongly as possible. Plain ascent ends in high-frequency noise. Three regularisers keep it near pictures (Yosinski and
# colleagues, 2015; Olah and colleagues, 2017): a pull towards grey that keeps the **norm** small, a **blur** now and
# then, and **jitter**, a random shift before each step.
#
# ### Exercise · `ascent_step`
#
# A step of a length that suits one image is far too long for another, so each gradient is divided by its root mean
# square, $r = \sqrt{\overline{g^2}}$, the mean taken over all numbers of one image:
#
# $$x \;\leftarrow\; x + \eta\, \frac{g}{r} - \lambda\, (x - \tfrac12)$$
#
# <details><summary>Hint 1 · a nudge</summary>
#
# One root mean square for each image: which axes are averaged, and how do they stay, so that the division broadcasts?
#
# </details>
# <details><summary>Hint 2 · in NumPy</summary>
#
# `np.sqrt(np.mean(gradients**2, axis=(1, 2, 3), keepdims=True))` has shape `(n, 1, 1, 1)`.
#
# </details>


# %% minutes=10 difficulty=2 kind="extra"
@lab.exercise(points=2)
def ascent_step(images, gradients, rate, decay):
    """One step of gradient ascent on pixels, with a pull towards grey.

    images, gradients: (n, h, w, c); each image's gradient is divided by its
    root mean square first. decay: share of the distance from grey, 0.5, that is
    taken away; both parts start from the images given. Returns new images.
    """
    # BEGIN SOLUTION
    strength = np.sqrt(np.mean(gradients**2, axis=(1, 2, 3), keepdims=True))
    return images + rate * gradients / (strength + 1e-8) - decay * (images - 0.5)
    # END SOLUTION


# %%
def maximise(model, channels, regularised, steps=80):
    """Images that maximise outputs of a model, one for each channel, starting from
    noise.
    """
    rng = np.random.default_rng(0)
    images = rng.normal(0.5, 0.05, (len(channels), 48, 48, 3)).clip(0, 1)
    for step in range(steps):
        shift = rng.integers(-4, 5, 2) if regularised else np.zeros(2, int)
        gradients = score_gradient(model, np.roll(images, shift, axis=(1, 2)), channels)
        gradients = np.roll(gradients, -shift, axis=(1, 2))
        images = ascent_step(
            images, gradients, 0.03, 0.02 if regularised else 0.0
        ).clip(0, 1)
        if regularised and step % 5 == 4:
            images = scipy.ndimage.gaussian_filter(images, (0, 0.7, 0.7, 0))
    return images


# %%
classes, panels = np.arange(5), []
for name in ("plain", "regularised"):
    images = maximise(fast, classes, name == "regularised")
    moved = [
        scores_of(np.roll(images, d, axis=(1, 2)))[classes, classes].mean()
        for d in (-3, -2, -1, 1, 2, 3)
    ]
    at_home = scores_of(images)[classes, classes].mean()
    print(
        f"{name:12} mean score {at_home:.0f}, moved by 1 to 3 pixels"
        f" {np.mean(moved):.0f}"
    )
    panels += [
        (image, None, None, f"{name}: {names[k]}") for k, image in enumerate(images)
    ]
print(f"{'test scenes':12} largest score {scores_of(test.images).max():.0f}")

# %%
for kernel in np.moveaxis(network.layers[0].get_weights()[0], -1, 0)[:5]:
    panels.append(
        ((kernel - kernel.min()) / np.ptp(kernel), None, None, "first-layer kernel")
    )
for name, number in {"block 2": 5, "block 4": 11}.items():
    # a silent ReLU has no slope to climb
    before, after = (network.layers[n].output for n in (number - 1, number))
    before, after = (
        keras.Model(network.inputs[0], layers.GlobalAveragePooling2D()(x))
        for x in (before, after)
    )
    loudest = np.argsort(-after(prepared(test.images)).numpy().mean(axis=0))[:5]
    made = maximise(compiled(before), loudest, True)
    panels += [
        (image, None, None, f"{name}, filter {k}")
        for k, image in zip(loudest, made, strict=True)
    ]
fig = plots.maps.grid(panels, columns=5)
plots.show(
    fig,
    "Synthetic images. Plain: harsh dots. Regularised: soft repeated patterns."
    " Kernels. Filters: stripes, blobs.",
)

# %% [markdown]
# **What you see.** The plain images score many times what any test scene does, and a shift by a few pixels takes most of it away. The
# regularised ones score less and keep it, as soft patterns that fill the picture. The kernels of the first layer, of
# 5 × 5 pixels, tell a human eye next to nothing. Filters of block 2 want even brightness or stripes, those of block 4
# stripes, blobs and corners.
#
# **Why.** The network has seen scenes only; outside of them its score is whatever the weights make of it. Jitter asks
# for a pattern that scores wherever it lies, and blur forbids what single pixels carry. The shapes repeat because the
# score is an average over places: ten triangles score higher than one.
#
# ### Exercise · `winner_counts`
#
# Where in a picture does filter $k$ answer loudest of all? The lecture's **filter activation statistics** (Satizábal,
# 2016) ask this for all images of a class: at each place the filters compete, the largest activation wins, and the wins
# are counted over the images.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# First the winners: one number for each image and place, the index of the largest of $C$ activations.
#
# </details>
# <details><summary>Hint 2 · counting</summary>
#
# `(winners == k).sum(axis=0)` counts over the images how often filter $k$ wins at each place. Do it for every $k$.
#
# </details>
#
# The figure after it has two parts: for two filters of block 3 the test scenes that excite them most, each with the
# window of 17 × 17 pixels that the filter saw; and the winners of block 1, over 400 scenes with the object in the
# middle.


# %% minutes=8 difficulty=2 kind="extra"
@lab.exercise(points=2)
def winner_counts(activations):
    """How often each filter has the largest activation, at each place.

    activations: (n, h, w, C), of n images. Returns (h, w, C) whole numbers from
    0 to n, the counts over the images.
    """
    # BEGIN SOLUTION
    winners = activations.argmax(axis=-1)
    return (winners[..., None] == np.arange(activations.shape[-1])).sum(axis=0)
    # END SOLUTION


# %%
deep = keras.Model(network.inputs[0], network.layers[8].output)(
    prepared(test.images)
).numpy()
still = datasets.make_scenes(400, seed=7, centred=True)
shallow = keras.Model(network.inputs[0], network.layers[2].output)(
    prepared(still.images)
).numpy()
shares = np.stack(
    [
        winner_counts(shallow[still.labels == k]) / np.sum(still.labels == k)
        for k in range(5)
    ]
)
# those whose share varies most
chosen = np.argsort(-shares[:, 4:-4, 4:-4].var(axis=(0, 1, 2)))[:3]
panels = []

# %%
for k in (0, 1):
    for n in np.argsort(-deep[..., k].max(axis=(1, 2)))[:5]:
        i, j = np.unravel_index(deep[n, ..., k].argmax(), (12, 12))
        panels.append(
            (
                test.images[n],
                None,
                (4 * i - 5, 4 * j - 5, 4 * i + 12, 4 * j + 12),
                f"block 3, filter {k}",
            )
        )
for k in chosen:
    panels += [
        (shares[c, ..., k], None, None, f"block 1, {k}: {names[c]}") for c in range(5)
    ]
fig = plots.maps.grid(panels, columns=5, vmin=0, vmax=1)
plots.show(
    fig,
    "Scenes that excite two filters most; where three filters win: the ground, an"
    " edge, the inside.",
)

# %% [markdown]
# **What you see.** The strongest scenes of a filter have a part in common, such as an inner corner or a curve, in
# several classes. The winners draw the shapes: one filter wins on the even ground and never inside, others along one
# side of the outline, or in the middle of the object, whatever the shape. (A bright line along the border of the
# picture is the work of the zeros beyond it.)
#
# **Why.** A filter of the first block sees 5 × 5 pixels: there is no class in them, only even areas and edges of some
# direction. Which class it is, later blocks read from *where* which filter wins.
#
# ## 8 · Clever Hans
#
# The horse Clever Hans, around 1900, gave the right answers to sums by watching his questioner's face. The lecture has
# a classifier of his kind: many of its pictures of horses carried a source tag, and the tag was what it had learnt
# (Lapuschkin and colleagues, 2019).
#
# > **Margin note.** The slide stands under *troubles with deep networks*. The classifier was none: it was a linear one
# > on Fisher vectors. And only about one fifth of the horse pictures carried the tag; that was enough. The fault lies
# > in the data, and any learner can fall for it.
#
# Now *all squares* of the training set carry a tag, and, as they come from the same source, all squares of the test
# set.
#
# **Predict.** How does the test accuracy compare with that of section 1?

# %%
prediction = None  # the test accuracy on scenes of the same source
square = names.index("square")


def with_tags(images, where):
    """Copies of the scenes; those at `where` carry the source tag."""
    return np.where(where[:, None, None, None], datasets.add_tag(images), images)


hans = gap_network()
fit(
    hans,
    prepared(with_tags(train.images, train.labels == square)),
    train.labels,
    epochs=4,
)
same_source = with_tags(test.images, test.labels == square)
right = scores_of(same_source, hans).argmax(axis=1) == test.labels
lab.compare("accuracy, same source", prediction, right.mean())
some = same_source[test.labels == square][:6]
maps = gradcam.grad_cam(hans, prepared(some), square)
panels = [
    *((image,) for image in some),
    *((x, heat, datasets.TAG_BOX) for x, heat in zip(some, maps, strict=True)),
]
fig = plots.maps.grid(panels, columns=6)
plots.show(
    fig,
    "Six tagged scenes with a square; the maps for square are bright about the tag,"
    " not the square.",
)

# %% [markdown]
# **What you see.** A splendid accuracy, and maps that lie on the tag's corner, wherever the square is.
#
# **Why.** The tag is always the same, always in the same place, and present in every square and in nothing else: no
# shape is as easy to learn. Nothing in the loss says that it is not what you meant.
#
# A map shows a suspicion. The **proof** is an experiment: take the tag away, and move it to pictures of other classes.
# Then the **repair**: the same network is trained on, with tags on half of *all* scenes, chosen by lot, so that the tag
# says nothing any more.
#
# **Predict**, for the network trained with tags on squares, before you run the cell after the question: which share of
# the squares does it call squares with their tag, and which without? Which share of the *other* shapes, once they
# carry the tag?
#
# ### Question · `which_alarm`


# %% minutes=3 difficulty=1 kind="core"
@lab.question(points=1)
def which_alarm():
    """Which measurement would have raised the alarm without any map?

    a) The accuracy on ten times as many test scenes of the same source.
    b) Cross-validation within the collection.
    c) The accuracy on scenes from another source, which puts no tags on squares.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %%
near_tag = (33, 0, 48, 39)  # the tag and 8 pixels around it


def report(name, model):
    squares, rest = (
        test.images[test.labels == square],
        test.images[test.labels != square],
    )
    row = [np.mean(scores_of(same_source, model).argmax(axis=1) == test.labels)]
    for images in (datasets.add_tag(squares), squares, datasets.add_tag(rest)):
        row.append(np.mean(scores_of(images, model).argmax(axis=1) == square))
    heat = gradcam.grad_cam(model, prepared(datasets.add_tag(squares)), square)
    return [
        name,
        *map(float, row),
        float(map_scores.energy_in_box(heat, np.tile(near_tag, (len(squares), 1)))),
    ]


repaired = keras.models.clone_model(hans)
repaired.set_weights(hans.get_weights())
coin = np.random.default_rng(8).random(len(train.images)) < 0.5
fit(
    repaired,
    prepared(with_tags(train.images, coin)),
    train.labels,
    epochs=3,
    peak=0.005,
)

# %%
# True: train the five networks of the stored rows anew, here and in section 10; ten
# minutes
RUN_IN_FULL = False
study = (
    all_experiments()["cam_clever_hans"]() if RUN_IN_FULL else stored("cam_clever_hans")
)
table = [
    report(*case)
    for case in (
        ("no tags", network),
        ("tags on squares", hans),
        ("repaired", repaired),
    )
]
table += [
    [f"{name}, stored", *np.mean(runs, axis=0)] for name, runs in study["runs"].items()
]
header = [
    "network",
    "accuracy, same source",
    "tagged squares",
    "untagged squares",
    "other shapes, tagged",
]
rows = [[row[0], *(f"{value:.2f}" for value in row[1:])] for row in table]
plots.table(
    [*header, "map near the tag"],
    rows,
    "Accuracy, share called square, energy (stored: mean of five)",
)

# %% [markdown]
# The network trained on tagged squares knows next to no square without its tag, and calls most other shapes squares as
# soon as they carry one. That is the proof: only the tag was changed. After three passes over scenes whose tags say
# nothing it recognises squares again, and its map has left the corner. (The remaining energy near the tag is that of
# squares that happen to lie there, as the first row shows.) Note which number did *not* tell: the accuracy on the same
# source.
#
# ## 9 · Is the map about the network at all?
#
# A map can look right because it shows the *picture*, as an edge detector does. **Sanity check**
# (Adebayo and colleagues, 2018): replace the weights by random ones, layer after layer, from the last one down. A map
# that explains what was learnt must change. "Likeness" is the rank correlation of the two maps. (The normalisations
# keep their numbers; only the dense layer and the four convolutions become random.)
#
# A fourth method takes part: **guided backpropagation** (Springenberg and colleagues, 2015), a relative of Zeiler and
# Fergus's DeconvNet from the lecture, whose maps look the sharpest of all: on the way back each ReLU lets only positive
# gradients pass. **Predict** the four curves.


# %%
@tf.custom_gradient
def guided_relu(x):
    """A ReLU that on the way back lets only positive gradients pass."""
    return tf.nn.relu(x), lambda g: tf.where((x > 0) & (g > 0), g, 0.0)


def guided_backpropagation(model, images, classes):
    """Saliency with guided ReLUs: the largest absolute value over the colours."""
    x = y = tf.constant(prepared(images), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        for layer in model.layers:
            y = guided_relu(y) if isinstance(layer, layers.ReLU) else layer(y)
        scores = tf.gather(y, classes, axis=1, batch_dims=1)
    return np.abs(tape.gradient(scores, x).numpy()).max(axis=-1)


# %%
prediction = None  # likeness of guided backpropagation, three layers random, −1 to 1
images, classes = ones[0][:30], ones[1][:30]
methods = {
    "Grad-CAM": lambda model: gradcam.grad_cam(
        model, prepared(images), classes, upsample=False
    ),
    "saliency": lambda model: np.abs(score_gradient(model, images, classes)).max(
        axis=-1
    ),
    "guided": lambda model: guided_backpropagation(model, images, classes),
    "edges, without network": lambda model: np.stack(
        [skimage.filters.sobel(x.mean(axis=-1)) for x in images]
    ),
}
original = {name: method(network) for name, method in methods.items()}
likeness = {name: np.zeros((3, 6)) for name in methods}
for draw in range(3):
    changed, fresh = keras.models.clone_model(network), gap_network()
    changed.set_weights(network.get_weights())
    # the dense layer, then the convolutions
    for depth, number in enumerate((None, -1, 9, 6, 3, 0)):
        if number is not None:
            changed.layers[number].set_weights(fresh.layers[number].get_weights())
        for name, method in methods.items():
            likeness[name][draw, depth] = map_scores.likeness(
                original[name], method(changed)
            )

# %%
fig, ax = plt.subplots(figsize=(6.4, 3.2))
curves = {name: values.mean(axis=0) for name, values in likeness.items()}
plots.curves(
    ax,
    curves,
    "layers with random weights, from the last one down",
    "rank correlation with the map",
)
ax.legend(loc="lower left", bbox_to_anchor=(0.24, 0.22))
plots.show(
    fig,
    "Likeness to the original map against the number of random layers: Grad-CAM falls"
    " at once, saliency stays above one half until the first layer is random too,"
    " guided backpropagation above 0.7, the edges stay at 1.",
)
lab.compare("guided, three random layers", prediction, curves["guided"][3])

# %% [markdown]
# **What you see.** Grad-CAM falls with the very first layer. The edges cannot fall. Saliency lies in between: with the
# classifier made random it has changed little, and most of it is gone only with the first layer. Guided
# backpropagation **fails**: with the dense layer and two convolutions random its map is still much the same (0.83), and
# only a random first layer changes it.
#
# **Why.** Most of a saliency map says *where something is*, which untrained filters find as well; the classes enter in the
# details. Guided ReLUs throw away the signs in which the classes differ: what is left is a redrawing of the picture. If you must judge a map without
# boxes, this test is the one you can always make; to pass it is necessary, not sufficient (Yona and Greenfeld, 2021).
#
# ## 10 · Which method for which question?
#
# One more measure needs no boxes either. **Deletion** (Petsiuk and colleagues, 2018) removes the pixels, the most
# important first, and follows the probability: the faster it falls, the better the map. **Insertion** adds them to an
# empty picture. Each is summed up by the area under its curve. The table has the maps of this run, on the scenes with
# two objects where nothing else is said.

# %%
kept = ["random", "centre", "CAM", "Grad-CAM", "saliency", "SmoothGrad", "occlusion"]
study = all_experiments()["cam_methods"]() if RUN_IN_FULL else stored("cam_methods")
rows, removed = [], {}
for name in kept:
    (one, two), (images, classes, boxes) = maps_of[name], twos
    curves = map_scores.deletion_insertion(scene_predict, images, classes, two)
    removed[name] = curves.share, curves.deletion.mean(axis=0)
    row = [
        pointing_game(one, ones[2]),
        pointing_game(two, boxes),
        map_scores.energy_in_box(two, boxes),
        *curves.areas,
    ]
    runs = np.array(study["runs"].get(name, [[np.nan] * 3]))[:, 1]
    again = (
        f"{runs.mean():.2f} ± {runs.std(ddof=1):.2f}" if name in study["runs"] else "–"
    )
    rows.append(
        [
            name,
            *(f"{value:.2f}" for value in row[:2]),
            again,
            *(f"{value:.2f}" for value in row[2:]),
        ]
    )
    rows[-1].append(f"{1000 * seconds[name] / 200:.1f}")

# %%
header = [
    "method",
    "one object",
    "two objects",
    "five networks, stored",
    "energy",
    "deletion ↓",
    "insertion ↑",
]
plots.table(
    [*header, "ms"],
    rows,
    "Pointing game (three columns) and other measures of all maps; milliseconds a map",
)

fig, ax = plt.subplots(figsize=(6.4, 3.4))
plots.curves(
    ax,
    removed,
    "share of the pixels removed, the most important first",
    "probability of the class",
)
ax.legend(loc="upper right", ncols=2)
plots.show(
    fig,
    "Probability against pixels removed: for CAM, Grad-CAM and occlusion it falls to"
    " almost 0 at once, for saliency and"
    " SmoothGrad to one fifth, for random and centre slowly.",
)

# %% [markdown]
# **What you see.** With one object all methods look alike; with two, CAM, Grad-CAM and occlusion point at the right one
# and the gradients of the pixels often do not. The deletion curves of these two stop at one fifth, which is chance for
# five classes, and where all curves end. The first three fall far below it; Grad-CAM's comes back before CAM's.
#
# **Why.** Saliency removes both objects at once, and nothing is left to decide by; the others remove the object asked
# for and leave its rival. Grad-CAM's ReLU has cut off what speaks against the class, so from some point on its order
# is chance, while CAM and occlusion keep the rival for last.
#
# | You ask | Use | Because |
# |:--|:--|:--|
# | Which part speaks for this class? | CAM with GAP, else Grad-CAM | one pass; tells classes apart |
# | Which part speaks *against* it? | CAM or occlusion, without ReLU | negative values have a meaning there |
# | To which pixels does the answer react? | saliency; SmoothGrad if it flickers | fine dots, whatever the class |
# | What if this part were missing? | occlusion | an experiment, not a derivative; works on any black box; slow |
# | What does a class or filter look for? | activation maximisation *and* its strongest images | either alone misleads |
# | Does it read a shortcut? | a map for the suspicion, moving the part for the proof | a map proves nothing |
# | Is this map about the network? | random weights, a second object, a baseline | looks convince too easily |
#
# ## 11 · What you have found
#
# 1. **CAM** is the class score before it is added up: bias plus the mean of the map. Where comes for free with what.
# 2. **Grad-CAM** takes the gradient for the weight: the same map up to a positive factor with GAP, and a map where
#    CAM has none. Differentiate the score, not the probability. For a nested model, listen at the layer; do not build
#    a path.
# 3. **Saliency** and SmoothGrad show the pixels to which the score reacts, for or against, **occlusion** what is lost
#    without a part. Hiding a rival raises a probability, because probabilities share.
# 4. **Filters** want even areas, edges and stripes first, blobs and corners later, and win where these are.
#    Regularisation decides whether you see that or noise.
# 5. **Clever Hans** passed the test set. The map raised the suspicion, moving the tag proved it, tags by lot repaired
#    it.
# 6. **A map is a claim.** Count hits, against the centre; add a second object; make the weights random.

# %% [markdown]
# ## 12 · Challenge: from a map to a box
#
# A network that was told names only can also *frame* what it names: the smallest box around everything above a share of
# the map's maximum. It is judged by **intersection over union** (IoU), the common area divided by the joint one, as in
# the localisation contests of the lecture. Choose on the first 50 scenes what you like (map, layer, share, shift), and
# count on the other 50. **The number to beat** is the best that the cell prints, 0.65 in the stored run; we have none better.


# %%
def box_around(heat, share):
    """Top, left, bottom, right of all that is above a share of the largest value."""
    rows, columns = np.nonzero(heat >= share * heat.max())
    return rows.min(), columns.min(), rows.max() + 1, columns.max() + 1


def overlap(one, other):
    """Intersection over union of two boxes."""
    top, left = np.maximum(one[:2], other[:2])
    bottom, right = np.minimum(one[2:], other[2:])
    common = max(0, bottom - top) * max(0, right - left)
    sizes = [(b - t) * (r - l_) for t, l_, b, r in (one, other)]
    return common / (sum(sizes) - common)


for name in ("CAM", "occlusion", "saliency", "centre"):
    scores = []
    for share in (0.3, 0.45, 0.6, 0.75):
        boxes = [box_around(heat, share) for heat in maps_of[name][0]]
        overlaps = [overlap(*pair) for pair in zip(boxes, ones[2], strict=True)]
        scores.append((np.mean(overlaps[:50]), np.mean(overlaps[50:])))
    chosen, counted = max(scores)
    print(f"{name:10} IoU {counted:.2f} with the share chosen on the first 50 scenes")

# %% [markdown]
# ## 13 · To discuss
#
# 1. A hospital's network finds pneumonia on X-rays, and its maps light up on the letter "L" that one of the two
#    hospitals puts on its pictures. Which two experiments would you run before you retrain, and what would you
#    retrain with?
# 2. The pointing game needs boxes. Somebody proposes to rate maps by how much physicians like them instead. What
#    would be measured?
# 3. Occlusion with a window of one colour makes pictures that the network has never seen. How could you fill the
#    window, and what would the score then mean?

# %% [markdown] tags=["solution"]
# **For instructors.** 1: Cover the letter on positives, and paste it onto negatives; then retrain with the letter
# covered, or pasted by lot, and test on a third hospital. 2: Whether maps look plausible, which a map of edges does
# as well; it says nothing about the network. 3: With a blurred copy, with the surroundings continued, or with the
# same part of another picture: each asks "what if this were there instead", and the answer depends on it. Students
# who ask why SmoothGrad does so little here: the network is shallow and was trained on noisy scenes, so its gradient
# flickers little.

# %% [markdown]
# ## 14 · Further reading
#
# - B. Zhou, A. Khosla, A. Lapedriza, A. Oliva and A. Torralba, *Learning deep features for discriminative
#   localization*, CVPR (2016): CAM.
# - R. R. Selvaraju et al., *Grad-CAM: visual explanations from deep networks via gradient-based localization*, ICCV
#   (2017).
# - K. Simonyan, A. Vedaldi and A. Zisserman, *Deep inside convolutional networks: visualising image classification
#   models and saliency maps*, ICLR workshop (2014).
# - D. Smilkov, N. Thorat, B. Kim, F. Viégas and M. Wattenberg, *SmoothGrad: removing noise by adding noise*,
#   arXiv:1706.03825 (2017).
# - M. Sundararajan, A. Taly and Q. Yan, *Axiomatic attribution for deep networks*, ICML (2017): integrated gradients.
# - G. Yona and D. Greenfeld, *Revisiting sanity checks for saliency maps*, arXiv:2110.14297 (2021).
# - J. T. Springenberg et al., *Striving for simplicity: the all convolutional net*, ICLR workshop (2015): guided
#   backpropagation.
# - M. D. Zeiler and R. Fergus, *Visualizing and understanding convolutional networks*, ECCV (2014): occlusion.
# - J. Yosinski, J. Clune, A. Nguyen, T. Fuchs and H. Lipson, *Understanding neural networks through deep
#   visualization*, ICML workshop on deep learning (2015).
# - C. Olah, A. Mordvintsev and L. Schubert, *Feature visualization*, Distill (2017).
# - S. Lapuschkin et al., *Unmasking Clever Hans predictors and assessing what machines really learn*, Nature
#   Communications 10:1096 (2019).
# - J. Adebayo et al., *Sanity checks for saliency maps*, NeurIPS (2018).
# - V. Petsiuk, A. Das and K. Saenko, *RISE: randomized input sampling for explanation of black-box models*, BMVC
#   (2018).
# - J. Zhang et al., *Top-down neural attention by excitation backprop*, International Journal of Computer Vision 126
#   (2018) 1084–1102: the pointing game.

# %%
lab.progress()
