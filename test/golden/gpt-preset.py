"""Writes gpt-preset.json beside it: the losses of the first 20 steps of nanoGPT's preset for a GPU (config/train_shakespeare_char.py: 6
layers, 6 heads, 384 wide, block 256, warm-up of 100 steps to 1e-3), by gpt.py's formulas in float64, but without dropout and with
one block a step, so that a CPU takes them too.

Element i of parameter k, counted from 1, begins as 0.07 (u - 0.5) where u is the fraction of 43758.5453 sin(12.9898 i + 78.233 k), and 1
more for scales. Token j of step s, counted from 1, is (j² + 3 j s) mod 65, and its target is token j + 1.

Made by `/usr/bin/python3 test/golden/gpt-preset.py` with PyTorch 1.13.1 (Debian's python3-torch) and NumPy.
"""

import json
import math
import pathlib

import gpt
import numpy
import torch
import torch.nn.functional as F

gpt.LAYERS, gpt.HEADS, gpt.WIDTH, gpt.BLOCK, gpt.VOCABULARY = 6, 6, 384, 256, 65
STEPS, WARM_UP, RATE = 20, 100, 1e-3

parameters = {}
for k, (name, shape) in enumerate(gpt.shapes(False, False).items(), 1):
    u = numpy.mod(43758.5453 * numpy.sin(12.9898 * numpy.arange(math.prod(shape)) + 78.233 * k), 1)
    values = torch.from_numpy(0.07 * (u - 0.5) + name.endswith(".scale")).float().double()
    parameters[name] = values.reshape(shape).requires_grad_()

groups = [
    {"params": [one for one in parameters.values() if one.dim() >= 2], "weight_decay": 0.1},
    {"params": [one for one in parameters.values() if one.dim() < 2], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), eps=1e-8)
losses = []
for step in range(STEPS):
    for group in optimizer.param_groups:
        group["lr"] = RATE * (step + 1) / (WARM_UP + 1)
    j = torch.arange(gpt.BLOCK + 1)
    tokens = ((j * j + 3 * j * (step + 1)) % gpt.VOCABULARY)[None]
    logits = gpt.forward(parameters, tokens[:, :-1], "exact", False)
    loss = F.cross_entropy(logits.view(-1, gpt.VOCABULARY), tokens[0, 1:])
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters.values(), 1.0)
    optimizer.step()
    losses.append(loss.item())
    print(step + 1, losses[-1])
pathlib.Path(__file__).with_name("gpt-preset.json").write_text(json.dumps({"losses": losses}, indent=2) + "\n")
