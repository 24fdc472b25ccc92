"""Schedules whose stages the trainer names: what is recorded is the function at the stage of each
step, whoever delivers, whoever dies, and however far ahead anybody was."""

import json
import unittest

from harness import TEXT, SystemTest, free_port

STEPS, BATCH, ACCUMULATION = 12, 6, 2
GLOBAL_BATCH = BATCH * ACCUMULATION
MASKINGS = (
    'type="sticky", target_masked_ratio=0.4, p1_probability=0.15, p2_probability=0.3',
    'type="random", max_masked_ratio=0.5',
    'type="span", spans_count=3',
)


def schedule(name, numbers):
    """Overrides for a schedule with a stage for each of the numbers: texts such as
    "from_step=3"."""
    stages = [f"{{{MASKINGS[i % len(MASKINGS)]}, {number}}}" for i, number in enumerate(numbers)]
    return [
        f"--schedule={name}",
        f"--stages=[{', '.join(stages)}]",
        f"--gradient_accumulation_steps={ACCUMULATION}",
    ]


# From step 5 on a stage lasts one step, so that what is fetched ahead is at the wrong one.
BY_STEPS = schedule("steps", [f"from_step={step}" for step in (0, 4, 5, 6)])
STAGES_BY_STEPS = [0] * 4 + [1] + [2] + [3] * 6

# A learning rate of 0 keeps val loss as it is: after the first evaluation of a stage none improves,
# and a stage of count n lasts for n + 1 evaluations, here after every step.
STANDSTILL = ["--learning_rate=0", "--min_lr=0", "--eval_interval=1"]
BY_PLATEAU = [
    *schedule("plateau", [f"val_loss_stale_count={count}" for count in (2, 1, 3, 1)]),
    *STANDSTILL,
]
STAGES_BY_PLATEAU = [0] * 3 + [1] * 2 + [2] * 4 + [3] * 3


class StagesTest(SystemTest):
    def expected(self, overrides, stages):
        """(step, split, index, stage, digest) of every train sample of a run whose steps have these
        stages."""
        count = len(stages) * GLOBAL_BATCH
        at = {
            stage: self.function("train", count, *overrides, f"--stage={stage}")
            for stage in set(stages)
        }
        return [(1 + i // GLOBAL_BATCH, *at[stages[i // GLOBAL_BATCH]][i]) for i in range(count)]

    def trained(self, name="record"):
        return sorted(line for line in self.record(name) if line[1] == "train")

    def metrics(self, out="out"):
        """metrics.jsonl without the times."""
        lines = (self.folder / out / "metrics.jsonl").read_text().splitlines()
        return [
            {k: v for k, v in json.loads(line).items() if k not in ("step_ms", "stall_ms")}
            for line in lines
        ]

    def state(self, out="out"):
        return json.loads((self.folder / out / "latest" / "trainer.json").read_text())

    def train(self, *arguments, status=0):
        return self.run_program(
            "train", *self.recipe(), "--queue.uri=inproc://", *arguments, status=status
        )[1]


class ARunHasTheStagesOfItsSchedule(StagesTest):
    def check(self, uri, producers, ranks):
        for name, overrides, stages in (
            ("steps", BY_STEPS, STAGES_BY_STEPS),
            ("plateau", BY_PLATEAU, STAGES_BY_PLATEAU),
        ):
            with self.subTest(name):
                arguments = [*self.recipe(), *overrides, f"--queue.uri={uri}"]
                makers = [self.start("prepare", *arguments) for _ in range(producers)]
                arguments += [f"--out_dir={name}", f"--record-stream={name}.record"]
                for rank in (
                    self.train_ranks(ranks, *arguments)
                    if ranks > 1
                    else [self.start("train", *arguments)]
                ):
                    self.finish(rank)
                for maker in makers:
                    self.stop(maker)
                self.assertEqual(self.trained(f"{name}.record"), self.expected(overrides, stages))
                told = [line["stage"] for line in self.metrics(name) if line["split"] == "train"]
                self.assertEqual(told, stages)

    def test_inproc(self):
        self.check("inproc://", producers=0, ranks=1)

    def test_inproc_two_ranks(self):
        self.check("inproc://", producers=0, ranks=2)

    def test_tcp_three_producers(self):
        self.check(f"tcp://127.0.0.1:{free_port()}", producers=3, ranks=1)

    def test_tcp_two_ranks(self):
        self.check(f"tcp://127.0.0.1:{free_port()}", producers=2, ranks=2)

    def test_file(self):
        self.check("file://queue", producers=1, ranks=1)

    def test_file_three_producers_two_ranks(self):
        self.check("file://queue", producers=3, ranks=2)

    def test_val_is_the_same_at_every_stage(self):
        self.train(*BY_PLATEAU, "--out_dir=out", "--record-stream=record")
        val = [line[1:] for line in self.record("record") if line[1] == "val"]
        self.assertEqual(val, self.function("val", BATCH * 3, *BY_PLATEAU) * STEPS)

    def test_changes_are_said(self):
        errors = self.train(*BY_PLATEAU, "--out_dir=plateau")
        self.assertIn(
            "stage 0 (1 of 4: sticky(target_masked_ratio=0.4,p1_probability=0.15,"
            "p2_probability=0.3)) from step 1 on",
            errors,
        )
        self.assertIn(
            "stage 2 (3 of 4: span(spans_count=3)) from step 6 on: "
            "val loss has not improved for 1 evaluation",
            errors,
        )
        errors = self.train(*BY_STEPS, "--out_dir=steps")
        self.assertIn("stage 1 (2 of 4: random(max_masked_ratio=0.5)) from step 5 on", errors)


class AResumedRunHasTheSameStages(StagesTest):
    def test_stopped_after_any_step(self):
        for name, overrides in (("steps", BY_STEPS), ("plateau", BY_PLATEAU)):
            self.train(
                *overrides, "--out_dir=whole-" + name, f"--record-stream=whole-{name}.record"
            )
            for cut in range(1, STEPS):
                out = f"{name}-{cut}"
                arguments = [*overrides, f"--out_dir={out}", f"--record-stream={out}.record"]
                self.train(*arguments, f"--max_iters={cut}")
                self.train(*arguments, "--resume")
                with self.subTest(out):
                    self.assertEqual(
                        self.record(f"{out}.record"), self.record(f"whole-{name}.record")
                    )
                    self.assertEqual(self.metrics(out), self.metrics("whole-" + name))
                    for key in ("stage_log", "plateau"):
                        self.assertEqual(self.state(out)[key], self.state("whole-" + name)[key])

    def test_with_another_number_of_ranks(self):
        arguments = [
            *self.recipe(),
            "--queue.uri=inproc://",
            *BY_PLATEAU,
            "--out_dir=out",
            "--record-stream=record",
        ]
        self.run_program("train", *arguments, "--max_iters=4")
        for rank in self.train_ranks(2, *arguments, "--max_iters=8", "--resume"):
            self.finish(rank)
        self.run_program("train", *arguments, "--resume")
        self.assertEqual(self.trained(), self.expected(BY_PLATEAU, STAGES_BY_PLATEAU))

    def check_killed(self, uri, producers):
        """Val losses that move decide over many stages; what a killed run did after its checkpoint
        is done again alike."""
        noisy = [
            "--learning_rate=0.1",
            "--min_lr=0.1",
            "--warmup_iters=0",
            "--eval_interval=2",
            "--checkpoint_interval=10",
        ]
        many = schedule("plateau", ["val_loss_stale_count=1"] * 255)
        settings = [*self.recipe(), *many, *noisy, "--dropout=0.2", "--keep_checkpoints=10000"]
        makers = [self.start("prepare", *settings, f"--queue.uri={uri}") for _ in range(producers)]
        killed = ["--out_dir=killed", "--record-stream=killed.record", f"--queue.uri={uri}"]
        process = self.start("train", *settings, "--max_iters=100000000", *killed)
        self.wait_until(
            lambda: (self.folder / "killed/step-00000020").exists(), "there is a checkpoint"
        )
        process.kill()
        process.communicate()
        until = max(int(folder.name[5:]) for folder in (self.folder / "killed").glob("step-*")) + 15
        self.run_program("train", *settings, f"--max_iters={until}", *killed, "--resume")
        for maker in makers:
            self.stop(maker)
        whole = ["--out_dir=whole", "--record-stream=whole.record", "--queue.uri=inproc://"]
        self.run_program("train", *settings, f"--max_iters={until}", *whole)
        self.assertEqual(self.record("killed.record"), self.record("whole.record"))
        self.assertEqual(self.metrics("killed"), self.metrics("whole"))
        self.assertEqual(self.state("killed")["stage_log"], self.state("whole")["stage_log"])
        self.assertGreater(len(self.state("whole")["stage_log"]), 2)

    def test_killed(self):
        self.check_killed("inproc://", producers=0)

    def test_killed_over_tcp(self):
        self.check_killed(f"tcp://127.0.0.1:{free_port()}", producers=2)

    def test_killed_over_a_folder(self):
        self.check_killed("file://queue", producers=2)

    def test_an_evaluation_that_was_cut_short_counts_once(self):
        """The first evaluation would take many seconds; the signal comes in its midst."""
        (self.folder / "text.txt").write_text(TEXT * 200)
        arguments = [*BY_PLATEAU, "--out_dir=out", "--record-stream=record"]
        trainer = self.start(
            "train", *self.recipe(), "--queue.uri=inproc://", *arguments, "--eval_iters=1000000"
        )
        self.wait_until(
            lambda: (self.folder / "record").exists() and (self.folder / "record").read_text(),
            "a step is done",
        )
        self.stop(trainer)
        self.assertTrue(self.state()["evaluation_due"])
        self.assertEqual(self.state()["plateau"], {"best_val_loss": None, "stale_count": 0})
        self.train(*arguments, "--resume")
        self.assertEqual(self.trained(), self.expected(BY_PLATEAU, STAGES_BY_PLATEAU))

    def test_other_steps_are_refused(self):
        self.train(*BY_STEPS, "--max_iters=2", "--out_dir=out")
        later = [argument.replace("from_step=6", "from_step=7") for argument in BY_STEPS]
        self.assertIn(
            "provider.stages is ", self.train(*later, "--out_dir=out", "--resume", status=2)
        )


class OtherProgramsKnowTheStages(StagesTest):
    def test_evaluate(self):
        self.train(*BY_PLATEAU, "--out_dir=out")
        output, _ = self.run_program(
            "evaluate", "--checkpoint", "out/latest", "--iters", 3, "--json"
        )
        told = [line for line in self.metrics() if line["split"] == "val"]
        self.assertEqual(json.loads(output), told[-1])

    def test_inspect_checkpoint(self):
        self.train(*BY_PLATEAU, "--max_iters=4", "--out_dir=out")
        output, _ = self.run_program("inspect", "checkpoint", "out")
        self.assertIn("stage    1 (random(max_masked_ratio=0.5))", output)

    def test_inspect_stream_asks_for_the_stage(self):
        _, errors = self.run_program("inspect", "stream", *self.recipe(), *BY_STEPS, status=2)
        self.assertIn("give one, --stage=K", errors)
        _, errors = self.run_program(
            "inspect", "stream", *self.recipe(), *BY_STEPS, "--stage=4", status=2
        )
        self.assertIn("--stage=4: the train stages of this stream are 0 to 3", errors)


if __name__ == "__main__":
    unittest.main()
