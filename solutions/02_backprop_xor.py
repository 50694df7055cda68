# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
#   labs:
#     title: Backpropagation and XOR
#     lecture: A (two-layer network in NumPy), C (chain rule)
#     minutes: 1
#     data: []
# ---

# %% [markdown]
# # 02 · Backpropagation and XOR
#
# Four points that no single neuron can separate, and a network of two layers that can. You derive its
# gradients one by one, check them, train the lecture's network, and find out when it fails.
#
# **After this lab you can answer:**
#
# 1. Why can one layer never solve XOR, and what does a hidden layer change?
# 2. How does the chain rule become backpropagation, line by line?
# 3. How do you check a gradient?
# 4. How many epochs does XOR take, and how often does training get stuck?
# 5. Why must the weights start different from each other, and the inputs on a common scale?
# 6. What does the loss look like around a trained network?
# 7. How do you say the same in Keras and in scikit-learn?
#
# | | |
# |:--|:--|
# | **Data** | the four points of XOR, and 300 points drawn at random here |
# | **Lecture** | A, *Deep Neural Networks* (the network in 15 lines); C, *Optimisation* (the chain rule) |
# | **You need** | lab 01: sigmoid, squared error, gradient descent; matrix products |
#
# Running an exercise cell checks it. Until yours passes, the cells below use the reference, so you can
# always read on.

# %% tags=["imports"]
import warnings

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf

# 1 / (1 + exp(-z)), as in lab 01, without overflow
from scipy.special import expit as sigmoid
from sklearn.neural_network import MLPClassifier

from labs_utils import Lab, plots

lab = Lab("02_backprop_xor")
plots.use_style()

# %% [markdown]
# ## 1 · Four points
#
# XOR, the *exclusive or*, is 1 if exactly one of its two inputs is 1. As in the lecture, every row of $X$
# begins with a constant 1: the **bias column**. Its weight does the work of a bias, and the formulae need
# no extra term.
#
# **Predict.** Draw a straight line that has both ones on one side and both zeros on the other. How many of
# the four points can a line get right at best?

# %%
X = np.array([[1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 1, 1]], dtype=float)
Y = np.array([[0], [1], [1], [0]], dtype=float)
figure, axes = plt.subplots(figsize=(5.6, 3.4))
plots.scatter_classes(axes, X[:, 1:], Y, names=("XOR = 0", "XOR = 1"))
plots.line_of(
    axes,
    -0.5,
    1,
    1,
    (-0.4, 1.4),
    color="black",
    linestyle="--",
    label="a line: 3 of 4 right",
)
axes.set(xlabel="$x_1$", ylabel="$x_2$", ylim=(-0.4, 1.4), title="The XOR problem")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plots.show(
    figure,
    "Four corners of a square; equal classes lie on the diagonals; a dashed line cuts"
    " off one corner.",
)

# %% [markdown]
# **What you see.** Equal classes lie on the diagonals of the square. The dashed line has three points
# right.
#
# **Why.** A line that cuts off one corner leaves the opposite corner, of the same class, on its other side.
# No line does better. The question asks for the proof.
#
# ### Question · `why_no_line`


# %% minutes=3 difficulty=1 kind="core"
@lab.question(points=1)
def why_no_line():
    """Why can no line w0 + w1 x1 + w2 x2 = 0 have all four points right?

    a) Four points are too few to determine three weights.
    b) The conditions of the two ones add up to 2 w0 + w1 + w2 > 0,
       those of the two zeros to 2 w0 + w1 + w2 <= 0 (if the ones lie on the
       other side, change all signs).
    c) The sigmoid is too smooth; with a step function instead of it a line could.
    d) Such a line exists, but gradient descent gets stuck before it finds it.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown] tags=["solution"]
# **For instructors.** The ones demand $w_0 + w_2 > 0$ and $w_0 + w_1 > 0$; the zeros demand $w_0 \le 0$ and
# $w_0 + w_1 + w_2 \le 0$. The two sums contradict each other, whatever the weights and whichever way they
# were found. This is the smallest case of the limits that Minsky and Papert (1969) proved.

# %% [markdown]
# ## 2 · One layer is not enough
#
# The one-layer network of the lecture, for all four points at once:
#
# $$\hat y = \sigma(X w) \qquad\qquad L = \sum_n (\hat y_n - y_n)^2$$
#
# Here $X$ is $(4, 3)$, $w$ is $(3, 1)$, $y$ and $\hat y$ are $(4, 1)$.
#
# > **Margin note.** The slide writes the activation as `1 + np.exp(-X.dot(w))`. The sigmoid is
# > `1 / (1 + np.exp(-z))`. For $z = -2, 0, 2$ the slide's version gives 8.39, 2.00 and 1.14, the sigmoid
# > 0.12, 0.50 and 0.88. The former is always above 1: it can never come near class 0. The slide's gradient,
# > with the factor $\hat y (1 - \hat y)$, is that of the true sigmoid.
#
# ### Exercise · `one_layer_gradient`
#
# Gradient descent needs $\partial L / \partial w$. The chain rule gives it as a product of three factors:
# how the loss changes with the output, the output with the weighted sum, the weighted sum with the weights.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Let $z = X w$. What are $\partial L / \partial \hat y$, $\partial \hat y / \partial z$ and
# $\partial z / \partial w$? The first two are $(n, 1)$ and multiply element by element.
#
# </details>
# <details><summary>Hint 2 · the formulae</summary>
#
# $\partial L / \partial \hat y = 2 (\hat y - y)$ and $\partial \hat y / \partial z = \hat y (1 - \hat y)$.
#
# </details>
# <details><summary>Hint 3 · the line of attack</summary>
#
# The gradient has the shape of $w$, and it sums over the points: multiply by $X^\top$ from the left. Do not
# divide by $n$; the loss is a sum.
#
# </details>
#
# When it works, the loss curves of the next figure fall from the first epoch on.


# %% minutes=10 difficulty=2 kind="core"
@lab.exercise(points=2)
def one_layer_gradient(x, y, w):
    """Gradient of sum((sigmoid(x @ w) - y) ** 2) with respect to w.

    x: (n, d) inputs, the bias column among them; y: (n, 1) targets; w: (d, 1).
    Returns (d, 1).
    """
    # BEGIN SOLUTION
    y_pred = sigmoid(x @ w)
    return x.T @ (2 * (y_pred - y) * y_pred * (1 - y_pred))
    # END SOLUTION


# %% [markdown]
# **Predict.** Start from five random $w$ and descend. Where will the loss end: at 0, at the same value for
# all, or at five different ones?

# %%
one_layer_losses = {}
for seed in range(5):
    w = np.random.default_rng(seed).normal(size=(3, 1))
    losses = []
    for _ in range(2000):
        losses.append(np.square(sigmoid(X @ w) - Y).sum())
        w = w - 0.1 * one_layer_gradient(X, Y, w)
    one_layer_losses[
        f"start {seed}: outputs " + " ".join(f"{p:.2f}" for p in sigmoid(X @ w)[:, 0])
    ] = losses

figure, axes = plt.subplots()
plots.curves(axes, one_layer_losses, "epoch", "loss $L$")
axes.set(title="One layer on XOR, learning rate 0.1", ylim=(0.9, 1.9))
plots.show(
    figure, "Five loss curves from different starts; all fall to 1 and stay there."
)

# %% [markdown]
# **What you see.** Every start ends at the loss 1 with all outputs at 0.50: the network gives up and says
# "half" to everything.
#
# **Why.** The question above: right answers for three points force a wrong one for the fourth. With a very
# steep line through three right points the loss is $0 + 0 + 0 + 1$, again 1.
#
# ## 3 · A hidden layer
#
# The lecture's network puts three hidden units in between. Each is a sigmoid neuron of its own; the output
# is a weighted sum of the three, with no activation:
#
# $$h = \sigma(X W_1) \qquad\qquad \hat y = h\, W_2$$
#
# | | $X$ | $W_1$ | $h$ | $W_2$ | $\hat y$ |
# |:--|:--:|:--:|:--:|:--:|:--:|
# | shape | $(n, 3)$ | $(3, 3)$ | $(n, 3)$ | $(3, 1)$ | $(n, 1)$ |
#
# > **Margin note.** Lecture A calls the output `y_pred`, here $\hat y$. Lecture C writes $\hat y$ for the
# > *reference* output, here $y$. Both conventions are common: look twice.
#
# ### Exercise · `forward`
#
# Backpropagation needs the hidden activations again, so the forward pass returns them together with the
# output.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Two lines, one for each formula. `sigmoid` is imported above.
#
# </details>
# <details><summary>Hint 2 · which layer has the sigmoid</summary>
#
# Only the hidden one. The output is linear.
#
# </details>
#
# When it works, a network with weights set by hand, below, gives the outputs 0, 1, 1, 0.


# %% minutes=8 difficulty=1 kind="core"
@lab.exercise(points=2)
def forward(x, w1, w2):
    """Hidden activations and output of the two-layer network.

    x: (n, d) inputs; w1: (d, m); w2: (m, 1).
    Returns h, (n, m), and y_pred, (n, 1).
    """
    # BEGIN SOLUTION
    h = sigmoid(x @ w1)
    y_pred = h @ w2
    return h, y_pred
    # END SOLUTION


# %% [markdown]
# Before you train, see that an answer exists. Hidden unit 1 is a steep OR, unit 2 a steep AND, unit 3 is
# switched off; the output is "OR but not AND".

# %%
w1_by_hand = np.array([[-10, -30, 0], [20, 20, 0], [20, 20, 0]])
w2_by_hand = np.array([[1], [-1], [0]])
h_by_hand, y_by_hand = forward(X, w1_by_hand, w2_by_hand)
print("x1 x2    OR    AND    output")
for row, hidden, out in zip(X.astype(int), h_by_hand, y_by_hand, strict=True):
    print(f" {row[1]}  {row[2]}   {hidden[0]:.2f}   {hidden[1]:.2f}   {out[0]:.3f}")

figure, panels = plt.subplots(1, 2, figsize=(8, 3.4))
plots.scatter_classes(panels[0], X[:, 1:], Y, names=("XOR = 0", "XOR = 1"))
plots.scatter_classes(
    panels[1], h_by_hand[:, :2], Y, names=("XOR = 0", "XOR = 1 (two points)")
)
panels[0].set(
    xlabel="$x_1$",
    ylabel="$x_2$",
    title="Inputs: no line",
    xlim=(-0.3, 1.3),
    ylim=(-0.3, 1.3),
)
plots.line_of(panels[1], -0.5, 1, -1, (-0.3, 1.3), color="black", linestyle="--")
panels[1].set(
    xlabel="$h_1$ (OR)",
    ylabel="$h_2$ (AND)",
    title="Hidden units: a line",
    ylim=(-0.3, 1.3),
)
panels[0].legend(loc="center")
panels[1].legend(loc="upper left")
plots.show(
    figure,
    "Left: the four inputs, not separable. Right: in the plane of OR and AND a line"
    " separates the classes.",
)

# %% [markdown]
# **What you see.** The hidden layer moves the two ones to the same place, $(1, 0)$, and there a line
# separates the classes.
#
# **Why.** A hidden layer is a change of coordinates, and a *learnt* one if gradient descent can find it.
# That takes the gradients of both weight matrices.
#
# ## 4 · Backpropagation by hand
#
# Lecture C writes the chain rule for one neuron $j$. Its inputs are $x_i$, its weighted sum is
# $u_j = \sum_i x_i w_{ij} + b_j$, its output $y_j = f(u_j)$, and $C$ is the cost, our loss $L$:
#
# $$\frac{\partial C}{\partial w_{ij}} = \frac{\partial C}{\partial y_j}\;\frac{\partial y_j}{\partial u_j}\;
# \frac{\partial u_j}{\partial w_{ij}}$$
#
# Applied to our two layers, from the output back to the input, it gives four gradients, one after the other.
# Each uses only what the lines above it in the table have computed. That re-use is the whole of
# backpropagation. With $n$
# points, $d$ inputs (the bias column among them) and $m$ hidden units:
#
# | of | gradient | shape | exercise |
# |:--|:--:|:--:|:--|
# | output | $\partial L / \partial \hat y$ | $(n, 1)$ | `output_gradients` |
# | output weights | $\partial L / \partial W_2$ | $(m, 1)$ | `output_gradients` |
# | hidden units | $\partial L / \partial h$ | $(n, m)$ | `output_gradients` |
# | hidden weights | $\partial L / \partial W_1$ | $(d, m)$ | `hidden_gradient` |
#
# Every gradient has the shape of the thing it belongs to: if the shapes fit, you are nearly done.
#
# ### Exercise · `output_gradients`
#
# The first half of the way back: from the loss to the output weights and to the hidden units. Section 5
# checks the result; when it works, your gradient and the numerical one agree to some ten digits.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# First compute $g = \partial L / \partial \hat y$, which is $(n, 1)$. Both results are a matrix product with
# it: there is one way to get $(m, 1)$ from $h$, $(n, m)$, and one to get $(n, m)$ from $W_2$, $(m, 1)$.
#
# </details>
# <details><summary>Hint 2 · the formulae</summary>
#
# $\partial L / \partial \hat y = 2 (\hat y - y)$, then $\partial L / \partial W_2 = h^\top g$ and
# $\partial L / \partial h = g\, W_2^\top$.
#
# </details>


# %% minutes=12 difficulty=2 kind="core"
@lab.exercise(points=2)
def output_gradients(y, y_pred, h, w2):
    """Gradients of sum((y_pred - y) ** 2), where y_pred = h @ w2.

    y, y_pred: (n, 1); h: (n, m); w2: (m, 1).
    Returns grad_w2, (m, 1), and grad_h, (n, m).
    """
    # BEGIN SOLUTION
    grad_y_pred = 2 * (y_pred - y)
    grad_w2 = h.T @ grad_y_pred
    grad_h = grad_y_pred @ w2.T
    return grad_w2, grad_h
    # END SOLUTION


# %% [markdown]
# ### Exercise · `hidden_gradient`
#
# The second half: from the hidden units through their sigmoid to the first weight matrix. You know
# $h = \sigma(z)$ already, so its derivative costs no new exponential.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# Written with its own value, the derivative of the sigmoid is $\sigma'(z) = \sigma(z) (1 - \sigma(z))$, and
# $\sigma(z)$ is `h`.
#
# </details>
# <details><summary>Hint 2 · the formula</summary>
#
# $\partial L / \partial W_1 = X^\top \left(\partial L / \partial h \odot h \odot (1 - h)\right)$, where
# $\odot$ multiplies element by element.
#
# </details>


# %% minutes=12 difficulty=3 kind="core"
@lab.exercise(points=2)
def hidden_gradient(x, h, grad_h):
    """Gradient of the loss with respect to w1, where h = sigmoid(x @ w1).

    x: (n, d); h: (n, m) hidden activations; grad_h: (n, m) gradient of the loss there.
    Returns grad_w1, (d, m).
    """
    # BEGIN SOLUTION
    grad_z = grad_h * h * (1 - h)
    return x.T @ grad_z
    # END SOLUTION


# %% [markdown]
# ### Exercise · `sigmoid_output_gradient`
#
# Many books put a sigmoid at the output too: $\hat y = \sigma(h W_2)$. What is $\partial L / \partial W_2$
# then? The chain has one more link.
#
# > **Margin note.** The comment on the slide says "activation of the second layer", but the line
# > `h.dot(w2)` has none: the lecture's output is linear, and its derivative has no factor from a sigmoid.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# You did this in `one_layer_gradient`. Here `h` stands in the place of the inputs, and `y_pred`, after its
# sigmoid, is given.
#
# </details>
# <details><summary>Hint 2 · the formula</summary>
#
# $\partial L / \partial W_2 = h^\top \left(2 (\hat y - y) \odot \hat y \odot (1 - \hat y)\right)$.
#
# </details>


# %% minutes=6 difficulty=2 kind="extra"
@lab.exercise(points=1)
def sigmoid_output_gradient(y, y_pred, h):
    """Gradient of sum((y_pred - y) ** 2) with respect to w2, where y_pred = sigmoid(h @
    w2).

    y, y_pred: (n, 1); h: (n, m). Returns (m, 1).
    """
    # BEGIN SOLUTION
    return h.T @ (2 * (y_pred - y) * y_pred * (1 - y_pred))
    # END SOLUTION


# %% [markdown]
# ## 5 · Is it right?
#
# A wrong gradient often still learns something, only badly, and no error message tells. So never trust a
# derivative that you have not checked.
#
# ### Exercise · `numerical_gradient`
#
# The check needs no calculus. Move one weight a little up and a little down, look how the loss changes, and
# go on to the next weight. This *central difference* is
#
# $$\frac{\partial L}{\partial w} \approx \frac{L(w + \varepsilon) - L(w - \varepsilon)}{2 \varepsilon}$$
#
# When it works, it agrees with your derivatives and needs none of them.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `np.ndindex(w1.shape)` runs through all index pairs of a matrix. Work on copies: the caller's weights must
# not change.
#
# </details>
# <details><summary>Hint 2 · one weight</summary>
#
# `step = np.zeros_like(w1)`, then `step[index] = eps`; the two losses are at `w1 + step` and `w1 - step`.
#
# </details>
# <details><summary>Hint 3 · both matrices</summary>
#
# Write a function `loss(w1, w2)` inside, one loop over the entries of `w1`, and one over those of `w2`.
#
# </details>


# %% minutes=15 difficulty=3 kind="core"
@lab.exercise(points=2)
def numerical_gradient(x, y, w1, w2, eps):
    """Central differences of sum((y_pred - y) ** 2) for every entry of w1 and w2.

    x: (n, d); y: (n, 1); w1: (d, m); w2: (m, 1), float64; eps: the step.
    Returns two arrays shaped like w1 and w2.
    """

    # BEGIN SOLUTION
    def loss(w1, w2):
        return np.square(forward(x, w1, w2)[1] - y).sum()

    grad_w1, grad_w2 = np.zeros_like(w1), np.zeros_like(w2)
    for index in np.ndindex(w1.shape):
        step = np.zeros_like(w1)
        step[index] = eps
        grad_w1[index] = (loss(w1 + step, w2) - loss(w1 - step, w2)) / (2 * eps)
    for index in np.ndindex(w2.shape):
        step = np.zeros_like(w2)
        step[index] = eps
        grad_w2[index] = (loss(w1, w2 + step) - loss(w1, w2 - step)) / (2 * eps)
    return grad_w1, grad_w2
    # END SOLUTION


# %% [markdown]
# Now put your derivatives side by side with it. A gradient is judged by its *relative error*,
# $\lVert a - b \rVert / (\lVert a \rVert + \lVert b \rVert)$. With $\varepsilon = 10^{-5}$ in float64 (NumPy's
# usual numbers, 16 digits): below $10^{-7}$ it is right, above $10^{-3}$ it is wrong.


# %%
def initial_weights(seed):
    """The lecture's start: independent standard normal numbers, (3, 3) and (3, 1)."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(3, 3)), rng.normal(size=(3, 1))


def relative_error(a, b):
    """Distance of two gradients, relative to their lengths."""
    return np.linalg.norm(a - b) / (np.linalg.norm(a) + np.linalg.norm(b))


w1, w2 = initial_weights(seed=0)
h, y_pred = forward(X, w1, w2)
grad_w2, grad_h = output_gradients(Y, y_pred, h, w2)
grad_w1 = hidden_gradient(X, h, grad_h)
numerical_w1, numerical_w2 = numerical_gradient(X, Y, w1, w2, 1e-5)
print(
    f"relative errors: W1 {relative_error(grad_w1, numerical_w1):.0e}, W2"
    f" {relative_error(grad_w2, numerical_w2):.0e}"
)
print(
    f"W1 without the factor h (1 - h): {relative_error(X.T @ grad_h, numerical_w1):.2f}"
)

# %% [markdown]
# TensorFlow computes the same gradients by recording the forward pass on a tape and applying the chain rule
# to it backwards, which is what you have just done by hand. It also decides whether the factor
# $\hat y (1 - \hat y)$ belongs to a sigmoid output.

# %% tags=["nbval-check-output"]
v1, v2 = tf.Variable(w1), tf.Variable(w2)
# persistent: two gradients from one tape
with tf.GradientTape(persistent=True) as tape:
    weighted_sum = tf.sigmoid(X @ v1) @ v2
    loss_linear = tf.reduce_sum((weighted_sum - Y) ** 2)
    loss_sigmoid = tf.reduce_sum((tf.sigmoid(weighted_sum) - Y) ** 2)
tape_w1, tape_w2 = tape.gradient(loss_linear, [v1, v2])
assert np.allclose(tape_w1, grad_w1, rtol=1e-12, atol=0) and np.allclose(
    tape_w2, grad_w2, rtol=1e-12, atol=0
)
print("backpropagation by hand and GradientTape agree to twelve digits")

tape_sigmoid = tape.gradient(loss_sigmoid, v2)
out = sigmoid(y_pred)
assert np.allclose(tape_sigmoid, sigmoid_output_gradient(Y, out, h), rtol=1e-12, atol=0)
without = relative_error(tape_sigmoid, h.T @ (2 * (out - Y)))
print(
    f"with a sigmoid output too; without its factor the relative error is {without:.2f}"
)

# %% [markdown]
# **Predict.** The smaller $\varepsilon$, the better the central difference? Sketch the error of
# `numerical_gradient` for $\varepsilon$ from $10^{-1}$ down to $10^{-13}$.

# %%
steps = 10.0 ** -np.arange(1, 14)
errors = [
    relative_error(numerical_gradient(X, Y, w1, w2, eps)[0], grad_w1) for eps in steps
]
figure, axes = plt.subplots()
axes.loglog(steps, errors, "o-", color=plots.BLUE)
axes.annotate("error grows\nwith $\\varepsilon^2$", (8e-3, 2e-8))
axes.set(
    xlabel="step $\\varepsilon$",
    ylabel="relative error of $W_1$'s gradient",
    title="Central differences",
)
plots.show(
    figure,
    "Error against step size on double logarithmic axes: a V, lowest near one"
    " hundred-thousandth.",
)

# %% [markdown]
# **What you see.** A V: the error is smallest near $\varepsilon = 10^{-5}$ and grows on both sides of it.
#
# **Why.** On the right the formula is inexact, by a term with $\varepsilon^2$. On the left is something
# else, which the question asks about.
#
# ### Question · `tiny_eps`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def tiny_eps():
    """With eps = 1e-12 the numerical gradient has only about four right digits. Why?

    a) Backpropagation is slightly wrong; only so small a step brings it to light.
    b) Nothing about backpropagation: L is stored to about 16 digits, and dividing
       its rounding error by 2e-12 leaves a relative error of some 1e-4.
    c) The term with eps squared, which the central difference neglects, is now large.
    """
    # BEGIN SOLUTION
    return "b"
    # END SOLUTION


# %% [markdown] tags=["solution"]
# **For instructors.** Rounding contributes about $u L / \varepsilon$ with $u \approx 10^{-16}$, truncation
# about $\varepsilon^2 L''' / 6$. Their sum is smallest near
# $\varepsilon \approx u^{1/3} \approx 5 \cdot 10^{-6}$, where the figure has its lowest point. In float32,
# $u \approx 6 \cdot 10^{-8}$ and the best step is about $4 \cdot 10^{-3}$: gradient checks belong in
# float64.

# %% [markdown]
# ## 6 · Training
#
# ### Exercise · `train_step`
#
# One step of the lecture's loop: forward, back, update. The update
# $W \leftarrow W - \eta\, \partial L / \partial W$ uses gradients that belong to the *same* weights, so
# compute all of them before you change any. When it works, the outputs of the next cell approach 0, 1, 1, 0.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# You have written every part: `forward`, `output_gradients`, `hidden_gradient`.
#
# </details>
# <details><summary>Hint 2 · do not change the arguments</summary>
#
# `w1 -= …` writes into the caller's array. Return `w1 - eta * grad_w1` instead.
#
# </details>


# %% minutes=6 difficulty=1 kind="core"
@lab.exercise(points=1)
def train_step(x, y, w1, w2, eta):
    """Weights after one step of gradient descent with learning rate eta.

    x: (n, d); y: (n, 1); w1: (d, m); w2: (m, 1).
    Returns the new w1 and w2.
    """
    # BEGIN SOLUTION
    h, y_pred = forward(x, w1, w2)
    grad_w2, grad_h = output_gradients(y, y_pred, h, w2)
    grad_w1 = hidden_gradient(x, h, grad_h)
    return w1 - eta * grad_w1, w2 - eta * grad_w2
    # END SOLUTION


# %% [markdown]
# The lecture's settings: learning rate $\eta = 10^{-2}$, 10 000 epochs. It reports a solved XOR "after ~
# 300 epochs" and these predictions:
#
# | inputs | truth | lecture's output |
# |:--|:--|:--|
# | (0, 0) | 0 | 0.001 |
# | (0, 1) | 1 | 0.999 |
# | (1, 0) | 1 | 0.999 |
# | (1, 1) | 0 | 0.002 |


# %%
def descend(w1, w2, eta, epochs):
    """The weights after 0, 1, 2, … epochs on XOR."""
    path = [(w1, w2)]
    for _ in range(epochs):
        path.append(train_step(X, Y, *path[-1], eta))
    return path


path = descend(*initial_weights(seed=0), eta=1e-2, epochs=10_000)
trained_w1, trained_w2 = path[-1]
outputs = np.array([forward(X, *weights)[1][:, 0] for weights in path])
largest_error = np.abs(outputs - Y[:, 0]).max(axis=1)
for limit in (0.5, 0.1, 0.002):
    reached = np.argmax(largest_error < limit)
    print(
        f"all within {limit:<5} of the truth after {reached} epochs:",
        *outputs[reached].round(3),
    )
print(f"after 10000 epochs the largest error is {largest_error[-1]:.0e}")

# %% [markdown]
# The lecture's predictions are reached, to within 0.001, after some 6300 epochs. But start 0 was not solved
# after 300. Look at the path:

# %%
flat = np.array([np.concatenate([a.ravel(), b.ravel()]) for a, b in path])
# a step is eta times the gradient
gradient_length = np.linalg.norm(np.diff(flat, axis=0), axis=1) / 1e-2
loss_and_gradient = {
    "loss $L$": np.square(outputs - Y[:, 0]).sum(axis=1),
    "length of its gradient": gradient_length,
}
figure, panels = plt.subplots(1, 2, figsize=(9, 3.4))
plots.curves(panels[0], loss_and_gradient, "epoch", "loss, gradient")
panels[0].set(yscale="log", title="Loss, start 0", ylim=(1e-4, 30))
labels = [f"({a:.0f}, {b:.0f})" for a, b in X[:, 1:]]
plots.curves(
    panels[1], dict(zip(labels, outputs.T, strict=True)), "epoch", "output $\\hat y$"
)
panels[1].set(title="The four outputs", ylim=(-0.15, 1.15))
panels[1].legend(title="$(x_1, x_2)$", loc="center right")
plots.show(
    figure,
    "Left: loss on a plateau near 1 for some 2500 epochs, gradient small. Right: then"
    " the outputs part.",
)

# %% [markdown]
# **What you see.** All outputs first gather near 0.5 and stay there for some 2500 epochs; then they part,
# and the loss falls quickly. On the plateau the gradient is hundreds of times shorter than at the start.
#
# **Why.** "Half to everything" is the one-layer answer, loss 1. It is a saddle of the loss: nearly level,
# with some directions that lead gently down, and descent on nearly level ground is slow.
#
# ### Twenty starts at once, and two hundred
#
# One start is an anecdote. We call XOR *solved* when $L < 0.01$: then every output is within 0.1 of its
# truth. The lecture is content with less: a point is *right* when its output is on the right side of 0.5. We
# count both.
#
# To train many networks at once, stack their weights along a new first axis; `@` multiplies the last two axes
# and leaves the first alone. Only `.T` becomes `.mT`, which transposes the last two axes.


# %%
def train_many(w1, w2, x, y, eta, epochs):
    """Trains k networks, w1 (k, d, m) and w2 (k, m, 1).

    Returns both, and for each epoch their losses and which have every point right,
    (epochs, k).
    """
    losses, right = np.empty((epochs, len(w1))), np.empty((epochs, len(w1)), dtype=bool)
    for t in range(epochs):
        h = sigmoid(x @ w1)
        y_pred = h @ w2
        losses[t] = np.square(y_pred - y).sum(axis=(1, 2))
        right[t] = ((y_pred > 0.5) == (y == 1)).all(axis=(1, 2))
        grad_y_pred = 2 * (y_pred - y)
        grad_z = grad_y_pred @ w2.mT * h * (1 - h)
        w1, w2 = w1 - eta * x.T @ grad_z, w2 - eta * h.mT @ grad_y_pred
    return w1, w2, losses, right


start_w1 = np.stack([initial_weights(seed)[0] for seed in range(200)])
start_w2 = np.stack([initial_weights(seed)[1] for seed in range(200)])
one_w1, one_w2, _, _ = train_many(
    start_w1[:1], start_w2[:1], X, Y, eta=1e-2, epochs=10_000
)
# start 0, as above
assert np.allclose(one_w1[0], trained_w1) and np.allclose(one_w2[0], trained_w2)

# %% [markdown]
# **Predict.** With $\eta = 0.1$ instead of $0.01$: how many epochs, and how many of the starts get stuck?
# And with $\eta = 1$? A start that is unsolved after 10 000 epochs may only be slow, so those go on to
# 100 000.


# %%
def since(good):
    """From which epoch on each network stays good, inf if it ends otherwise; good:
    (epochs, k).
    """
    return np.where(good[-1], len(good) - np.argmin(good[::-1], axis=0), np.inf)


# %%
losses_at, solved_at, right_at, rows = {}, {}, {}, []
for eta in (0.01, 0.03, 0.1, 0.3, 1.0):
    w1_now, w2_now, losses, right = train_many(start_w1, start_w2, X, Y, eta, 10_000)
    losses_at[eta], solved_at[eta], right_at[eta] = (
        losses,
        since(losses < 0.01),
        since(right),
    )
    open_ones = np.isinf(solved_at[eta])
    stuck = np.sum(
        train_many(w1_now[open_ones], w2_now[open_ones], X, Y, eta, 90_000)[2][-1]
        >= 0.01
    )
    until = [
        np.median(epochs[np.isfinite(epochs)]).astype(int)
        for epochs in (solved_at[eta], right_at[eta])
    ]
    counts = np.sum(~open_ones[:20]), np.sum(~open_ones), stuck
    rows.append([f"{eta:g}", *counts, until[0], np.sum(right_at[eta] <= 300), until[1]])

# %%
header = [
    "η",
    "solved of 20",
    "solved of 200",
    "unsolved after 100 000",
    "median epochs to solve",
]
header += ["of 200 right within 300 epochs", "median epochs to right"]
plots.table(
    header,
    rows,
    "The lecture's network, 10 000 epochs; *right* as in the lecture, to the end",
)

# %%
figure, panels = plt.subplots(1, 3, figsize=(9, 3.2), sharey=True)
for axes, (eta, shown) in zip(
    panels, {0.01: 10_000, 0.1: 1000, 1.0: 1000}.items(), strict=True
):
    losses, solved = losses_at[eta][:shown, :20], np.isfinite(solved_at[eta][:20])
    axes.semilogy(losses[:, solved], color=plots.BLUE, linewidth=0.9)
    axes.semilogy(losses[:, ~solved], color=plots.ORANGE, linewidth=1.1, linestyle="--")
    axes.axhline(0.01, color="black", linewidth=0.8, linestyle=":")
    axes.set(
        xlabel="epoch",
        title=f"$\\eta$ = {eta:g}: {solved.sum()} of 20 solved",
        ylim=(1e-4, 100),
    )
panels[0].set_ylabel("loss $L$")
plots.show(
    figure,
    "Loss curves of twenty starts at three learning rates: smooth at 0.01 and 0.1,"
    " wild at 1 where most fail.",
)

# %% [markdown]
# **What you see.** Solid blue curves are solved within 10 000 epochs, dashed orange ones are not; the
# dotted line is $L = 0.01$. The first two panels show nearly the same curves on axes that differ by the
# factor ten (the one dashed at left would need a little longer). In the third most curves never come down,
# and the blue ones that are still near 1 at its right edge are solved only after the axis ends.
#
# **Why.** While steps are small, descent follows one smooth path, and ten times the learning rate walks it
# in a tenth of the epochs. At $\eta = 1$ the first steps overshoot and throw the hidden units far out. There
# their sigmoids are *saturated*: so flat that hardly any gradient comes back, and of 154 unsolved starts
# 149 stay unsolved. At the lecture's learning rate,
# in contrast, *not solved* mostly means *slow*: of 16 starts that are unsolved after 10 000 epochs, only one
# is still unsolved after 100 000.
#
# > **Margin note.** The slide says "after ~ 300 epochs". By its milder measure only 4 of our 200 starts are
# > right within 300 epochs at the $\eta = 10^{-2}$ printed beside the code (median about 1950); at 0.1 it is
# > 134 of 200 (median about 210).
#
# ## 7 · What the network has learnt
#
# The output for every point of the plane, at six moments of the training of start 0. The black line is
# where the output is one half.


# %%
def with_bias(points):
    """Puts the column of ones before (n, 2) points."""
    return np.column_stack([np.ones(len(points)), points])


figure, panels = plt.subplots(2, 3, figsize=(9, 5.4), sharex=True, sharey=True)
for axes, epoch in zip(panels.flat, (300, 2500, 3500, 4000, 5000, 10_000), strict=True):
    weights = path[epoch]
    filled = plots.decision_surface(
        axes,
        lambda points, weights=weights: forward(with_bias(points), *weights)[1],
        (-0.5, 1.5),
        (-0.5, 1.5),
    )
    plots.scatter_classes(axes, X[:, 1:], Y, names=("XOR = 0", "XOR = 1"))
    axes.get_legend().remove()
    axes.set(title=f"epoch {epoch}", xlabel="$x_1$", ylabel="$x_2$")
    axes.label_outer()
figure.colorbar(filled, ax=panels, label="output $\\hat y$")
plots.show(
    figure,
    "Six maps of the output: no edge at first, then one edge, then a dark diagonal"
    " band that holds the two zeros.",
)
print(
    "hidden units of the four points at the end:",
    *forward(X, *path[-1])[0].round(2),
    sep="\n",
)

# %% [markdown]
# **What you see.** At epoch 300 every output is near one half. At epoch 2500 one edge parts $x_1 = 0$ from
# $x_1 = 1$, as a single neuron might, and two points are right; then a second edge comes in, and at the end a
# dark band between two edges holds the two zeros. (Outputs below 0 and above 1 have the end colours.)
#
# **Why.** Each edge is the work of one hidden unit: the table shows that unit 2 is high only at $(0, 1)$ and
# unit 1 low only at $(1, 0)$. Unit 3 changes little from point to point and serves as the bias that the output
# does not have.
#
# ## 8 · Breaking the symmetry
#
# Must the weights start at random? First decide what happens if they do not, then watch it.
#
# ### Question · `zero_start`


# %% minutes=4 difficulty=2 kind="core"
@lab.question(points=1)
def zero_start():
    """All weights of the two-layer network start at zero. What does training do?

    a) Nothing at all: every gradient is zero, so no weight ever moves.
    b) It solves XOR, only more slowly than from random weights.
    c) W2 moves, but its entries stay equal, and so do the hidden units: three copies of
       one.
    d) It stops with nan, because the sigmoid divides by zero.
    """
    # BEGIN SOLUTION
    return "c"
    # END SOLUTION


# %% [markdown] tags=["solution"]
# **For instructors.** With $W_2 = 0$ the first $\partial L / \partial h$ is zero, so $W_1$ does not move in
# the first step. With $W_1 = 0$ every $h$ is 0.5, so all entries of $\partial L / \partial W_2$ are equal.
# From then on the columns of $W_1$ receive equal gradients. On XOR the network ends at output 0.5 and loss
# 1, because the four points cancel; with other data it would learn as much as one hidden unit can.

# %%
ways = {
    "all 0": (np.zeros((3, 3)), np.zeros((3, 1))),
    "all 0.5": (np.full((3, 3), 0.5), np.full((3, 1), 0.5)),
    "0.01 · N(0, 1)": (0.01 * start_w1[0], 0.01 * start_w2[0]),
    "N(0, 1)": (start_w1[0], start_w2[0]),
}
ways_w1, ways_w2 = (
    np.stack([w1 for w1, _ in ways.values()]),
    np.stack([w2 for _, w2 in ways.values()]),
)
ways_losses = train_many(ways_w1, ways_w2, X, Y, eta=0.1, epochs=25_000)[2]

# %%
figure, panels = plt.subplots(1, 4, figsize=(9, 2.9), sharex=True, sharey=True)
for axes, name, loss in zip(panels, ways, ways_losses.T, strict=True):
    # (1501, 3)
    from_x1 = np.array([w1[1] for w1, _ in descend(*ways[name], eta=0.1, epochs=1500)])
    plots.curves(
        axes,
        {f"to $h_{j + 1}$": values for j, values in enumerate(from_x1.T)},
        "epoch",
        "weight from $x_1$",
    )
    axes.label_outer()
    axes.set_title(
        f"{name}\nsolved at epoch: {np.argmax(loss < 0.01) or 'never'}", fontsize=10
    )
    axes.get_legend().set_visible(name == "N(0, 1)")
    print(
        f"{name:15} loss after 20 000 epochs {loss[20_000]:.3f}, after 25 000"
        f" {loss[-1]:.3f}"
    )
plots.show(
    figure,
    "Weights of three hidden units from four starts: one curve if all are equal, three"
    " if random.",
)

# %% [markdown]
# **What you see.** From equal weights the three curves lie on each other and look like one, and the loss stays
# high for 25 000 epochs; from random weights they part at once. Tiny random weights part too, but on this
# scale you cannot see it.
#
# **Why.** Units with equal weights give equal outputs, receive equal gradients and make equal steps: three
# copies of one unit. Hence the lecture's warning, that with constant weights "training will fail, we need to
# break the symmetry".
#
# > **Margin note.** The slide advises against tiny weights and prints `* 0.01` directly beneath. They break the
# > symmetry so little that start 0 is unsolved after 20 000 epochs; it does arrive, at about 22 500.
#
# ## 9 · Inputs on a common scale
#
# The corners of XOR are 0 and 1; measurements are not. Here is an invented one: a layer warps if *either*
# its temperature *or* its thickness is high, but not both. Temperatures come in kelvin, thicknesses in
# metres.

# %%
rng = np.random.default_rng(0)
hot, thick = rng.integers(0, 2, size=(2, 300))
temperature = np.where(hot, 320, 280) + rng.normal(scale=6, size=300)  # K
thickness = np.where(thick, 0.003, 0.001) + rng.normal(scale=0.0003, size=300)  # m
points = np.column_stack([temperature, thickness])
warps = (hot ^ thick)[:, None].astype(float)
train_points, test_points = points[:200], points[200:]
train_warps, test_warps = warps[:200], warps[200:]

figure, axes = plt.subplots(figsize=(5.4, 3.4))
plots.scatter_classes(axes, train_points, train_warps, names=("stays flat", "warps"))
axes.set(xlabel="temperature (K)", ylabel="thickness (m)", title="XOR with units")
axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
plots.show(
    figure,
    "Four clouds at the corners of a rectangle from 280 to 320 kelvin and 0.001 to"
    " 0.003 metres; diagonals alike.",
)

# %% [markdown]
# ### Exercise · `standardise`
#
# The lecture's recipe: subtract the mean of every feature and divide by its standard deviation. One thing
# the slide leaves out: new data must go through *the same* transformation, with the mean and the deviation
# of the training data.
# When it works, the columns of the first result have mean 0 and variance 1.
#
# > **Margin note.** `X -= np.mean(X, axis=0)` on the slide overwrites the caller's array, and stops with an
# > error if it holds integers. Write `X = X - …`. And standardise *before* the bias column is added: a
# > constant column has deviation 0, and 0 / 0 is `nan`.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# One mean and one deviation for each column: `axis=0`.
#
# </details>
# <details><summary>Hint 2 · the line of attack</summary>
#
# Compute `mean` and `std` of `x_train` once, then return `(x_train - mean) / std` and
# `(x_new - mean) / std`.
#
# </details>


# %% minutes=6 difficulty=1 kind="extra"
@lab.exercise(points=2)
def standardise(x_train, x_new):
    """Both arrays with the training data's mean removed, divided by its standard
    deviation.

    x_train: (n, d); x_new: (k, d). Returns two arrays of these shapes; every column of
    the
    first has mean 0 and variance 1.
    """
    # BEGIN SOLUTION
    mean, std = x_train.mean(axis=0), x_train.std(axis=0)
    return (x_train - mean) / std, (x_new - mean) / std
    # END SOLUTION


# %% [markdown]
# Now the same network learns the 200 points four times, each time in another scaling. The loss sums over 200
# points instead of 4, so $\eta$ is divided by 50.
#
# **Predict.** Which is enough to make training work: to subtract the mean, to divide by the deviation, or
# only both?

# %%
mean, std = train_points.mean(axis=0), train_points.std(axis=0)
versions = {
    "raw": (train_points, test_points),
    "mean removed": (train_points - mean, test_points - mean),
    "divided by deviation": (train_points / std, test_points / std),
    "standardised": standardise(train_points, test_points),
}
good, scale_losses = {}, {}
for name, (train, test) in versions.items():
    train, test = with_bias(train), with_bias(test)
    end_w1, end_w2, losses, _ = train_many(
        start_w1[:20], start_w2[:20], train, train_warps, 0.1 / 50, 3000
    )
    correct = ((sigmoid(test @ end_w1) @ end_w2 > 0.5) == (test_warps == 1)).mean(
        axis=(1, 2)
    )
    good[name] = f"{(correct > 0.95).sum()} of 20"
    scale_losses[f"{name}: {good[name]} over 95 %"] = np.median(losses, axis=1) / 200
figure, axes = plt.subplots()
plots.curves(axes, scale_losses, "epoch", "median loss per point")
axes.set(title="Twenty starts in four scalings; test points right", ylim=(0, 0.35))
plots.show(
    figure,
    "Four loss curves: three stay near a quarter, only the standardised one falls to a"
    " few hundredths.",
)

# %% [markdown]
# **What you see.** Only the standardised inputs are learnt, and by all twenty networks; the others stay
# near 0.25 per point, which is "half to everything".
#
# **Why.** A hidden unit that receives 300 K, or 14 deviations, or even 20 K from the mean, lies far out where
# its sigmoid is flat; and beside 300 K or 20 K a thickness of 0.002 m is not seen at all. Both steps are
# needed: the mean brings the inputs to where the sigmoids bend, the deviation makes them count alike.
#
# ## 10 · The landscape around the solution
#
# Twelve weights span a space that nobody can see. But it can be cut: go from the trained weights $W$ along
# a random direction $D$ and plot $L(W + \alpha D)$. As Li et al. (2018) advise, the direction is scaled to
# the size of the weights, here each matrix by its norm.
#
# The network has also *other* solutions: renumber its hidden units, and nothing changes. So cut once more,
# straight from the trained network to a renumbered copy of itself.
#
# **Predict.** The loss is 0 at both ends of that last cut. And half-way?


# %%
def losses_along(d1, d2, alphas):
    """Losses on XOR at the trained weights plus alpha times the direction d1, d2."""
    return [
        np.square(forward(X, trained_w1 + a * d1, trained_w2 + a * d2)[1] - Y).sum()
        for a in alphas
    ]


rng, alphas, cuts = np.random.default_rng(3), np.linspace(-1, 1, 201), {}
for k in range(5):
    d1, d2 = rng.normal(size=(3, 3)), rng.normal(size=(3, 1))
    d1 *= np.linalg.norm(trained_w1) / np.linalg.norm(d1)
    d2 *= np.linalg.norm(trained_w2) / np.linalg.norm(d2)
    cuts[f"direction {k + 1}"] = (alphas, losses_along(d1, d2, alphas))
order, shares = [1, 2, 0], np.linspace(0, 1, 201)
between = losses_along(
    trained_w1[:, order] - trained_w1, trained_w2[order] - trained_w2, shares
)

figure, panels = plt.subplots(1, 2, figsize=(9, 3.4))
plots.curves(panels[0], cuts, "distance $\\alpha$", "loss $L$")
panels[0].get_legend().remove()
panels[0].set(title="Along five random directions", ylim=(0, 12))
plots.curves(
    panels[1], {"loss": (shares, between)}, "share of the renumbered copy", "loss $L$"
)
panels[1].axhline(1, color=plots.GREY, linestyle=":", label="always 0.5")
panels[1].legend()
panels[1].set(title="Between two equal solutions")
plots.show(
    figure,
    "Left: five valleys with one floor, some steep, some wide. Right: a hill between"
    " two solutions.",
)

# %% [markdown]
# **What you see.** The loss is steep along some directions and gentle along others. Between two equal
# solutions it climbs above 2, worse than saying "half" to everything.
#
# **Why.** The sum of squares is a bowl in $\hat y$, but $\hat y$ is not linear in the weights, so the loss
# is *not convex* in them: the average of two solutions is no solution. That it reacts strongly to some
# combinations of weights and hardly to others is the "poor conditioning" of the lecture; lab 03 is about
# optimisers that cope with it.
#
# ## 11 · The same network in Keras, and a third opinion
#
# ### Exercise · `xor_network`
#
# Now that you know every line inside, let a library write them. Build the lecture's network: 3 inputs, of
# which the first is the bias column, 3 hidden sigmoid units, one linear output, 12 weights altogether.
# When it works, it follows the path of your own network.
#
# <details><summary>Hint 1 · a nudge</summary>
#
# `keras.Sequential([...])` with `keras.Input((3,))` first and two `keras.layers.Dense` layers.
#
# </details>
# <details><summary>Hint 2 · where 16 parameters come from</summary>
#
# A `Dense` layer has a bias of its own unless you say `use_bias=False`. Here the bias column of $X$ does
# that work, and the output has none.
#
# </details>


# %% minutes=8 difficulty=1 kind="core"
@lab.exercise(points=2)
def xor_network():
    """The lecture's network as a Keras model, not compiled: inputs (n, 3), outputs (n,
    1).
    """
    # BEGIN SOLUTION
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(3, activation="sigmoid", use_bias=False),
            keras.layers.Dense(1, use_bias=False),
        ]
    )
    # END SOLUTION


# %% [markdown]
# Keras's mean squared error *averages* over the batch, so its gradient is a quarter of ours;
# `reduction="sum"` gives the lecture's loss. From the same start the two networks must follow the same path.

# %% tags=["nbval-check-output"]
model = xor_network()
model.compile(
    optimizer=keras.optimizers.SGD(0.1),
    loss=keras.losses.MeanSquaredError(reduction="sum"),
)
model.set_weights(initial_weights(seed=0))
for _ in range(1000):
    model.train_on_batch(X, Y)

by_hand = descend(*initial_weights(seed=0), eta=0.1, epochs=1000)[-1]
for ours, theirs in zip(by_hand, model.get_weights(), strict=True):
    assert np.allclose(ours, theirs, atol=1e-3)
assert np.allclose(model.predict(X, verbose=0), Y, atol=0.05)
print("parameters:", model.count_params(), "  solved, with the same weights as by hand")

# %% [markdown]
# One thousand steps later the weights of both agree to three decimals; Keras computes in float32, NumPy in
# float64. (`model.fit` does the same, but here it would spend nearly all its time on the bookkeeping around
# each epoch of a single batch.)
#
# scikit-learn's `MLPClassifier` is a third opinion. It has biases of its own, so it gets $X$ without the bias
# column; a sigmoid output; and as loss the *cross-entropy*, minus the logarithm of the probability that it
# gives to the true class. Its usual hidden units are *ReLU*, $\max(0, z)$, or on request logistic, which is
# our sigmoid. Its usual optimiser is *Adam*, gradient descent with a step size for each weight (lab 03); on
# request *L-BFGS*, which also estimates the curvature, that is how fast the gradient changes.
#
# **Predict.** Will it have all four points right with its default settings? And with three logistic units?

# %%
logistic = {"hidden_layer_sizes": 3, "activation": "logistic"}
settings = {
    "defaults (100 ReLU units, Adam)": {},
    "3 logistic units, Adam": logistic,
    "3 logistic units, Adam, η = 0.1": logistic
    | {"learning_rate_init": 0.1, "max_iter": 5000},
    "3 logistic units, L-BFGS": logistic | {"solver": "lbfgs", "max_iter": 5000},
}
sklearn_rows = []
for name, options in settings.items():
    with warnings.catch_warnings():
        # the defaults stop at 200 epochs and warn that they have not converged
        warnings.simplefilter("ignore")
        fits = [
            MLPClassifier(random_state=seed, **options).fit(X[:, 1:], Y[:, 0])
            for seed in range(20)
        ]
    errors = np.array(
        [np.abs(fit.predict_proba(X[:, 1:])[:, 1] - Y[:, 0]).max() for fit in fits]
    )
    counts = f"{np.sum(errors < 0.5)} of 20", f"{np.sum(errors < 0.1)} of 20"
    sklearn_rows.append([name, *counts, int(np.median([fit.n_iter_ for fit in fits]))])
columns = ["MLPClassifier", "all four right", "and within 0.1", "median iterations"]
plots.table(columns, sklearn_rows, "scikit-learn on XOR, seeds 0 to 19")

# %% [markdown]
# **What you see.** With its default settings all twenty networks have the four points right, but none has
# its outputs within 0.1. Three logistic units fail with the default learning rate and mostly succeed with a
# rate of 0.1 or with L-BFGS.
#
# **Why.** The defaults end after 200 epochs at a learning rate of 0.001, and even earlier if the loss
# improves by less than `tol=1e-4` for ten epochs in a row: on the plateau this looks like convergence.
# L-BFGS suits problems as small as this one, but it gets stuck now and then as well.
#
# ## 12 · What you have found
#
# 1. *Why can one layer never solve XOR?* It draws one line, and the conditions of the four points
#    contradict each other; training ends at a squared error of 1, "half" to
#    everything. A hidden layer changes the
#    coordinates so that a line suffices.
# 2. *How does the chain rule become backpropagation?* Line by line from the output to the input; each line
#    re-uses the one before. A linear output has no factor $\hat y (1 - \hat y)$, a sigmoid output has one.
# 3. *How do you check a gradient?* By central differences in float64 with $\varepsilon \approx 10^{-5}$,
#    and by automatic differentiation.
# 4. *How many epochs, how often stuck?* Thousands until $L < 0.01$ at $\eta = 0.01$, about a tenth of that at
#    0.1; about half as many until all points are right. Very few starts are truly stuck, until $\eta$ is too
#    large.
# 5. *Why different weights and a common scale?* Equal hidden units receive equal gradients and stay equal.
#    Unscaled inputs drive the hidden units to where their sigmoids are flat.
# 6. *What does the loss look like?* Around a trained network it rises steeply in some directions and gently
#    in others; between two equal solutions lies a hill.
# 7. *And in Keras and scikit-learn?* Two `Dense` layers in Keras. `MLPClassifier` with its defaults puts all
#    four points on the right side, but is not sure of them; three logistic units need a larger learning rate or
#    L-BFGS.
#
# The numbers of this run in one place, beside the lecture's:


# %%
def typical(epochs):
    """Median of those that arrive, and how many do."""
    return (
        f"median {np.median(epochs[np.isfinite(epochs)]):.0f};"
        f" {np.isfinite(epochs).sum()} of 200"
    )


# %%
rows = [
    [
        "one layer: best loss of five starts",
        "",
        f"{min(loss[-1] for loss in one_layer_losses.values()):.3f}",
    ],
    [
        "gradient against central differences",
        "",
        f"relative error {relative_error(grad_w1, numerical_w1):.0e}",
    ],
    [
        "outputs of start 0, η = 0.01",
        "0.001 0.999 0.999 0.002",
        " ".join(f"{p:.3f}" for p in outputs[reached]),
    ],
]

# %%
rows += [
    ["epochs until then", "(ran 10 000)", f"{reached}"],
    ["epochs until all four are right, η = 0.01", "~ 300", typical(right_at[0.01])],
    ["epochs until all four are right, η = 0.1", "", typical(right_at[0.1])],
    ["epochs until L < 0.01, η = 0.01", "", typical(solved_at[0.01])],
    ["epochs until L < 0.01, η = 0.1", "", typical(solved_at[0.1])],
    [
        "loss from weights all 0, all 0.5",
        '"will fail"',
        ", ".join(f"{end:.3f}" for end in ways_losses[-1, :2]),
    ],
    [
        "test accuracy over 95 %: raw, standardised",
        "",
        f"{good['raw']}, {good['standardised']}",
    ],
    ["scikit-learn, 3 logistic units, L-BFGS, right", "", sklearn_rows[-1][1]],
]
plots.table(["experiment", "lecture", "this run"], rows, "XOR, measured")

# %% [markdown]
# ## 13 · To discuss
#
# 1. The plateau at loss 1 is a saddle, not a minimum. How could you show this with the tools of this lab?
# 2. Give the network 2 or 8 hidden units: change the shapes in `initial_weights`, and count who is solved.
#    Why might a *larger* network be *easier* to train?
# 3. Backpropagation computes all twelve derivatives for about the cost of one more forward pass. What would
#    central differences cost for a network with a million weights?

# %% [markdown] tags=["solution"]
# **For instructors.** 1. `numerical_gradient` of the gradient is the Hessian. At epoch 1000 of start 0 its
# eigenvalues run from −0.08 to 8.3 and several are negative: a saddle. 2. At $\eta = 0.1$, two hidden units
# solve about three quarters of 200 starts, three all but one, four and eight all of them: with more units
# it is likelier that some already point in useful directions. 3. Two forward passes for each weight, two
# million for one gradient.
#
# The one start that stays unsolved at $\eta = 0.01$ is number 127: two points are right and the other two get
# 0.5 each, because all hidden units are saturated at the same values for both.

# %% [markdown]
# ## 14 · Further reading
#
# - D. E. Rumelhart, G. E. Hinton and R. J. Williams (1986). Learning representations by back-propagating
#   errors. *Nature* 323, 533–536.
# - M. Minsky and S. Papert (1969). *Perceptrons: An Introduction to Computational Geometry*. MIT Press.
# - Y. LeCun, L. Bottou, G. B. Orr and K.-R. Müller (1998). Efficient BackProp. In G. B. Orr and K.-R.
#   Müller (eds), *Neural Networks: Tricks of the Trade*, Lecture Notes in Computer Science 1524, 9–50.
#   Springer.
# - H. Li, Z. Xu, G. Taylor, C. Studer and T. Goldstein (2018). Visualizing the loss landscape of neural
#   nets. *Advances in Neural Information Processing Systems* 31.

# %%
lab.progress()
