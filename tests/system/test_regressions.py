"""That nothing has become much slower: ratios of two things that were measured in turns on this
machine, against bounds so far from what docs/explanation/performance.md has that noise does not
reach them. What is wanted is stricter, and bench prints it."""

import json
import subprocess
import unittest

from harness import BIN, LONG_ENOUGH_S, SOURCE, SystemTest
from peers_support import HAS_TORCH, WHY_NOT

MEASURING_S = 20 * LONG_ENOUGH_S
RECIPE = SOURCE / "config" / "mdlm_small.toml"

# By bench-peers' name: the ratio must be above, or below.
FASTER = {
    "masking 15 %, one core; NumPy in a DataLoader, a sample each": 6,
    "masking, nine stages, one core; PyTorch int64": 8,
    "sampling, 4 steps, float32": 0.7,
}
SHORTER = {
    "training step, float32, eager": 1.3,
    "training step, bfloat16, eager": 1.3,
    "peak memory, float32": 1.2,
}

# By transport: what `bench stream` tells, and its least.
SHARES = {
    "tcp": ("share_of_bare", 0.4),
    "ipc": ("share_of_bare", 0.4),
    "file": ("share_of_plain", 0.2),
}


class Regressions(SystemTest):
    @unittest.skipUnless(HAS_TORCH, WHY_NOT)
    def test_masking_steps_and_sampling_beside_pytorch(self):
        words = (RECIPE, "--quick", "--rounds=3", "--only=masking,steps,sampling", "--json")
        line = [SOURCE / "scripts" / "bench-peers", "--bin", BIN, *words]
        ran = subprocess.run(
            [str(word) for word in line], capture_output=True, text=True, timeout=MEASURING_S
        )
        self.assertEqual(ran.stderr, "")
        seen = {line["line"]: line.get("seen") for line in map(json.loads, ran.stdout.splitlines())}
        for name, least in FASTER.items():
            self.assertGreater(seen[name], least, name)
        for name, most in SHORTER.items():
            self.assertLess(seen[name], most, name)

    def test_the_transport_beside_the_least_that_moves_the_same_bytes(self):
        places = {
            "tcp": "127.0.0.1:5555",
            "ipc": f"{self.folder}/race.sock",
            "file": f"{self.folder}/queue",
        }
        for transport, (share, least) in SHARES.items():
            with self.subTest(transport=transport):
                words = (
                    f"--queue.uri={transport}://{places[transport]}",
                    "--only=transport",
                    "--mib=64",
                    "--repeats=3",
                    "--json",
                )
                output, _ = self.run_program(
                    "bench", "stream", SOURCE / "config" / "char_diffusion_small.toml", *words
                )
                lines = [json.loads(line) for line in output.splitlines()]
                self.assertEqual(len(lines), 2, "a line for each size of batches")
                for line in lines:
                    self.assertGreater(line[share], least, line)


if __name__ == "__main__":
    unittest.main()
