"""Trains models of scikit-learn on a table that `tessera inspect TABLE --target COLUMN --split split --out SCHEMA` has described:

    /usr/bin/python3 bench/peers/scikit_learn.py TABLE.csv SCHEMA.json      (Debian: python3-sklearn 1.2.1)

The fields, the target and the rows of each part are the schema's: numbers, booleans, categories and texts, a class as the target.
Models are fitted to the training rows. The penalty of the logistic regression is chosen by the validation rows; the rest is
the library's default. Prints a table of metrics on the test rows.
"""

import csv
import json
import sys
import warnings

import numpy as np
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, OrdinalEncoder, StandardScaler

SEEDS = range(3)
PENALTIES = [0.1, 1, 10, 100]
BOOSTED_WORDS = 1000


def read(table, schema):
    """The fields (rows, columns) as objects, the target, the part of each row, and the positions of each kind of field."""
    with open(table, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    fields = schema["fields"]
    numeric = [field["kind"] == "number" for field in fields]
    cell = lambda text, is_number: (float(text) if text else np.nan) if is_number else text
    x = np.array(
        [[cell(row[field["column"]], number) for field, number in zip(fields, numeric)] for row in rows], dtype=object
    )
    target = np.array([row[schema["target"]["column"]] for row in rows])
    parts = np.array([row[schema["split"]["column"]] for row in rows])
    kinds = {}
    for at, field in enumerate(fields):
        kinds.setdefault("category" if field["kind"] == "boolean" else field["kind"], []).append(at)
    unknown = kinds.keys() - {"number", "category", "text"}
    if unknown:
        sys.exit(f"this comparison has no {', '.join(unknown)}; --ignore such columns")
    return x, target, parts, kinds


def for_linear(kinds):
    """Standardized numbers, one-hot categories and words of texts weighted by tf-idf."""
    numbers = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    texts = [(f"text {at}", TfidfVectorizer(), at) for at in kinds.get("text", [])]
    categories = OneHotEncoder(handle_unknown="ignore")
    return ColumnTransformer(
        [("numbers", numbers, kinds.get("number", [])), ("categories", categories, kinds.get("category", [])), *texts]
    )


def for_trees(kinds):
    """Numbers and codes of categories as they are, and the most frequent words of texts weighted by tf-idf."""
    texts = [(f"text {at}", TfidfVectorizer(max_features=BOOSTED_WORDS), at) for at in kinds.get("text", [])]
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    asis = FunctionTransformer(lambda x: x.astype(float))
    return ColumnTransformer(
        [("categories", codes, kinds.get("category", [])), ("numbers", asis, kinds.get("number", [])), *texts],
        sparse_threshold=0,
    )


def logistic(kinds, x, target, seed):
    """A logistic regression for each penalty; the one with the lowest loss on the validation rows."""
    candidates = [
        make_pipeline(for_linear(kinds), LogisticRegression(C=1 / penalty, max_iter=5000)).fit(x["train"], target["train"])
        for penalty in PENALTIES
    ]
    loss = lambda model: log_loss(target["validation"], model.predict_proba(x["validation"]), labels=model.classes_)
    return min(candidates, key=loss)


def boosted(kinds, x, target, seed):
    categorical = list(range(len(kinds.get("category", []))))
    model = HistGradientBoostingClassifier(categorical_features=categorical, random_state=seed)
    return make_pipeline(for_trees(kinds), model).fit(x["train"], target["train"])


def main(table, schema_file):
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    cells, targets, parts, kinds = read(table, schema)
    x = {part: cells[parts == part] for part in ["train", "validation", "test"]}
    target = {part: targets[parts == part] for part in x}
    print(f"scikit-learn {sklearn.__version__}, rows: {', '.join(f'{len(rows)} {part}' for part, rows in x.items())}")
    print("| model | seed | accuracy | macro F1 | log loss |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, fit, seeds in [("logistic regression", logistic, [0]), ("gradient boosting", boosted, SEEDS)]:
        for seed in seeds:
            model = fit(kinds, x, target, seed)
            predicted, chances = model.predict(x["test"]), model.predict_proba(x["test"])
            accuracy = accuracy_score(target["test"], predicted)
            f1 = f1_score(target["test"], predicted, average="macro")
            loss = log_loss(target["test"], chances, labels=model.classes_)
            print(f"| {name} | {seed} | {accuracy:.4f} | {f1:.4f} | {loss:.4f} |", flush=True)


if len(sys.argv) != 3:
    sys.exit(__doc__)
warnings.filterwarnings("ignore", message="Found unknown categories")
main(*sys.argv[1:])
