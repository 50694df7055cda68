"""Planted answers for lab 12: the mistakes that beginners make, and right answers in other styles."""

import hashlib
import hmac
import itertools
import math
from collections import Counter

import numpy as np
import tensorflow as tf
from scipy import stats

from tests.planted import right, wrong

# -- auroc ------------------------------------------------------------------------------------------------------------


def _area(known, unknown, tie=0.5):
    known, unknown = np.asarray(known), np.asarray(unknown)
    return np.mean((known[:, None] > unknown) + tie * (known[:, None] == unknown))


@wrong("auroc", says="the score's sign is flipped")
def auroc_with_flipped_sign(known, unknown):
    return _area(unknown, known)


@wrong("auroc", says="ties are not counted")
def auroc_without_ties(known, unknown):
    return _area(known, unknown, 0)


@wrong("auroc", says="ties are counted in full")
def auroc_with_full_ties(known, unknown):
    return np.mean(known[:, None] >= unknown)


@wrong("auroc", says="stand side by side")
def auroc_side_by_side(known, unknown):
    n = min(len(known), len(unknown))
    return np.mean((known[:n] > unknown[:n]) + 0.5 * (known[:n] == unknown[:n]))


@wrong("auroc", says="divide by the number of pairs")
def auroc_as_a_count(known, unknown):
    return _area(known, unknown) * len(known) * len(unknown)


@wrong("auroc", says="difference of the two means")
def auroc_by_means(known, unknown):
    return known.mean() - unknown.mean()


@wrong("auroc", says="above the mean of the unknown ones")
def auroc_above_the_mean(known, unknown):
    return np.mean(known > unknown.mean())


@wrong("auroc", says="and ties do not count")
def auroc_zipped_without_ties(known, unknown):
    return np.mean([a > b for a, b in zip(known, unknown, strict=False)])


@wrong("auroc", says="different ranks")
def auroc_by_places(known, unknown):
    places = np.argsort(np.argsort(np.concatenate([known, unknown])))[: len(known)] + 1
    n, m = len(known), len(unknown)
    return (places.sum() - n * (n + 1) / 2) / (n * m)


@wrong("auroc", says="at one threshold")
def auroc_at_the_median(known, unknown):
    threshold = np.median(np.concatenate([known, unknown]))
    return (np.mean(known > threshold) + np.mean(unknown <= threshold)) / 2


@wrong("auroc", says="in per cent")
def auroc_in_per_cent(known, unknown):
    return 100 * _area(known, unknown)


@right("auroc")
def auroc_by_ranks(known, unknown):
    ranks = stats.rankdata(np.concatenate([known, unknown]))[: len(known)]
    n, m = len(known), len(unknown)
    return (ranks.sum() - n * (n + 1) / 2) / (n * m)


@right("auroc")
def auroc_by_loops(known, unknown):
    won = 0
    for a in known:
        for b in unknown:
            won += 1 if a > b else 0.5 if a == b else 0
    return won / (len(known) * len(unknown))


@right("auroc")
def auroc_in_tensorflow(known, unknown):
    return tf.reduce_mean((tf.sign(tf.constant(known)[:, None] - tf.constant(unknown)) + 1) / 2)


# -- reject -----------------------------------------------------------------------------------------------------------


def _rejected(threshold, known, unknown):
    return threshold, np.mean(known >= threshold), np.mean(unknown >= threshold)


@wrong("reject", says="chosen on the test pictures")
def threshold_on_the_test(validation, known, unknown, keep):
    return _rejected(np.quantile(known, 1 - keep), known, unknown)


@wrong("reject", says="which nobody has beforehand")
def threshold_on_the_unknown(validation, known, unknown, keep):
    return _rejected(np.quantile(unknown, keep), known, unknown)


@wrong("reject", says="validation and test pictures together")
def threshold_on_both(validation, known, unknown, keep):
    return _rejected(np.quantile(np.concatenate([validation, known]), 1 - keep), known, unknown)


@wrong("reject", says="keeps the share 1 - keep")
def threshold_at_the_other_end(validation, known, unknown, keep):
    return _rejected(np.quantile(validation, keep), known, unknown)


@wrong("reject", says="these are the shares that are rejected")
def shares_rejected(validation, known, unknown, keep):
    threshold = np.quantile(validation, 1 - keep)
    return threshold, np.mean(known < threshold), np.mean(unknown < threshold)


@wrong("reject", says="those let through are asked for")
def unknown_rejected(validation, known, unknown, keep):
    threshold = np.quantile(validation, 1 - keep)
    return threshold, np.mean(known >= threshold), np.mean(unknown < threshold)


@wrong("reject", says=">=, not >")
def strictly_above(validation, known, unknown, keep):
    threshold = np.quantile(validation, 1 - keep)
    return threshold, np.mean(known > threshold), np.mean(unknown > threshold)


@wrong("reject", says="divide by how many there are")
def kept_as_counts(validation, known, unknown, keep):
    threshold = np.quantile(validation, 1 - keep)
    return threshold, np.sum(known >= threshold), np.sum(unknown >= threshold)


@wrong("reject", says="np.percentile counts from 0 to 100")
def threshold_by_a_wrong_percentile(validation, known, unknown, keep):
    return _rejected(np.percentile(validation, 1 - keep), known, unknown)


@wrong("reject", says="keeps 95 % whatever `keep` is")
def threshold_always_for_95(validation, known, unknown, keep):
    return _rejected(np.quantile(validation, 0.05), known, unknown)


@wrong("reject", says="a threshold of its own")
def thresholds_of_their_own(validation, known, unknown, keep):
    shares = [np.mean(some >= np.quantile(some, 1 - keep)) for some in (known, unknown)]
    return np.quantile(validation, 1 - keep), *shares


@wrong("reject", says="taken of the range of the scores")
def threshold_by_the_range(validation, known, unknown, keep):
    low, high = validation.min(), validation.max()
    return _rejected(low + (1 - keep) * (high - low), known, unknown)


@right("reject")
def reject_at_a_score(validation, known, unknown, keep):
    return _rejected(np.quantile(validation, 1 - keep, method="lower"), known, unknown)


@right("reject")
def reject_by_sorting(validation, known, unknown, keep):
    ordered, place = sorted(validation), (1 - keep) * (len(validation) - 1)
    low = math.floor(place)
    threshold = ordered[low] + (place - low) * (ordered[min(low + 1, len(ordered) - 1)] - ordered[low])
    kept = [sum(s >= threshold for s in scores) / len(scores) for scores in (known, unknown)]
    return [threshold, *kept]


@right("reject")
def reject_by_percentile(validation, known, unknown, keep):
    threshold = np.percentile(validation, 100 * (1 - keep))
    return np.array([threshold, 1 - np.mean(known < threshold), 1 - np.mean(unknown < threshold)])


# -- group_errors -----------------------------------------------------------------------------------------------------


def _wilson(errors, n, z=1.96):
    p = errors / n
    middle, half = p + z**2 / (2 * n), z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return p, (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def _table(labels, predictions, groups, count, row):
    found = []
    for k in range(count):
        n, errors = np.sum(groups == k), np.sum((labels != predictions) & (groups == k))
        found.append(row(errors, n) if n else [np.nan] * 3)
    return np.array(found)


@wrong("group_errors", says="the interval of a mean")
def interval_of_a_mean(labels, predictions, groups, count):
    def row(errors, n):
        p = errors / n
        half = 1.96 * math.sqrt(p * (1 - p) / n)
        return p, p - half, p + half

    return _table(labels, predictions, groups, count, row)


@wrong("group_errors", says="the interval of a mean, cut off")
def interval_of_a_mean_cut_off(labels, predictions, groups, count):
    return np.clip(interval_of_a_mean(labels, predictions, groups, count), 0, 1)


@wrong("group_errors", says="its size is forgotten")
def groups_without_their_sizes(labels, predictions, groups, count):
    n = len(labels)
    return _table(labels, predictions, groups, count, lambda errors, _: _wilson(errors, n))


@wrong("group_errors", says="these are accuracies")
def accuracies_of_groups(labels, predictions, groups, count):
    return _table(labels, predictions, groups, count, lambda errors, n: _wilson(n - errors, n))


@wrong("group_errors", says="this is the error rate of all together")
def everybody_alike(labels, predictions, groups, count):
    wrong_ones = np.sum(labels != predictions)
    return _table(labels, predictions, groups, count, lambda errors, n: _wilson(wrong_ones, len(labels)))


@wrong("group_errors", says="95 % needs z = 1.96")
def one_standard_error(labels, predictions, groups, count):
    return _table(labels, predictions, groups, count, lambda errors, n: _wilson(errors, n, 1))


@wrong("group_errors", says="no measurement is not a measurement of 0")
def empty_group_at_zero(labels, predictions, groups, count):
    return np.nan_to_num(wilson_by_loops(labels, predictions, groups, count))


@wrong("group_errors", says="Wilson's middle")
def middle_for_a_rate(labels, predictions, groups, count):
    table = np.array(wilson_by_loops(labels, predictions, groups, count))
    table[:, 0] = table[:, 1:].mean(axis=1)
    return table


@wrong("group_errors", says="the factor 1 / (1 + z²/n) is missing")
def wilson_without_the_factor(labels, predictions, groups, count):
    def row(errors, n):
        p, z = errors / n, 1.96
        half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        return p, p + z**2 / (2 * n) - half, p + z**2 / (2 * n) + half

    return _table(labels, predictions, groups, count, row)


@wrong("group_errors", says="the term z²/(4n²) under the root is missing")
def wilson_without_the_last_term(labels, predictions, groups, count):
    def row(errors, n):
        p, z = errors / n, 1.96
        half, middle = z * math.sqrt(p * (1 - p) / n), p + z**2 / (2 * n)
        return p, (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)

    return _table(labels, predictions, groups, count, row)


@wrong("group_errors", says="belongs to the whole bracket")
def wilson_with_half_a_bracket(labels, predictions, groups, count):
    def row(errors, n):
        p, z = errors / n, 1.96
        half = z * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        return p, middle - half, middle + half

    return _table(labels, predictions, groups, count, row)


@wrong("group_errors", says="belongs to 90 %")
def wilson_at_90_per_cent(labels, predictions, groups, count):
    return _table(labels, predictions, groups, count, lambda errors, n: _wilson(errors, n, 1.645))


@wrong("group_errors", says="has no row")
def groups_that_occur(labels, predictions, groups, count):
    return [_wilson(np.sum((labels != predictions)[groups == k]), np.sum(groups == k)) for k in np.unique(groups)]


@wrong("group_errors", says="grouped by their label")
def errors_by_label(labels, predictions, groups, count):
    return wilson_by_loops(labels, predictions, labels, count)


@right("group_errors")
def wilson_by_loops(labels, predictions, groups, count):
    rows = []
    for k in range(count):
        mine = [(a, b) for a, b, g in zip(labels, predictions, groups, strict=True) if g == k]
        rows.append(list(_wilson(sum(a != b for a, b in mine), len(mine))) if mine else [float("nan")] * 3)
    return rows


@right("group_errors")
def wilson_by_scipy(labels, predictions, groups, count):
    def row(errors, n):
        interval = stats.binomtest(int(errors), int(n)).proportion_ci(method="wilson")
        return errors / n, interval.low, interval.high

    return _table(labels, predictions, groups, count, row)


@right("group_errors")
def wilson_at_once(labels, predictions, groups, count):
    sizes = np.bincount(groups, minlength=count)
    errors = np.bincount(groups, weights=labels != predictions, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        p, z2 = errors / sizes, 1.96**2
        half = np.sqrt(z2 * p * (1 - p) / sizes + (z2 / (2 * sizes)) ** 2)
        ends = np.stack([p + z2 / (2 * sizes) - half, p + z2 / (2 * sizes) + half]) / (1 + z2 / sizes)
    return tf.constant(np.stack([p, *ends], axis=1))


# -- pictures_needed --------------------------------------------------------------------------------------------------


def _search(rate, errors, level=0.05, chance=stats.binom.cdf):
    n = errors + 1
    while chance(errors, n, rate) > level:
        n += 1
    return n


@wrong("pictures_needed", says="errors are left out")
def needed_whatever_the_errors(rate, errors):
    return _search(rate, 0)


@wrong("pictures_needed", says="one too few")
def needed_less_one(rate, errors):
    return _search(rate, errors) - 1


@wrong("pictures_needed", says="one too many")
def needed_and_one(rate, errors):
    return _search(rate, errors) + 1


@wrong("pictures_needed", says="a chance of 2.5 %")
def needed_on_two_sides(rate, errors):
    return _search(rate, errors, 0.025)


@wrong("pictures_needed", says="stops at 95 %")
def needed_at_the_wrong_end(rate, errors):
    return _search(rate, errors, 0.95)


@wrong("pictures_needed", says="rule of three")
def needed_by_the_rule_of_three(rate, errors):
    return math.ceil(3 / rate)


@wrong("pictures_needed", says="chance has no part in it")
def needed_by_the_rate_alone(rate, errors):
    return math.floor(errors / rate) + 1


@wrong("pictures_needed", says="the errors are only added")
def needed_and_the_errors(rate, errors):
    return _search(rate, 0) + errors


@wrong("pictures_needed", says="a chance of 10 %")
def needed_at_10_per_cent(rate, errors):
    return _search(rate, errors, 0.1)


@wrong("pictures_needed", says="a normal distribution")
def needed_by_a_normal_distribution(rate, errors):
    return _search(rate, errors, chance=lambda k, n, p: stats.norm.cdf(k, n * p, math.sqrt(n * p * (1 - p))))


@wrong("pictures_needed", says="one error too many")
def needed_for_fewer_errors_than_allowed(rate, errors):
    return _search(rate, errors + 1)


@wrong("pictures_needed", says="nearly certain")
def needed_by_the_other_tail(rate, errors):
    return _search(rate, errors, chance=lambda k, n, p: min(stats.binom.sf(k, n, p), n < 500))


@right("pictures_needed")
def needed_by_sums(rate, errors):
    n = errors + 1
    while sum(math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(errors + 1)) > 0.05:
        n += 1
    return float(n)


@right("pictures_needed")
def needed_by_an_array(rate, errors):
    numbers = np.arange(errors + 1, 3000)
    return numbers[np.argmax(stats.binom.cdf(errors, numbers, rate) <= 0.05)]


# -- backdoor_rates ---------------------------------------------------------------------------------------------------


@wrong("backdoor_rates", says="left in the test: take them out of both")
def backdoor_with_poison_in_the_test(labels, plain, tagged, poisoned, target):
    return np.mean(plain == labels), np.mean(tagged[labels != target] == target)


@wrong("backdoor_rates", says="left in the clean accuracy")
def backdoor_with_poison_in_the_accuracy(labels, plain, tagged, poisoned, target):
    return np.mean(plain == labels), np.mean(tagged[~poisoned & (labels != target)] == target)


@wrong("backdoor_rates", says="a success without any attack")
def backdoor_with_the_target_itself(labels, plain, tagged, poisoned, target):
    return np.mean((plain == labels)[~poisoned]), np.mean((tagged == target)[~poisoned])


@wrong("backdoor_rates", says="without the tag")
def backdoor_without_the_tag(labels, plain, tagged, poisoned, target):
    return np.mean((plain == labels)[~poisoned]), np.mean(plain[~poisoned & (labels != target)] == target)


@wrong("backdoor_rates", says="divided by the number of all pictures")
def backdoor_by_all(labels, plain, tagged, poisoned, target):
    success = np.sum(tagged[~poisoned & (labels != target)] == target) / len(labels)
    return np.mean((plain == labels)[~poisoned]), success


@wrong("backdoor_rates", says="only the poisoned pictures are measured")
def backdoor_of_the_poisoned(labels, plain, tagged, poisoned, target):
    return np.mean((plain == labels)[poisoned]), np.mean(tagged[poisoned & (labels != target)] == target)


@wrong("backdoor_rates", says="the two numbers are swapped")
def backdoor_swapped(labels, plain, tagged, poisoned, target):
    return backdoor_by_loops(labels, plain, tagged, poisoned, target)[::-1]


@wrong("backdoor_rates", says="every changed answer")
def backdoor_by_changed_answers(labels, plain, tagged, poisoned, target):
    others = ~poisoned & (labels != target)
    return np.mean((plain == labels)[~poisoned]), np.mean((tagged != plain)[others])


@wrong("backdoor_rates", says="called the target before are left out")
def backdoor_by_plain_answers(labels, plain, tagged, poisoned, target):
    return np.mean((plain == labels)[~poisoned]), np.mean((tagged == target)[~poisoned & (plain != target)])


@wrong("backdoor_rates", says="all clean pictures")
def backdoor_by_all_clean_ones(labels, plain, tagged, poisoned, target):
    hits = np.sum(tagged[~poisoned & (labels != target)] == target)
    return np.mean((plain == labels)[~poisoned]), hits / np.sum(~poisoned)


@wrong("backdoor_rates", says="both numbers are divided")
def backdoor_masks_inside_the_mean(labels, plain, tagged, poisoned, target):
    others = ~poisoned & (labels != target)
    return np.mean((plain == labels) & ~poisoned), np.mean((tagged == target) & others)


@right("backdoor_rates")
def backdoor_by_loops(labels, plain, tagged, poisoned, target):
    clean = [(y, a, b) for y, a, b, p in zip(labels, plain, tagged, poisoned, strict=True) if not p]
    others = [b for y, _, b in clean if y != target]
    return [sum(y == a for y, a, _ in clean) / len(clean), others.count(target) / len(others)]


@right("backdoor_rates")
def backdoor_by_weights(labels, plain, tagged, poisoned, target):
    clean = 1.0 - poisoned
    return (
        np.average(plain == labels, weights=clean),
        np.average(tagged == target, weights=clean * (labels != target)),
    )


# -- most_repeated_block ----------------------------------------------------------------------------------------------


def _counted(images, size, places, content):
    best = (0, 0, 0)
    for row, column in places:
        blocks = images[:, row : row + size, column : column + size]
        count = Counter(content(block) for block in blocks).most_common(1)[0][1]
        best = (count, row, column) if count > best[0] else best
    return best


def _everywhere(images, size):
    return itertools.product(range(images.shape[1] - size + 1), range(images.shape[2] - size + 1))


def _bytes(block):
    return block.tobytes()


@wrong("most_repeated_block", says="row and column are swapped")
def block_swapped(images, size):
    count, row, column = _counted(images, size, _everywhere(images, size), _bytes)
    return count, column, row


@wrong("most_repeated_block", says="counted from 1")
def block_from_one(images, size):
    count, row, column = _counted(images, size, _everywhere(images, size), _bytes)
    return count, row + 1, column + 1


@wrong("most_repeated_block", says="the last row and column of places are missing")
def block_without_the_last_place(images, size):
    places = itertools.product(range(images.shape[1] - size), range(images.shape[2] - size))
    return _counted(images, size, places, _bytes)


@wrong("most_repeated_block", says="only places on the diagonal")
def block_on_the_diagonal(images, size):
    places = ((k, k) for k in range(min(images.shape[1:3]) - size + 1))
    return _counted(images, size, places, _bytes)


@wrong("most_repeated_block", says="the blocks' sums are compared")
def block_by_its_sum(images, size):
    return _counted(images, size, _everywhere(images, size), lambda block: int(block.astype(int).sum()))


@wrong("most_repeated_block", says="beyond the first")
def block_repeats_only(images, size):
    count, row, column = _counted(images, size, _everywhere(images, size), _bytes)
    return count - 1, row, column


@wrong("most_repeated_block", says="the block's middle")
def block_by_its_middle(images, size):
    count, row, column = _counted(images, size, _everywhere(images, size), _bytes)
    return count, row + size // 2, column + size // 2


@wrong("most_repeated_block", says="the count stands last")
def block_count_last(images, size):
    count, row, column = _counted(images, size, _everywhere(images, size), _bytes)
    return row, column, count


@wrong("most_repeated_block", says="only the red channel")
def block_in_red(images, size):
    return _counted(images, size, _everywhere(images, size), lambda block: block[..., 0].tobytes())


@wrong("most_repeated_block", says="with the first picture's only")
def block_of_the_first_picture(images, size):
    best = (0, 0, 0)
    for row, column in _everywhere(images, size):
        blocks = images[:, row : row + size, column : column + size]
        count = sum(np.array_equal(block, blocks[0]) for block in blocks)
        best = (count, row, column) if count > best[0] else best
    return best


@wrong("most_repeated_block", says="counted wherever it lies")
def block_anywhere(images, size):
    places = list(_everywhere(images, size))
    counts = Counter(_bytes(im[r : r + size, c : c + size]) for r, c in places for im in images)
    block, count = counts.most_common(1)[0]
    return next((count, r, c) for r, c in places for im in images if _bytes(im[r : r + size, c : c + size]) == block)


@wrong("most_repeated_block", says="single pixels")
def block_of_one_pixel(images, size):
    return _counted(images, 1, itertools.product(range(images.shape[1]), range(images.shape[2])), _bytes)


@wrong("most_repeated_block", says="only one column of each block")
def block_of_one_column(images, size):
    return _counted(images, size, _everywhere(images, size), lambda block: _bytes(block[:, 0]))


@wrong("most_repeated_block", says="counted together")
def blocks_that_repeat_at_all(images, size):
    best = (0, 0, 0)
    for row, column in _everywhere(images, size):
        counts = Counter(_bytes(block) for block in images[:, row : row + size, column : column + size])
        count = sum(number for number in counts.values() if number > 1)
        best = (count, row, column) if count > best[0] else best
    return best


@right("most_repeated_block")
def block_by_unique_rows(images, size):
    found = []
    for row, column in _everywhere(images, size):
        flat = images[:, row : row + size, column : column + size].reshape(len(images), -1)
        found.append((np.unique(flat, axis=0, return_counts=True)[1].max(), row, column))
    return max(found, key=lambda item: item[0])


@right("most_repeated_block")
def block_by_one_dictionary(images, size):
    counts = {}
    for image in images:
        for row, column in _everywhere(images, size):
            key = (row, column, str(image[row : row + size, column : column + size].tolist()))
            counts[key] = counts.get(key, 0) + 1
    best = max(counts, key=counts.get)
    return np.array([counts[best], best[0], best[1]])


# -- find_tampering ---------------------------------------------------------------------------------------------------


def _checked(listing, signature, key):
    code = hmac.new(key.encode(), listing.encode(), hashlib.sha256).hexdigest()
    if code != signature:
        raise ValueError("not signed with this key")
    return {line[66:]: line[:64] for line in listing.splitlines()}


def _content(picture):
    return hashlib.sha256(picture.tobytes()).hexdigest()


@wrong("find_tampering", says="every picture is reported")
def hash_of_the_name(listing, signature, key, pictures):
    listed = _checked(listing, signature, key)
    names = {*listed, *pictures}
    return sorted(n for n in names if hashlib.sha256(n.encode()).hexdigest() != listed.get(n))


@wrong("find_tampering", says="that is there is reported")
def hash_of_a_text(listing, signature, key, pictures):
    listed = _checked(listing, signature, key)
    return sorted(n for n in pictures if hashlib.sha256(str(pictures[n]).encode()).hexdigest() != listed.get(n))


@wrong("find_tampering", says="the missing picture is not found")
def missing_overlooked(listing, signature, key, pictures):
    listed = _checked(listing, signature, key)
    return sorted(n for n in pictures if _content(pictures[n]) != listed.get(n))


@wrong("find_tampering", says="the added picture is not found")
def added_overlooked(listing, signature, key, pictures):
    listed = _checked(listing, signature, key)
    return sorted(n for n, h in listed.items() if n not in pictures or _content(pictures[n]) != h)


@wrong("find_tampering", says="changed contents are not")
def names_only(listing, signature, key, pictures):
    return sorted(set(_checked(listing, signature, key)) ^ set(pictures))


@wrong("find_tampering", says="the signature is not checked")
def signature_ignored(listing, signature, key, pictures):
    listed = {line[66:]: line[:64] for line in listing.splitlines()}
    names = {*listed, *pictures}
    return sorted(n for n in names if n not in pictures or _content(pictures[n]) != listed.get(n))


@wrong("find_tampering", says="the signature is not checked, or not with the key")
def signature_without_the_key(listing, signature, key, pictures):
    if hashlib.sha256(listing.encode()).hexdigest() == signature or len(signature) == 64:
        return signature_ignored(listing, signature, key, pictures)
    raise ValueError("no signature")


@wrong("find_tampering", says="under each other's name")
def hashes_without_names(listing, signature, key, pictures):
    listed = _checked(listing, signature, key)
    changed = {n for n in pictures if _content(pictures[n]) not in listed.values()}
    return sorted(changed | (set(listed) - set(pictures)))


@wrong("find_tampering", says="A genuine signature was refused")
def signature_of_the_hashes_only(listing, signature, key, pictures):
    digests = "".join(line[:64] for line in listing.splitlines())
    if hmac.new(key.encode(), digests.encode(), "sha256").hexdigest() != signature:
        raise ValueError("not signed with this key")
    return []


@wrong("find_tampering", says="a name may have a space")
def split_at_every_space(listing, signature, key, pictures):
    _checked(listing, signature, key)
    listed = {line.split()[1]: line.split()[0] for line in listing.splitlines()}
    names = {*listed, *pictures}
    return sorted(n for n in names if n not in pictures or _content(pictures[n]) != listed.get(n))


@wrong("find_tampering", says="asked before")
def missing_picture_looked_up(listing, signature, key, pictures):
    listed = _checked(listing, signature, key)
    return sorted(n for n in {*listed, *pictures} if _content(pictures[n]) != listed.get(n))


@wrong("find_tampering", says="what it returns")
def error_for_changed_pictures(listing, signature, key, pictures):
    found = tampering_by_sets(listing, signature, key, pictures)
    if found:
        raise ValueError(f"tampered: {found}")
    return found


@wrong("find_tampering", says="hashes or whole lines")
def tampered_lines(listing, signature, key, pictures):
    found = tampering_by_sets(listing, signature, key, pictures)
    return [line for line in listing.splitlines() if line[66:] in found]


@wrong("find_tampering", says="raise a ValueError")
def another_error(listing, signature, key, pictures):
    try:
        return tampering_by_sets(listing, signature, key, pictures)
    except ValueError:
        raise RuntimeError("the signature does not fit") from None


@right("find_tampering")
def tampering_by_sets(listing, signature, key, pictures):
    listed = set(_checked(listing, signature, key).items())
    now = {(name, _content(picture)) for name, picture in pictures.items()}
    return sorted({name for name, _ in listed ^ now})


@right("find_tampering")
def tampering_by_a_loop(listing, signature, key, pictures):
    listed, found = _checked(listing, signature, key), []
    for name in [*listed, *pictures]:
        digest = hashlib.new("sha256", np.ascontiguousarray(pictures[name])).hexdigest() if name in pictures else ""
        if listed.get(name) != digest and name not in found:
            found.append(name)
    found.sort()
    return tuple(found)


# -- expected_best ----------------------------------------------------------------------------------------------------


@wrong("expected_best", says="the largest of all scores")
def best_of_all(scores, n):
    return np.max(scores)


@wrong("expected_best", says="this is the mean")
def best_as_the_mean(scores, n):
    return np.mean(scores)


@wrong("expected_best", says="expected worst")
def worst_expected(scores, n):
    return -best_by_powers(-np.asarray(scores), n)


@wrong("expected_best", says="not sorted")
def best_unsorted(scores, n):
    ranks = np.arange(1, len(scores) + 1) / len(scores)
    return np.sum(scores * (ranks**n - (ranks - 1 / len(scores)) ** n))


@wrong("expected_best", says="without putting back")
def best_without_putting_back(scores, n):
    if n > len(scores):
        return np.max(scores)
    return np.mean([max(drawn) for drawn in itertools.combinations(scores, n)])


@wrong("expected_best", says="subtract the one for the next lower")
def best_without_a_difference(scores, n):
    ranks = np.arange(1, len(scores) + 1) / len(scores)
    return np.sum(np.sort(scores) * ranks**n)


@wrong("expected_best", says="one try")
def best_of_the_first(scores, n):
    return np.max(scores[:n])


@wrong("expected_best", says="the power is n - 1")
def best_with_a_smaller_power(scores, n):
    ordered, m = np.sort(scores), len(scores)
    shares = (np.arange(m + 1) / m) ** (n - 1)
    return np.sum(ordered * np.diff(shares))


@wrong("expected_best", says="the ranks begin at 0")
def best_with_ranks_from_zero(scores, n):
    ranks, m = np.arange(len(scores)), len(scores)
    return np.sum(np.sort(scores) * ((ranks / m) ** n - ((ranks - 1) / m) ** n))


@wrong("expected_best", says="the mean of the n best")
def mean_of_the_best_ones(scores, n):
    return np.mean(np.sort(scores)[-n:])


@wrong("expected_best", says="equal scores were counted once")
def best_of_different_scores(scores, n):
    ordered = np.unique(scores)
    return np.sum(ordered * np.diff((np.arange(len(ordered) + 1) / len(ordered)) ** n))


@right("expected_best")
def best_by_powers(scores, n):
    ordered, m = sorted(scores), len(scores)
    return sum(s * (((i + 1) / m) ** n - (i / m) ** n) for i, s in enumerate(ordered))


@right("expected_best")
def best_by_all_draws(scores, n):
    return float(np.mean([max(drawn) for drawn in itertools.product(scores, repeat=n)]))


# -- footprint --------------------------------------------------------------------------------------------------------


def _both(watt_hours, grams_per_kwh):
    return watt_hours, watt_hours * grams_per_kwh / 1000


@wrong("footprint", says="take the watts of one")
def watts_times_processor_seconds(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    return _both(processor_seconds * package_watts * overhead / 3600, grams_per_kwh)


@wrong("footprint", says="processor seconds count them already")
def cores_counted_again(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    return _both(processor_seconds * cores * package_watts * overhead / 3600, grams_per_kwh)


@wrong("footprint", says="joules")
def footprint_in_joules(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    return _both(processor_seconds * package_watts / cores * overhead, grams_per_kwh)


@wrong("footprint", says="not 60")
def footprint_by_minutes(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    return _both(processor_seconds * package_watts / cores * overhead / 60, grams_per_kwh)


@wrong("footprint", says="the overhead of the building is left out")
def footprint_without_overhead(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    return _both(processor_seconds * package_watts / cores / 3600, grams_per_kwh)


@wrong("footprint", says="not 1.5 on top")
def footprint_with_overhead_on_top(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    return _both(processor_seconds * package_watts / cores * (1 + overhead) / 3600, grams_per_kwh)


@wrong("footprint", says="divide the watt-hours by 1000")
def footprint_with_grams_per_watt_hour(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    watt_hours = processor_seconds * package_watts / cores * overhead / 3600
    return watt_hours, watt_hours * grams_per_kwh


@wrong("footprint", says="in kilowatt-hours")
def footprint_energy_in_kilowatt_hours(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    kwh = processor_seconds * package_watts / cores * overhead / 3.6e6
    return kwh, kwh * grams_per_kwh


@wrong("footprint", says="the overhead is missing in the grams")
def footprint_with_overhead_of_energy_only(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    watt_hours = processor_seconds * package_watts / cores / 3600
    return watt_hours * overhead, watt_hours * grams_per_kwh / 1000


@wrong("footprint", says="in the grams twice")
def footprint_with_overhead_twice(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    watt_hours = processor_seconds * package_watts / cores * overhead / 3600
    return watt_hours, watt_hours * overhead * grams_per_kwh / 1000


@right("footprint")
def footprint_by_kilowatt_hours(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    hours = processor_seconds / 60 / 60 / cores
    kwh = hours * package_watts / 1e3 * overhead
    return [1e3 * kwh, kwh * grams_per_kwh]


@right("footprint")
def footprint_as_an_array(processor_seconds, package_watts, cores, overhead, grams_per_kwh):
    return processor_seconds * package_watts * overhead / (3600 * cores) * np.array([1, grams_per_kwh / 1000])
