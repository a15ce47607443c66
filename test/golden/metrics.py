"""Writes metrics.json beside it, with scikit-learn's metrics of random predictions.

Made by `/usr/bin/python3 test/golden/metrics.py` with scikit-learn 1.2.1 (Debian's python3-sklearn).
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn import metrics as m

random = np.random.default_rng(7)


def rounded(values):
    return np.round(values, 6)


def classification(rows, classes, ties):
    targets = random.integers(0, classes, rows)
    logits = random.normal(size=(rows, classes)) + 1.2 * np.eye(classes)[targets]
    if ties:
        logits = np.round(logits)  # equal scores
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    predicted = p.argmax(1)
    precision, recall, f1, _ = m.precision_recall_fscore_support(targets, predicted, labels=range(classes), zero_division=0)
    expected = {
        "accuracy": m.accuracy_score(targets, predicted),
        "macroF1": m.f1_score(targets, predicted, average="macro"),
        "logLoss": m.log_loss(targets, p, labels=range(classes)),
    }
    if classes == 2:
        expected["rocAuc"] = m.roc_auc_score(targets, p[:, 1])
    return {
        "targets": targets.tolist(),
        "outputs": p.tolist(),
        "metrics": expected,
        "confusion": m.confusion_matrix(targets, predicted, labels=range(classes)).tolist(),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "averagePrecision": [m.average_precision_score(targets == c, p[:, c]) for c in range(classes)],
    }


def weighted():
    case = classification(60, 2, True)
    weights = random.integers(0, 4, 60)
    p = np.array(case["outputs"])
    targets = np.array(case["targets"])
    case["weights"] = weights.tolist()
    case["metrics"] = {
        "accuracy": m.accuracy_score(targets, p.argmax(1), sample_weight=weights),
        "macroF1": m.f1_score(targets, p.argmax(1), average="macro", sample_weight=weights),
        "logLoss": m.log_loss(targets, p, sample_weight=weights),
        "rocAuc": m.roc_auc_score(targets, p[:, 1], sample_weight=weights),
    }
    case["averagePrecision"] = m.average_precision_score(targets, p[:, 1], sample_weight=weights)
    return case


def curve():
    targets = random.integers(0, 2, 25)
    scores = np.round(random.random(25), 1)
    precision, recall, thresholds = m.precision_recall_curve(targets, scores)
    return {
        "targets": targets.tolist(),
        "scores": scores.tolist(),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "thresholds": thresholds.tolist(),
    }


def regression():
    targets = rounded(random.normal(size=40) * 10 + 1000)
    outputs = rounded(targets + random.normal(size=40) * 5)
    return {
        "targets": targets.tolist(),
        "outputs": outputs.tolist(),
        "metrics": {
            "rmse": float(np.sqrt(m.mean_squared_error(targets, outputs))),
            "mae": m.mean_absolute_error(targets, outputs),
            "r2": m.r2_score(targets, outputs),
        },
    }


def tags():
    targets = (random.random((50, 4)) < [0.5, 0.3, 0.2, 0.1]).astype(int)
    outputs = rounded(np.clip(0.6 * targets + random.random((50, 4)) * 0.7, 0, 1))
    predicted = (outputs >= 0.5).astype(int)
    return {
        "targets": targets.tolist(),
        "outputs": outputs.tolist(),
        "metrics": {
            "microF1": m.f1_score(targets, predicted, average="micro"),
            "macroF1": m.f1_score(targets, predicted, average="macro"),
            "meanAveragePrecision": m.average_precision_score(targets, outputs, average="macro"),
        },
    }


golden = {
    "sklearn": sklearn.__version__,
    "manyClasses": classification(80, 5, False),
    "twoClasses": classification(60, 2, True),
    "weighted": weighted(),
    "curve": curve(),
    "regression": regression(),
    "tags": tags(),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
