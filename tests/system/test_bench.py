"""`bench` of whole programs: what a transport carries and how long a trainer waits for it; where
the trainer is, how long a run that was killed takes until its first step after `train --resume`,
and how long a step takes."""

import json
import pathlib
import re
import signal
import unittest

from harness import LONG_ENOUGH_S, SystemTest


def catches(pid, number):
    """Whether a process has a handler of its own for a signal."""
    caught = re.search(r"SigCgt:\s*(\w+)", pathlib.Path(f"/proc/{pid}/status").read_text())
    return int(caught[1], 16) >> (number - 1) & 1


class Bench(SystemTest):
    def lines(self, *arguments):
        output, _ = self.run_program(
            "bench", "stream", *self.recipe(), "--samples=100", "--repeats=1", "--json", *arguments
        )
        return [json.loads(line) for line in output.splitlines()]

    def measure(self, *arguments):
        return {line["bench"]: line for line in self.lines("--only=stream,resume", *arguments)}

    def test_the_transport_alone_stands_beside_what_the_machine_could(self):
        limits_of = {"tcp": ("raw", "bare"), "ipc": ("raw", "bare"), "file": ("plain",)}
        for scheme, limits in limits_of.items():
            with self.subTest(scheme=scheme):
                uri = {
                    "tcp": "tcp://127.0.0.1:1",
                    "ipc": f"ipc://{self.folder}/q.sock",
                    "file": f"file://{self.folder}/q",
                }[scheme]
                lines = self.lines("--only=transport", "--mib=4", f"--queue.uri={uri}")
                self.assertEqual(
                    [(line["bench"], line["batch_bytes"]) for line in lines],
                    [("transport", 1 << 18), ("transport", 1 << 20)],
                )
                for line in lines:
                    self.assertEqual(line["transport"], scheme)
                    self.assertEqual(
                        {key for key in line if key.startswith("share_of_")},
                        {f"share_of_{limit}" for limit in limits},
                    )
                    for limit in limits:
                        self.assertAlmostEqual(
                            line[f"share_of_{limit}"]
                            * line[f"{limit}_bytes_per_s"]
                            / line["bytes_per_s"],
                            1,
                        )
                self.assertFalse((self.folder / "q").exists(), "it has a place of its own")

    def test_the_transport_alone_in_words(self):
        words, _ = self.run_program(
            "bench",
            "stream",
            *self.recipe(),
            "--only=transport",
            "--mib=4",
            "--queue.uri=tcp://127.0.0.1:1",
        )
        found = re.findall(r"\d\.\d\d of (.+?) \(.+?B/s\)", words)
        self.assertEqual(found, ["raw loopback", "bare ZeroMQ"] * 2)
        self.assertEqual(re.findall(r"batches of (\d+) KiB", words), ["256", "1024"])

    def test_memory_of_a_producers_own(self):
        memory = self.measure("--only=stream", f"--queue.uri=ipc://{self.folder}/race.sock")[
            "memory"
        ]
        self.assertGreater(memory["anonymous_bytes"], 1 << 18)
        self.assertLess(memory["anonymous_bytes"], 64 << 20)

    def test_nothing_is_carried_inside_a_process(self):
        self.assertEqual(self.lines("--only=transport", "--queue.uri=inproc://"), [])

    def test_how_long_a_trainer_waits_at_two_paces(self):
        stream, fast, paced = self.lines(
            "--only=waiting", "--producers=1", f"--queue.uri=ipc://{self.folder}/race.sock"
        )
        self.assertEqual(
            [stream["bench"], fast["bench"], paced["bench"]], ["stream", "waiting", "waiting"]
        )
        self.assertEqual(fast["pace_tokens_per_s"], 20e6)
        self.assertAlmostEqual(paced["pace_tokens_per_s"] / stream["tokens_per_s"], 0.8)
        for line in fast, paced:
            self.assertGreater(line["tokens_per_s"], 0)
            self.assertGreater(line["wait_share"], 0)
            self.assertLessEqual(line["wait_share"], line["worst_wait_share"])
            self.assertLessEqual(line["worst_wait_share"], 1)
            self.assertLessEqual(0, line["ready_share"])
            self.assertLessEqual(line["ready_share"], 1)

    def test_parts_that_are_none(self):
        for parts in ("speed", "stream,speed", ","):
            _, errors = self.run_program(
                "bench", "stream", *self.recipe(), f"--only={parts}", status=2
            )
            self.assertIn(
                f"--only={parts}: expected some of transport,stream,waiting,kill,resume", errors
            )

    def test_resuming_is_timed_over_a_socket_a_folder_and_inside(self):
        for uri, producers in (
            (f"ipc://{self.folder}/race.sock", 1),
            (f"file://{self.folder}/queue", 1),
            ("inproc://", 0),
        ):
            with self.subTest(uri=uri):
                lines = self.measure(f"--queue.uri={uri}", "--producers=1")
                self.assertEqual(
                    set(lines),
                    {"stream", "resume", "memory"} if producers else {"stream", "resume"},
                )
                self.assertEqual(lines["resume"]["producers"], producers)
                self.assertGreater(lines["resume"]["first_step_s"], 0)
                self.assertLess(lines["resume"]["first_step_s"], LONG_ENOUGH_S)
                self.assertEqual(lines["resume"]["worst_s"], lines["resume"]["first_step_s"])

    def train(self, *arguments):
        output, _ = self.run_program(
            "bench", "train", *self.recipe(), "--steps=3", "--repeats=2", "--json", *arguments
        )
        return json.loads(output)

    def test_training_steps_and_what_the_machine_could_do(self):
        found = self.train("--gradient_accumulation_steps=2", "--dtype=float32")
        told = (
            "bench",
            "objective",
            "architecture",
            "device",
            "dtype",
            "threads",
            "batch_size",
            "gradient_accumulation_steps",
        )
        self.assertEqual(
            [found[key] for key in told],
            ["train", "mlm", "bidirectional", "cpu", "float32", 1, 6, 2],
        )
        self.assertEqual(
            (found["sequence"], found["tokens"], found["steps"]), (24, 6 * 2 * 24, 2 * 3)
        )
        self.assertLessEqual(found["least_step_ms"], found["step_ms"])
        self.assertLessEqual(found["step_ms"], found["most_step_ms"])
        self.assertGreater(found["least_step_ms"], 0)
        self.assertGreater(found["forward_ms"], 0)
        self.assertAlmostEqual(found["tokens_per_s"] * found["step_ms"] / 1e3, found["tokens"])
        self.assertAlmostEqual(
            found["model_gflops"] * found["step_ms"] * 1e6 / found["model_flops"], 1
        )
        self.assertEqual(set(found["product_gflops"]), {"float32", "bfloat16"})
        self.assertAlmostEqual(
            found["share_of_product"] * found["product_gflops"]["float32"], found["model_gflops"]
        )
        self.assertLess(10e6, found["peak_resident_bytes"])
        self.assertFalse((self.folder / "out").exists(), "it writes nothing")

    def test_the_parameters_and_the_type_are_those_that_train_has(self):
        found = self.train("--dtype=bfloat16")
        process = self.start(
            "train",
            *self.recipe(),
            "--max_iters=1",
            "--queue.uri=inproc://",
            "--out_dir=out",
            "--dtype=bfloat16",
        )
        self.finish(process)
        self.assertIn(
            f"training {found['parameters']} parameters in {found['dtype']} on cpu", process.errors
        )
        self.assertEqual(set(found["product_gflops"]), {"float32", "bfloat16"})

    def test_a_type_of_its_own_is_measured_too(self):
        self.assertEqual(
            set(self.train("--dtype=float64")["product_gflops"]), {"float32", "bfloat16", "float64"}
        )

    def test_words_that_cannot_be(self):
        for arguments, words in (
            (["--steps=0"], "--steps=0: expected a whole number from 1"),
            (["--step=3"], "--step: neither a flag of bench train nor a key"),
            (["--objective=sedd"], 'train.objective = "sedd" needs fields'),
        ):
            with self.subTest(arguments=arguments):
                _, errors = self.run_program("bench", "train", *self.recipe(), *arguments, status=2)
                self.assertIn(words, errors)

    def test_a_signal_ends_it(self):
        process = self.start("bench", "train", *self.recipe(), "--steps=1000000")
        self.wait_until(lambda: catches(process.pid, signal.SIGTERM), "it listens")
        self.stop(process, status=1)
        self.assertIn("stopped before everything was measured", process.errors)


if __name__ == "__main__":
    unittest.main()
