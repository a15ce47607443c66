"""Writes encoders.json beside it: features of images, texts, sounds and events by PyTorch's layers, in float64, composed as in
`ImageResidual` (with both normalizations), `ImageViT`, `TextLSTM`, `TextGRU`, `TextCNN`, `TextTransformer` (with both
kinds of positions), `SoundConv`, `SoundCRNN`, `SoundWaveCNN`, `SoundTransformer`, `SequenceLSTM` and
`SequenceTransformer`. Parameter k, counted from 1 in the order of `namedParameters`, has the values 0.3 sin(1.1 i + k), the pixels are sin(1.1 i + 100), rounded to f32, and word i
of the texts is 5 i mod 9. The sounds have 80, 150 and 256 samples of sin(0.002 i^2 + n), in f32, n the number of the
sound; each is computed without the others, and without the padding behind it. Events have the words'
ids, the numbers sin(1.1 i + 100), of which every third is absent, and the gaps sin(1.1 i + 101).

Made by `/usr/bin/python3 test/golden/encoders.py` with PyTorch 1.13.1 (Debian's python3-torch and python3-torchaudio).
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F
import torchaudio

torch.set_default_dtype(torch.float64)
EPSILON = 1e-3


def wave(shape, phase, scale):
    values = torch.tensor([scale * math.sin(1.1 * i + phase) for i in range(math.prod(shape))])
    return values.float().double().reshape(shape)


class Parameters:
    """The parameters of an encoder, one after the other."""

    def __init__(self):
        self.count = 0

    def __call__(self, *shape):
        self.count += 1
        return wave(shape, self.count, 0.3)


def convolution(x, kernel, stride):
    """A convolution of x (batch, channels, height, width) with zeros around it, the larger part behind it, as in Keras."""
    kernel = kernel.permute(3, 2, 0, 1)
    padding = []
    for size in (x.shape[3], x.shape[2]):
        total = max((math.ceil(size / stride) - 1) * stride + kernel.shape[2] - size, 0)
        padding += [total // 2, total - total // 2]
    return F.conv2d(F.pad(x, padding), kernel, stride=stride)


def residual(shape, width, normalization):
    parameter = Parameters()

    def layer(x, size, outputs, stride):
        kernel, scale, shift = parameter(size, size, x.shape[1], outputs), parameter(outputs), parameter(outputs)
        y = convolution(x, kernel, stride)
        if normalization == "batch":
            return F.batch_norm(y, None, None, scale, shift, training=True, eps=EPSILON)
        return F.group_norm(y, outputs // 16 if outputs % 16 == 0 else 1, scale, shift, EPSILON)

    x = wave(shape, 100, 1).permute(0, 3, 1, 2)
    x = F.relu(layer(x, 3, width // 4, 1))
    for outputs in (width // 4, width // 2, width):
        inner = layer(F.relu(layer(x, 3, outputs, 2)), 3, outputs, 1)
        x = F.relu(inner + layer(x, 1, outputs, 2))
    return x.mean((2, 3))


def transformer_block(x, parameter, width, heads, padding=None):
    def affine(inputs, outputs):
        return parameter(inputs, outputs), parameter(outputs)

    def normalization():
        return parameter(width), parameter(width)

    norm1 = normalization()
    query, key, value, output = [affine(width, width) for _ in range(4)]
    norm2, expand, contract = normalization(), affine(width, 4 * width), affine(4 * width, width)
    attention = torch.nn.MultiheadAttention(width, heads, batch_first=True)
    attention.in_proj_weight = torch.nn.Parameter(torch.cat([kernel.T for kernel, _ in (query, key, value)]))
    attention.in_proj_bias = torch.nn.Parameter(torch.cat([bias for _, bias in (query, key, value)]))
    attention.out_proj.weight = torch.nn.Parameter(output[0].T)
    attention.out_proj.bias = torch.nn.Parameter(output[1])
    y = F.layer_norm(x, (width,), *norm1, EPSILON)
    h = x + attention(y, y, y, key_padding_mask=padding)[0]
    hidden = F.gelu(F.layer_norm(h, (width,), *norm2, EPSILON) @ expand[0] + expand[1])
    return h + hidden @ contract[0] + contract[1]


def vision_transformer(shape, patch, width, depth, heads):
    parameter = Parameters()
    x = wave(shape, 100, 1).permute(0, 3, 1, 2)
    kernel, bias = parameter(patch, patch, x.shape[1], width), parameter(width)
    y = F.conv2d(x, kernel.permute(3, 2, 0, 1), bias, stride=patch).flatten(2).transpose(1, 2)
    y = y + parameter(y.shape[1], width)
    for _ in range(depth):
        y = transformer_block(y, parameter, width, heads)
    return F.layer_norm(y, (width,), parameter(width), parameter(width), EPSILON).mean(1)


LENGTHS, TIME, VOCABULARY = [5, 3, 1], 5, 9
TOKENS = (5 * torch.arange(len(LENGTHS) * TIME) % VOCABULARY).reshape(-1, TIME)
MASK = torch.arange(TIME) < torch.tensor(LENGTHS)[:, None]


def words(embedding):
    """The vectors of the words of the texts, and what the further parameters come from."""
    parameter = Parameters()
    return parameter(VOCABULARY, embedding)[TOKENS], parameter


def events(width):
    """The vectors of events, and what the further parameters come from."""
    parameter, shape = Parameters(), TOKENS.shape
    known = (torch.arange(TOKENS.numel()) % 3 != 2).double().reshape(*shape, 1)
    ids = parameter(VOCABULARY, VOCABULARY)[TOKENS]
    x = torch.cat([wave((*shape, 2), 101, 1), wave((*shape, 1), 100, 1) * known, known, ids], 2)
    return F.relu(x @ parameter(x.shape[2], width) + parameter(width)), parameter


def recurrent(layer, gates, width, x, parameter):
    """An LSTM, or a GRU whose gates PyTorch has in another order, over each sequence."""
    inputs = x.shape[2]
    order = [1, 0, 2] if gates == 3 else [0, 1, 2, 3]

    def ordered(matrix):
        return torch.nn.Parameter(torch.cat([matrix.chunk(gates, -1)[gate] for gate in order], -1).t())

    layer = layer(inputs, width, batch_first=True)
    layer.weight_ih_l0 = ordered(parameter(inputs, gates * width))
    layer.weight_hh_l0 = ordered(parameter(width, gates * width))
    layer.bias_ih_l0 = ordered(parameter(gates * width))
    layer.bias_hh_l0 = ordered(parameter(gates * width) if gates == 3 else torch.zeros(gates * width))
    return torch.stack([layer(row[None, :length])[0][0, -1] for row, length in zip(x, LENGTHS)])


def cnn(width, embedding):
    parameter = Parameters()
    vectors = parameter(VOCABULARY, embedding)[TOKENS] * MASK[:, :, None]
    features = []
    for index, size in enumerate([3, 4, 5]):
        kernel, bias = parameter(size, embedding, (width + index) // 3), parameter((width + index) // 3)
        padded = F.pad(vectors.transpose(1, 2), ((size - 1) // 2, size // 2))
        features.append(F.relu(F.conv1d(padded, kernel.permute(2, 1, 0), bias)))
    return (torch.cat(features, 1) * MASK[:, None]).amax(2)


def scaled_words(width):
    vectors, parameter = words(width)
    return math.sqrt(width) * vectors, parameter


def transformer(width, depth, heads, length, x, parameter):
    if length is not None:
        x = x + parameter(length, width)[:TIME]
    else:
        angles = torch.arange(TIME)[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
        x = x + torch.stack([angles.sin(), angles.cos()], 2).flatten(1)
    for _ in range(depth):
        x = transformer_block(x, parameter, width, heads, ~MASK)
    y = F.layer_norm(x, (width,), parameter(width), parameter(width), EPSILON)
    return (y * MASK[:, :, None]).sum(1) / MASK.sum(1, keepdim=True)


RATE, SAMPLES, BANDS = 800, 300, 8
SOUNDS = [
    F.pad(torch.tensor([math.sin(0.002 * i * i + n) for i in range(length)]).float().double(), (0, SAMPLES - length))
    for n, length in enumerate([80, 150, 256])
]


def log_mel(samples, length):
    """The normalized frames of a sound (frames, bands), frames of 20 samples every 8."""
    transform = torchaudio.transforms.MelSpectrogram(RATE, n_fft=20, hop_length=8, n_mels=BANDS)
    transform.mel_scale.fb = transform.mel_scale.fb.double()
    x = (transform(samples).T + 1e-6).log()[: math.floor(length / 8 + 0.5)]
    return (x - x.mean()) / (x.var(unbiased=False) + EPSILON).sqrt()


def following(x, stride, kernel, count):
    """Zeros so that convolutions of x (..., steps) give `count` steps, where the steps are padded to a multiple."""
    before = (kernel - stride) // 2
    return F.pad(x, (before, (count - 1) * stride + kernel - before - x.shape[-1]))


def norm(x, parameter):
    """Over all of one sound: x (1, channels, ...)."""
    return F.group_norm(x, 1, parameter(x.shape[1]), parameter(x.shape[1]), EPSILON)


def spectral(x, parameter, width, strides):
    """The convolutions over a spectrogram (frames, bands) -> (frames', bands' * width)."""

    def conv(x, kernel, stride, groups=1):
        frames = math.ceil(x.shape[2] / stride)
        padded = following(x.transpose(2, 3), stride, 3, frames).transpose(2, 3)
        return F.conv2d(F.pad(padded, (0, 1)), kernel.permute(3, 2, 0, 1), stride=(stride, 2), groups=groups)

    x = F.relu(norm(conv(x[None, None], parameter(3, 3, 1, width // 2), strides[0]), parameter))
    for stride in strides[1:]:
        x = conv(x, parameter(3, 3, 1, x.shape[1]), stride, x.shape[1])
        x = F.relu(norm(F.conv2d(x, parameter(1, 1, x.shape[1], width).permute(3, 2, 0, 1)), parameter))
    x = x[0].permute(1, 2, 0).flatten(1)
    return F.relu(x @ parameter(x.shape[1], width) + parameter(width))


def sound_conv(samples, length, width=8):
    return spectral(log_mel(samples, length), Parameters(), width, [2, 2, 2]).mean(0)


def sound_crnn(samples, length, width=8):
    parameter, half = Parameters(), width // 2
    x = spectral(log_mel(samples, length), parameter, width, [2, 2, 1])
    layer = torch.nn.LSTM(width, half, batch_first=True, bidirectional=True)
    for direction in ("", "_reverse"):
        for name, shape in (("weight_ih", (width, 4 * half)), ("weight_hh", (half, 4 * half)), ("bias_ih", (4 * half,))):
            setattr(layer, f"{name}_l0{direction}", torch.nn.Parameter(parameter(*shape).t()))
        setattr(layer, f"bias_hh_l0{direction}", torch.nn.Parameter(torch.zeros(4 * half)))
    return layer(x[None])[0][0].mean(0)


def sound_wave(samples, length, width=8):
    parameter, x = Parameters(), samples[:length]
    x = ((x - x.mean()) / (x.var(unbiased=False) + EPSILON).sqrt())[None, None]
    for index, (kernel, outputs) in enumerate([(8, width // 4), (3, width // 2), (3, width), (3, width)]):
        if index > 0:
            x = F.max_pool1d(x, 4, ceil_mode=True)
        weight = parameter(kernel, x.shape[1], outputs).permute(2, 1, 0)
        x = F.relu(norm(F.conv1d(following(x, 1, kernel, x.shape[2]), weight), parameter))
    return x[0].mean(1)


def sound_transformer(samples, length, width=8, depth=2, heads=2):
    parameter, x = Parameters(), log_mel(samples, length).T[None]
    for inputs in (BANDS, width):
        weight, bias = parameter(3, inputs, width).permute(2, 1, 0), parameter(width)
        x = F.gelu(F.conv1d(following(x, 2, 3, math.ceil(x.shape[2] / 2)), weight, bias, stride=2))
    x = x.transpose(1, 2)
    angles = torch.arange(x.shape[1])[:, None] / 10000 ** (torch.arange(0, width, 2) / width)
    x = x + torch.stack([angles.sin(), angles.cos()], 2).flatten(1)
    for _ in range(depth):
        x = transformer_block(x, parameter, width, heads)
    return F.layer_norm(x, (width,), parameter(width), parameter(width), EPSILON)[0].mean(0)


def sounds(encoder):
    return torch.stack([encoder(samples, length) for samples, length in zip(SOUNDS, [80, 150, 256])]).flatten().tolist()


golden = {
    "torch": torch.__version__,
    "group": residual((1, 9, 10, 2), 64, "group").flatten().tolist(),
    "batch": residual((3, 9, 10, 2), 8, "batch").flatten().tolist(),
    "vit": vision_transformer((2, 4, 6, 2), 2, 8, 2, 2).flatten().tolist(),
    "lstm": recurrent(torch.nn.LSTM, 4, 4, *words(6)).flatten().tolist(),
    "gru": recurrent(torch.nn.GRU, 3, 4, *words(6)).flatten().tolist(),
    "cnn": cnn(7, 4).flatten().tolist(),
    "sinusoidal": transformer(8, 2, 2, None, *scaled_words(8)).flatten().tolist(),
    "learned": transformer(8, 2, 2, 7, *scaled_words(8)).flatten().tolist(),
    "conv": sounds(sound_conv),
    "crnn": sounds(sound_crnn),
    "wave": sounds(sound_wave),
    "frames": sounds(sound_transformer),
    "events": recurrent(torch.nn.LSTM, 4, 4, *events(4)).flatten().tolist(),
    "attended events": transformer(8, 2, 2, None, *events(8)).flatten().tolist(),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n")
