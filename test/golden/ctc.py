"""Writes ctc.json beside it: losses of PyTorch's `ctc_loss`, and their gradients with respect to the logits, in float64.

Made by `/usr/bin/python3 test/golden/ctc.py` with PyTorch 1.13 (Debian's python3-torch).
"""

import json
import pathlib

import torch

torch.manual_seed(5)
torch.set_printoptions(precision=17)


def case(note, time, classes, targets, *, frames=None, labels=None, blank=0, scale=1.0):
    """targets: a list of rows; padded with the blank to the longest."""
    batch = len(targets)
    longest = max(len(row) for row in targets)
    labels = labels or [len(row) for row in targets]
    frames = frames or [time] * batch
    padded = torch.tensor([row + [blank] * (longest - len(row)) for row in targets], dtype=torch.long)
    logits = (scale * torch.randn(batch, time, classes, dtype=torch.float64)).float().double().requires_grad_()
    weights = torch.arange(1, batch + 1, dtype=torch.float64)
    losses = torch.nn.functional.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        padded.reshape(batch, longest),
        torch.tensor(frames),
        torch.tensor(labels),
        blank=blank,
        reduction="none",
    )
    (losses * weights).sum().backward()
    number = lambda value: float(f"{value:.9g}") if abs(value) < float("inf") else str(value)
    return {
        "note": note,
        "shape": [batch, time, classes],
        "logits": [number(value) for value in logits.detach().flatten().tolist()],
        "targets": padded.flatten().tolist(),
        "longest": longest,
        "inputLengths": frames,
        "targetLengths": labels,
        "blank": blank,
        "losses": [number(value) for value in losses.tolist()],
        "gradient": [number(value) for value in logits.grad.flatten().tolist()],
    }


def uniform(batch, labels, classes):
    return torch.randint(1, classes, (batch, labels)).tolist()


cases = [
    case("labels without repeats", 8, 5, [[1, 2, 3], [4, 2, 1]]),
    case("repeated labels need a blank between them", 9, 4, [[1, 1, 1], [2, 2, 3]]),
    case("only one alignment", 5, 4, [[1, 1, 2, 3]]),
    case("no alignment", 4, 4, [[1, 1, 2, 3], [1, 2, 3, 1]]),
    case("lengths of inputs and targets", 11, 6, [[1, 2, 3, 4], [5], [3, 3]], frames=[11, 4, 7]),
    case("no labels", 5, 3, [[], [1]], labels=[0, 1]),
    case("another blank", 7, 5, [[0, 1, 3], [3, 3, 0]], blank=4),
    case("one frame", 1, 4, [[2], [3]]),
    case("more states than a workgroup has invocations", 90, 7, uniform(2, 40, 7), frames=[90, 83]),
    case("many frames", 300, 4, uniform(1, 13, 4), scale=4.0),
    case("confident", 12, 5, [[1, 2, 3]], scale=30.0),
]
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")
for one in cases:
    print(one["note"], one["losses"])
