"""Writes linear.json beside it: a table of token ids, numbers and a category, and what linear models of scikit-learn
predict for its last rows, with each of four penalties.

Made by `/usr/bin/python3 test/golden/linear.py` with scikit-learn 1.2.1 (Debian's python3-sklearn).
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

random = np.random.default_rng(3)
ROWS, TRAIN, WORDS = 160, 120, 30
tokens = [random.integers(0, WORDS, random.integers(1, 9)).tolist() for _ in range(ROWS)]
numbers = np.round(random.normal(size=(ROWS, 2)) * [1, 20] + [0, 100], 4)
category = random.integers(0, 4, ROWS)

counts = np.zeros((ROWS, WORDS))
for row, ids in enumerate(tokens):
    np.add.at(counts[row], ids, 1)
counts[:, 1] = 0  # the id of unknown words, which do not count
bags = TfidfTransformer().fit(counts[:TRAIN]).transform(counts).toarray()
dense = StandardScaler().fit(numbers[:TRAIN]).transform(numbers)
x = np.hstack([bags, np.eye(4)[category], dense])

signal = x @ random.normal(size=(x.shape[1], 3)) + random.normal(size=(ROWS, 3))
classes = signal.argmax(1)
number = np.round(10 * signal[:, 0] + 50, 4)
tags = (signal > 0.5).astype(int)


def logistic(target, penalty):
    return LogisticRegression(C=1 / penalty, tol=1e-8, max_iter=5000).fit(x[:TRAIN], target[:TRAIN]).predict_proba(x[TRAIN:])


golden = {
    "sklearn": sklearn.__version__,
    "train": TRAIN,
    "tokens": tokens,
    "numbers": numbers.tolist(),
    "category": category.tolist(),
    "targets": {"classification": classes.tolist(), "regression": number.tolist(), "tags": tags.tolist()},
    "outputs": {
        str(penalty): {
            "classification": logistic(classes, penalty).tolist(),
            "regression": Ridge(alpha=penalty).fit(x[:TRAIN], number[:TRAIN]).predict(x[TRAIN:]).tolist(),
            "tags": np.stack([logistic(tags[:, tag], penalty)[:, 1] for tag in range(3)], 1).tolist(),
        }
        for penalty in [0.1, 1, 10, 100]
    },
}
text = json.dumps(golden, default=float)
pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")
