"""Writes gpt.safetensors and gpt2.safetensors beside it, both by PyTorch in float64 and stored as F32.

gpt.safetensors: GPTs written from nanoGPT's formulas (github.com/karpathy/nanoGPT, model.py): for each case the logits
and the losses of ten steps of AdamW (0.9 / 0.99, decay 0.1 of matrices alone, gradients clipped to a norm of 1, learning
rate 1e-3) on one batch; for some also every gradient of the first step, and the parameters after the last. Names and layouts are those
of `GPT`: kernels (inputs, outputs). Parameter k, counted from 1 in the order of `namedParameters`, begins as
0.2 sin(1.1 i + k), scales of normalizations 1 + that; token i of the batch is 5 i mod 11, and every fourth target is -1.

gpt2.safetensors: the same parameters of the case `tanh` under the names and in the layout of Hugging Face's GPT-2, with the
buffers that its older files have.

Made by `/usr/bin/python3 test/golden/gpt.py` with PyTorch 1.13.1 (Debian's python3-torch).
"""

import json
import math
import pathlib
import struct

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
LAYERS, HEADS, WIDTH, BLOCK, VOCABULARY, BATCH = 2, 2, 16, 8, 11, 2


def shapes(bias, rotary):
    """The parameters in their order, by name."""

    def linear(name, inputs, outputs):
        return {f"{name}.kernel": (inputs, outputs), **({f"{name}.bias": (outputs,)} if bias else {})}

    def norm(name):
        return {f"{name}.scale": (WIDTH,), **({f"{name}.shift": (WIDTH,)} if bias else {})}

    layers = {}
    for i in range(LAYERS):
        layers |= {
            **norm(f"layers.{i}.norm1"),
            **linear(f"layers.{i}.attention.qkv", WIDTH, 3 * WIDTH),
            **linear(f"layers.{i}.attention.project", WIDTH, WIDTH),
            **norm(f"layers.{i}.norm2"),
            **linear(f"layers.{i}.expand", WIDTH, 4 * WIDTH),
            **linear(f"layers.{i}.contract", 4 * WIDTH, WIDTH),
        }
    positions = {} if rotary else {"positions.table": (BLOCK, WIDTH)}
    return {"embedding.table": (VOCABULARY, WIDTH), **positions, **layers, **norm("norm")}


def initial(bias, rotary):
    parameters = {}
    for k, (name, shape) in enumerate(shapes(bias, rotary).items(), 1):
        values = torch.tensor([0.2 * math.sin(1.1 * i + k) for i in range(math.prod(shape))]).float().double()
        values = (values + name.endswith(".scale")).float().double()
        parameters[name] = values.reshape(shape).requires_grad_()
    return parameters


def turned(x):
    """Rotary positions of x (batch, heads, time, features)."""
    time, half = x.shape[2], x.shape[3] // 2
    angle = torch.arange(time)[:, None] * 10000 ** (-torch.arange(half) / half)
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def forward(p, tokens, gelu, rotary):
    def linear(name, x):
        y = x @ p[f"{name}.kernel"]
        return y + p[f"{name}.bias"] if f"{name}.bias" in p else y

    def norm(name, x):
        return F.layer_norm(x, (WIDTH,), p[f"{name}.scale"], p.get(f"{name}.shift"), 1e-5)

    def attention(name, x):
        q, k, v = linear(f"{name}.qkv", x).split(WIDTH, dim=2)
        q, k, v = [y.view(*x.shape[:2], HEADS, WIDTH // HEADS).transpose(1, 2) for y in (q, k, v)]
        if rotary:
            q, k = turned(q), turned(k)
        scores = q @ k.transpose(-2, -1) / math.sqrt(WIDTH // HEADS)
        causal = torch.tril(torch.ones(x.shape[1], x.shape[1])) == 0
        weights = F.softmax(scores.masked_fill(causal, -math.inf), dim=-1)
        return linear(f"{name}.project", (weights @ v).transpose(1, 2).reshape(x.shape))

    x = p["embedding.table"][tokens]
    if not rotary:
        x = x + p["positions.table"][: tokens.shape[1]]
    for i in range(LAYERS):
        name = f"layers.{i}"
        x = x + attention(f"{name}.attention", norm(f"{name}.norm1", x))
        hidden = linear(f"{name}.expand", norm(f"{name}.norm2", x))
        if gelu == "tanh":  # GPT-2's gelu_new
            hidden = 0.5 * hidden * (1 + torch.tanh(math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden**3)))
        else:
            hidden = F.gelu(hidden)
        x = x + linear(f"{name}.contract", hidden)
    return norm("norm", x) @ p["embedding.table"].T


def trained(note, bias, gelu="exact", rotary=False, detailed=True):
    p = initial(bias, rotary)
    tokens = (5 * torch.arange(BATCH * BLOCK) % VOCABULARY).reshape(BATCH, BLOCK)
    targets = (5 * torch.arange(1, BATCH * BLOCK + 1) % VOCABULARY).reshape(BATCH, BLOCK)
    targets.view(-1)[3::4] = -1
    groups = [
        {"params": [one for one in p.values() if one.dim() >= 2], "weight_decay": 0.1},
        {"params": [one for one in p.values() if one.dim() < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99), eps=1e-8)
    tensors, losses = {}, []
    for step in range(10):
        logits = forward(p, tokens, gelu, rotary)
        loss = F.cross_entropy(logits.view(-1, VOCABULARY), targets.view(-1), ignore_index=-1)
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            tensors[f"{note}/logits"] = logits
            if detailed:
                tensors |= {f"{note}/gradient/{name}": one.grad.clone() for name, one in p.items()}
        torch.nn.utils.clip_grad_norm_(p.values(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    tensors[f"{note}/losses"] = torch.tensor(losses)
    if detailed:
        tensors |= {f"{note}/trained/{name}": one for name, one in p.items()}
    print(note, losses)
    return tensors


def write(file, tensors):
    """A safetensors file: the length of the header, the header, the tensors."""
    header, body = {}, b""
    for name, tensor in tensors.items():
        values = tensor.detach().float().flatten().tolist()
        data = struct.pack(f"<{len(values)}f", *values)
        offsets = [len(body), len(body) + len(data)]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": offsets}
        body += data
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    pathlib.Path(__file__).with_name(file).write_bytes(struct.pack("<Q", len(encoded)) + encoded + body)


HUGGING_FACE = {
    "embedding.table": "wte.weight",
    "positions.table": "wpe.weight",
    "layers": "h",
    "norm1": "ln_1",
    "norm2": "ln_2",
    "norm": "ln_f",
    "attention.qkv": "attn.c_attn",
    "attention.project": "attn.c_proj",
    "expand": "mlp.c_fc",
    "contract": "mlp.c_proj",
    "kernel": "weight",
    "scale": "weight",
    "shift": "bias",
}


def hugging_face(name):
    parts = [f".{name}."]
    for ours, theirs in HUGGING_FACE.items():
        parts = [part.replace(f".{ours}.", f".{theirs}.") for part in parts]
    return parts[0].strip(".")


if __name__ == "__main__":
    write(
        "gpt.safetensors",
        {
            **trained("bias", True),
            **trained("no bias", False),
            **trained("tanh", True, gelu="tanh", detailed=False),
            **trained("rotary", False, rotary=True, detailed=False),
        },
    )
    gpt2 = {f"transformer.{hugging_face(name)}": one for name, one in initial(True, False).items()}
    for i in range(LAYERS):
        gpt2[f"transformer.h.{i}.attn.bias"] = torch.tril(torch.ones(BLOCK, BLOCK)).view(1, 1, BLOCK, BLOCK)
        gpt2[f"transformer.h.{i}.attn.masked_bias"] = torch.tensor(-1e4)
    write("gpt2.safetensors", gpt2)
