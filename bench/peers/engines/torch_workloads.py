"""PyTorch's side of the contest: torch.ts starts it and says on standard input what to do.

A request is a line of JSON, for a workload followed by the bytes of its inputs; so is an answer with results.
"""

import json
import math
import os
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(os.cpu_count())


def channels_first(x):
    return x.permute(0, 3, 1, 2).contiguous()


def arranged(run, arrange=lambda result: result):
    """A workload: how it is run, and how its results are brought into the contest's layout."""
    return run, lambda: [arrange(result) for result in run()]


def convolution(x, w):
    """PyTorch keeps images (batch, channels, height, width) and kernels (out, in, height, width)."""
    return channels_first(x), w.permute(3, 2, 0, 1).contiguous()


def conv2d(x, w):
    x, w = convolution(x, w)
    return arranged(lambda: [F.conv2d(x, w, padding=1)], lambda y: y.permute(0, 2, 3, 1))


def conv2d_input_gradient(x, w, dy):
    (x, w), dy = convolution(x, w), channels_first(dy)
    return arranged(lambda: [nn.grad.conv2d_input(x.shape, w, dy, padding=1)], lambda dx: dx.permute(0, 2, 3, 1))


def conv2d_filter_gradient(x, w, dy):
    (x, w), dy = convolution(x, w), channels_first(dy)
    return arranged(lambda: [nn.grad.conv2d_weight(x, w.shape, dy, padding=1)], lambda dw: dw.permute(2, 3, 1, 0))


def lstm_of(kernel, recurrent, bias):
    """PyTorch's weights are transposed, in the same order of gates; its second bias stays zero."""
    lstm = nn.LSTM(kernel.shape[0], recurrent.shape[0], batch_first=True)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(kernel.T)
        lstm.weight_hh_l0.copy_(recurrent.T)
        lstm.bias_ih_l0.copy_(bias)
        lstm.bias_hh_l0.zero_()
    lstm.bias_hh_l0.requires_grad_(False)
    return lstm


def lstm_forward(x, kernel, recurrent, bias):
    lstm = lstm_of(kernel, recurrent, bias)

    def run():
        with torch.no_grad():
            return [lstm(x)[0]]

    return arranged(run)


def lstm_gradient(x, kernel, recurrent, bias, dy):
    lstm = lstm_of(kernel, recurrent, bias)
    wanted = [x.requires_grad_(), lstm.weight_ih_l0, lstm.weight_hh_l0, lstm.bias_ih_l0]

    def run():
        dx, dkernel, drecurrent, dbias = torch.autograd.grad(lstm(x)[0], wanted, dy)
        return [dx, dkernel.T, drecurrent.T, dbias]

    return arranged(run)


class Classifier(nn.Module):
    """The Keras model, from our weights: Keras flattens images channels last, PyTorch channels first."""

    def __init__(self, weights):
        super().__init__()
        self.embedding = nn.Embedding.from_pretrained(weights["embedding.table"], freeze=False)
        self.lstm = lstm_of(weights["lstm.kernel"], weights["lstm.recurrentKernel"], weights["lstm.bias"])
        kernel = weights["conv.kernel"].permute(3, 2, 0, 1).contiguous()
        self.conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2:])
        dense, bias = weights["classify.kernel"], weights["classify.bias"]
        self.dense = nn.Linear(*dense.shape)
        units, filters = self.lstm.hidden_size, kernel.shape[0]
        image = dense[units:].reshape(-1, filters, len(bias)).permute(1, 0, 2).reshape(-1, len(bias))
        with torch.no_grad():
            self.conv.weight.copy_(kernel)
            self.conv.bias.copy_(weights["conv.bias"])
            self.dense.weight.copy_(torch.cat([dense[:units], image]).T)
            self.dense.bias.copy_(bias)

    def forward(self, tokens, images):
        text = self.lstm(self.embedding(tokens))[0][:, -1]
        return self.dense(torch.cat([text, F.relu(self.conv(images)).flatten(1)], dim=1))


def training_step(tokens, images, labels, **weights):
    model, batch = Classifier(weights), 32
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=1e-3, eps=1e-7)
    batches = list(zip(tokens.long().split(batch), channels_first(images).split(batch), labels.long().split(batch)))
    steps = 0

    def step():
        nonlocal steps
        text, image, wanted = batches[steps % len(batches)]
        steps += 1
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text, image), wanted)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step, lambda: [torch.tensor([step() for _ in range(3)])]


class GPT:
    """nanoGPT's formulas without biases, with our weights: kernels (inputs, outputs), heads of 32 features."""

    def __init__(self, weights):
        self.weights = {name: weight.requires_grad_() for name, weight in weights.items()}
        self.layers = sum(name.endswith("attention.qkv.kernel") for name in weights)
        self.past = [None] * self.layers

    def attention(self, x, layer, cached):
        batch, time, width = x.shape
        q, k, v = (x @ self.weights[f"layers.{layer}.attention.qkv.kernel"]).split(width, dim=2)
        q, k, v = [one.view(batch, time, width // 32, 32).transpose(1, 2) for one in (q, k, v)]
        if cached:
            if self.past[layer] is not None:
                k, v = [torch.cat([before, one], dim=2) for before, one in zip(self.past[layer], (k, v))]
            self.past[layer] = k, v
        scores = q @ k.transpose(-2, -1) / math.sqrt(32)
        if not cached:
            scores = scores.masked_fill(torch.ones(time, time).tril() == 0, -math.inf)
        y = (F.softmax(scores, dim=-1) @ v).transpose(1, 2).reshape(batch, time, width)
        return y @ self.weights[f"layers.{layer}.attention.project.kernel"]

    def __call__(self, tokens, position=0, cached=False):
        def norm(x, name):
            return F.layer_norm(x, x.shape[-1:], self.weights[f"{name}.scale"], None, 1e-5)

        embedding = self.weights["embedding.table"]
        x = F.embedding(tokens, embedding) + self.weights["positions.table"][position : position + tokens.shape[1]]
        for layer in range(self.layers):
            name = f"layers.{layer}"
            x = x + self.attention(norm(x, f"{name}.norm1"), layer, cached)
            hidden = F.gelu(norm(x, f"{name}.norm2") @ self.weights[f"{name}.expand.kernel"])
            x = x + hidden @ self.weights[f"{name}.contract.kernel"]
        return norm(x, "norm") @ embedding.T


def gpt_training_step(tokens, targets, **weights):
    model, batch = GPT(weights), 12
    parameters = list(model.weights.values())
    groups = [
        {"params": [one for one in parameters if one.dim() >= 2], "weight_decay": 0.1},
        {"params": [one for one in parameters if one.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8)
    batches = list(zip(tokens.long().split(batch), targets.long().split(batch)))
    steps = 0

    def step():
        nonlocal steps
        text, wanted = batches[steps % len(batches)]
        steps += 1
        optimizer.zero_grad()
        loss = F.cross_entropy(model(text).flatten(0, 1), wanted.flatten())
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        return loss.item()

    return step, lambda: [torch.tensor([step() for _ in range(3)])]


def gpt_token(**weights):
    model, block = GPT(weights), len(weights["positions.table"])
    length = block

    def read():
        nonlocal length
        if length == block:
            model.past = [None] * model.layers
            length = 0
        token = torch.tensor([[7 * length % 65]])
        with torch.no_grad():
            logits = model(token, length, cached=True)
        length += 1
        return logits.max().item()

    return read, lambda: [torch.tensor([read() for _ in range(3)])]


def plain(compute):
    """A workload without gradients whose results lie as the contest wants them."""
    return lambda **inputs: arranged(lambda: [compute(**inputs)])


WORKLOADS = {
    "matmul": plain(lambda a, b: torch.matmul(a, b)),
    "conv2d": conv2d,
    "conv2d input gradient": conv2d_input_gradient,
    "conv2d filter gradient": conv2d_filter_gradient,
    "softmax": plain(lambda x: torch.softmax(x, -1)),
    "layer norm": plain(lambda x, scale, shift: F.layer_norm(x, x.shape[-1:], scale, shift, 1e-3)),
    "elementwise": plain(lambda x, a, b, c: torch.relu(x * a + b) * torch.sigmoid(c)),
    "sum": plain(lambda x: x.sum()),
    "lstm": lstm_forward,
    "lstm gradient": lstm_gradient,
    "training step": training_step,
    "GPT training step": gpt_training_step,
    "GPT token": gpt_token,
}


def read_inputs(described):
    inputs = {}
    for name, shape, kind in described:
        count = int(numpy.prod(shape))
        values = numpy.frombuffer(sys.stdin.buffer.read(4 * count), dtype=kind)
        inputs[name] = torch.from_numpy(values.copy()).reshape(shape)
    return inputs


def answer(message, results=()):
    arrays = [result.detach().contiguous().numpy().astype("float32") for result in results]
    sys.stdout.buffer.write(json.dumps({**message, "lengths": [array.size for array in arrays]}).encode() + b"\n")
    for array in arrays:
        sys.stdout.buffer.write(array.tobytes())
    sys.stdout.buffer.flush()


run = None
answer({"version": torch.__version__})
for line in iter(sys.stdin.buffer.readline, b""):
    request = json.loads(line)
    if "workload" in request:
        run, outputs = WORKLOADS[request["workload"]](**read_inputs(request["inputs"]))
        answer({}, outputs())
    else:
        times = []
        for _ in range(request["time"]):
            begin = time.perf_counter()
            run()
            times.append(1000 * (time.perf_counter() - begin))
        answer({"times": times})
