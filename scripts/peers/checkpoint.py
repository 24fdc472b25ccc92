"""A checkpoint of train as Python reads it (docs/reference/checkpoint.md), and the twin that it
makes."""

import json
import pathlib
import tomllib

from safetensors.torch import load_file

import millrace

from .losses import make_loss
from .twins import make_twin


class Checkpoint:
    """`config`: the whole recipe by sections; `meta`: of its stream, `fields` as millrace.Field."""

    def __init__(self, folder):
        self._folder = pathlib.Path(folder)
        self.config = tomllib.loads((self._folder / "config.toml").read_text())
        self.meta = json.loads((self._folder / "trainer.json").read_text())["meta"]
        self.meta["fields"] = [millrace.Field.from_message(field) for field in self.meta["fields"]]

    def twin(self):
        """A network with this checkpoint's parameters and in their type. Throws where names or
        shapes are not the same."""
        parameters = load_file(self._folder / "model.safetensors")
        network = make_twin(self.config, self.meta).to(next(iter(parameters.values())).dtype)
        network.load_state_dict(parameters, strict=True)
        return network

    def loss(self):
        return make_loss(self.config, self.meta)
