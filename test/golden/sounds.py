"""Writes sounds.json beside it: sounds resampled, and mel spectrograms with the gradient of their weighted sum, by
torchaudio in float64. Sample i of a sound is sin(2 pi (0.01 i + 0.00002 i^2)) + 0.25 sin(1.7 i), in f32; weight i is
cos(i).

Made by `/usr/bin/python3 test/golden/sounds.py` with torchaudio 0.13.1 (Debian's python3-torchaudio).
"""

import json
import math
import pathlib

import torch
import torchaudio

torch.set_default_dtype(torch.float64)


def sound(length):
    values = [math.sin(2 * math.pi * (0.01 * i + 0.00002 * i * i)) + 0.25 * math.sin(1.7 * i) for i in range(length)]
    return torch.tensor(values).float().double()


def rounded(values):
    return [float(f"{value:.7g}") for value in values.flatten().tolist()]


def resampled(length, rate, to):
    # In f32, torchaudio computes its filter in float64 and rounds it; here nothing is rounded.
    return {"length": length, "from": rate, "to": to, "samples": rounded(torchaudio.functional.resample(sound(length), rate, to))}


def mel(length, rate, frame_length, hop, bands, lowest, highest):
    x = sound(length).requires_grad_()
    transform = torchaudio.transforms.MelSpectrogram(
        rate, n_fft=frame_length, hop_length=hop, n_mels=bands, f_min=lowest, f_max=highest
    )
    transform.mel_scale.fb = transform.mel_scale.fb.double()
    y = transform(x).T
    weights = torch.tensor([math.cos(i) for i in range(y.numel())]).reshape(y.shape)
    (y * weights).sum().backward()
    return {
        "length": length,
        "options": {"sampleRate": rate, "frameLength": frame_length, "hop": hop, "bands": bands, "lowest": lowest, "highest": highest},
        "shape": list(y.shape),
        "mel": rounded(y),
        "gradient": rounded(x.grad),
    }


golden = {
    "resampled": [
        resampled(150, 8000, 16000),
        resampled(301, 44100, 16000),
        resampled(257, 48000, 8000),
        resampled(97, 11025, 16000),
        resampled(1, 22050, 16000),
    ],
    "mel": [
        mel(1600, 16000, 400, 160, 40, 0, 8000),
        mel(700, 8000, 200, 80, 23, 60, 3700),
        mel(301, 11025, 101, 37, 7, 0, 5512.5),
    ],
}
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(golden) + "\n")
