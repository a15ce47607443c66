"""Fits biases, and matrix factorization, to the ratings that examples/data/lecturers.ts writes:

    /usr/bin/python3 bench/peers/matrix_factorization.py lecturers.csv      (Debian: python3-numpy)

    r[s, d] = mean + a[s] + b[d] + p[s] · q[d]

by alternating ridge regressions on the training ratings. Penalties are chosen by the validation ratings; prints the root mean
squared error of the chosen ones on the test ratings, without factors and with 4 and 8.
"""

import csv
import sys

import numpy as np

SWEEPS = 12

with open(sys.argv[1], newline="") as file:
    rows = list(csv.DictReader(file))
part = np.array([row["part"] for row in rows])
rating = np.array([float(row["rating"]) for row in rows])
ids = [np.unique([row[name] for row in rows], return_inverse=True)[1] for name in ("student", "lecturer")]
train = part == "train"
mean = rating[train].mean()
own = [side[train] for side in ids]
residual = rating[train] - mean
order = [np.argsort(side, kind="stable") for side in own]
groups = [np.split(at, np.flatnonzero(np.diff(side[at])) + 1) for side, at in zip(own, order)]


def errors(factors, penalty, bias_penalty):
    random = np.random.default_rng(0)
    counts = [side.max() + 1 for side in ids]
    bias = [np.zeros(count) for count in counts]
    vectors = [0.1 * random.normal(size=(count, factors)) for count in counts]
    ridge = np.diag([bias_penalty] + [penalty] * factors)
    for _ in range(SWEEPS):
        for side, other in ((0, 1), (1, 0)):
            for group in groups[side]:
                x = np.c_[np.ones(len(group)), vectors[other][own[other][group]]]
                y = residual[group] - bias[other][own[other][group]]
                weights = np.linalg.solve(x.T @ x + ridge, x.T @ y)
                one = own[side][group[0]]
                bias[side][one], vectors[side][one] = weights[0], weights[1:]
    students, lecturers = ids
    predicted = mean + bias[0][students] + bias[1][lecturers] + (vectors[0][students] * vectors[1][lecturers]).sum(1)
    return [np.sqrt(((predicted - rating)[part == name] ** 2).mean()) for name in ("validation", "test")]


for factors, penalties in ((0, [0]), (4, [8, 15, 25]), (8, [15, 25])):
    bias_penalties = (3, 8) if factors == 0 else (5,)
    tried = [(*errors(factors, penalty, bias), penalty, bias) for penalty in penalties for bias in bias_penalties]
    validation, test, *chosen = min(tried)
    print(f"{factors} factors: {test:.3f} on test, {validation:.3f} on validation (penalties {chosen})")
