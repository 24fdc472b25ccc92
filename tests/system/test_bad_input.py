"""Bad input gets one clear line, with the value and what to do next, and loses nothing."""

import json
import signal
import socket
import unittest

from harness import BIN, SystemTest, free_port

FAILED, WRONG_USAGE = 1, 2


class BadInput(SystemTest):
    def complaint(self, program, *arguments, status):
        """The one line on stderr that begins with "error:"."""
        _, errors = self.run_program(program, *arguments, status=status)
        lines = [line for line in errors.splitlines() if line.startswith("error:")]
        self.assertEqual(len(lines), 1, errors)
        return lines[0]

    def expect(self, parts, program, *arguments, status=FAILED):
        line = self.complaint(program, *arguments, status=status)
        for part in parts:
            self.assertIn(part, line)


class BadTexts(BadInput):
    def check(self, content, *parts):
        (self.folder / "bad.txt").write_bytes(content)
        for program, more in (
            ("prepare", ["--queue.uri=file://queue"]),
            ("train", ["--queue.uri=inproc://"]),
        ):
            self.expect(parts, program, *self.recipe(), *more, "--data.path=bad.txt")

    def test_missing(self):
        self.expect(["absent.txt"], "prepare", *self.recipe(), "--data.path=absent.txt")

    def test_empty(self):
        self.check(b"", "bad.txt", "empty")

    def test_shorter_than_a_block(self):
        self.check(b"To be\n", "bad.txt", "takes 24 (provider.block_size)")

    def test_validation_part_shorter_than_a_block(self):
        self.check(
            b"To be, or not to be, that is the question\n" * 3,
            "bad.txt",
            "val part",
            "takes 24 (provider.block_size)",
        )

    def test_not_utf8(self):
        self.check(b"To be, or not \xff to be\n" * 40, "bad.txt", "byte offset 14")

    def test_no_text_at_all_falls_back_and_says_so(self):
        recipe = [
            argument for argument in self.recipe() if not str(argument).startswith("--data.path")
        ]
        _, errors = self.run_program(
            "prepare", *recipe, "--queue.uri=file://queue", "--samples", 10
        )
        self.assertIn("built-in text", errors)
        self.assertIn("nats", errors)


class TooLittleMemory(BadInput):
    def test_a_model_or_a_batch_that_does_not_fit_is_one_line_that_says_what_to_lower(self):
        for size in (["--n_embd=4096", "--n_layer=48"], ["--n_embd=1024", "--batch_size=60000"]):
            words = [BIN / "train", *self.recipe(), "--queue.uri=inproc://", *size]
            process = self.start_command(["bash", "-c", 'ulimit -v 4000000; exec "$@"', "", *words])
            self.finish(process, status=1)
            last = process.errors.splitlines()[-1]
            self.assertRegex(last, "^error: out of memory: .*; lower train.batch_size")
            self.assertNotIn("frame #", process.errors)


class BadRecipes(BadInput):
    def check(self, content, *parts):
        (self.folder / "bad.toml").write_text(content)
        for program in ("prepare", "train"):
            self.expect(parts, program, "bad.toml", status=WRONG_USAGE)

    def test_missing(self):
        self.expect(["absent.toml"], "train", "absent.toml", status=WRONG_USAGE)

    def test_graphs_without_a_gpu_are_refused_before_a_stream_is_waited_for(self):
        words = [
            f"--queue.uri=tcp://127.0.0.1:{free_port()}",
            "--train.device=cpu",
            "--train.cuda_graphs=true",
        ]
        self.expect(
            ["train.cuda_graphs = true, but the device is cpu"],
            "train",
            *self.recipe(),
            *words,
            status=WRONG_USAGE,
        )

    def test_not_toml(self):
        self.check("[train]\nbatch_size = = 3\n", "bad.toml:2")

    def test_unknown_key(self):
        self.check("[train]\nbatchsize = 3\n", "bad.toml:2", "batchsize", "batch_size")

    def test_unknown_override(self):
        self.expect(
            ["batchsize", "batch_size"],
            "train",
            *self.recipe(),
            "--batchsize=3",
            status=WRONG_USAGE,
        )

    def test_wrong_type(self):
        self.check('[train]\nbatch_size = "three"\n', "bad.toml:2", "batch_size")

    def test_out_of_range(self):
        self.check("[provider]\nmask_probability = 1.5\n", "bad.toml:2", "mask_probability", "1.5")

    def test_unknown_provider(self):
        self.check('[provider]\nname = "char_difusion"\n', "char_difusion", "char_diffusion")

    def test_unknown_stage_type(self):
        self.check(
            '[provider]\nschedule = "mix"\nstages = [{type = "stiky"}]\n',
            "stiky",
            "random",
            "sticky",
            "span",
        )

    def test_unknown_transport(self):
        self.check('[queue]\nuri = "http://localhost"\n', "http://localhost", "tcp://HOST:PORT")


class WrongCommandLines(BadInput):
    def test_no_recipe(self):
        self.complaint("train", status=WRONG_USAGE)

    def test_unknown_flag(self):
        self.expect(
            ["--sampels", "samples"], "prepare", *self.recipe(), "--sampels=3", status=WRONG_USAGE
        )

    def test_help_and_version(self):
        for program in ("prepare", "train", "evaluate", "inspect"):
            self.assertIn(program, self.run_program(program, "--help")[0])
            self.assertIn(program, self.run_program(program, "--version")[0])


class Mismatches(BadInput):
    def trained(self, *overrides):
        self.run_program(
            "train", *self.recipe(), "--queue.uri=inproc://", "--out_dir=out", *overrides
        )

    def resume(self, *overrides):
        return [
            *self.recipe(),
            "--queue.uri=inproc://",
            "--out_dir=out",
            "--max_iters=20",
            *overrides,
        ]

    def test_an_out_dir_that_holds_a_run(self):
        self.trained()
        before = sorted(path.name for path in (self.folder / "out").iterdir())
        self.expect(
            ["out", "--resume"],
            "train",
            *self.recipe(),
            "--queue.uri=inproc://",
            "--out_dir=out",
            status=WRONG_USAGE,
        )
        self.assertEqual(sorted(path.name for path in (self.folder / "out").iterdir()), before)

    def test_nothing_to_resume(self):
        self.expect(["out"], "train", *self.resume("--resume"), status=WRONG_USAGE)

    def test_another_stream_than_the_checkpoints(self):
        self.trained()
        self.expect(
            ["mask_probability", "0.15", "0.3"],
            "train",
            *self.resume("--resume", "--mask_probability=0.3"),
            status=WRONG_USAGE,
        )

    def test_another_model_than_the_checkpoints(self):
        self.trained()
        self.expect(
            ["n_layer", "1", "2"],
            "train",
            *self.resume("--resume", "--n_layer=2"),
            status=WRONG_USAGE,
        )

    def test_another_text_than_the_checkpoints(self):
        self.trained()
        text = (self.folder / "text.txt").read_text()
        (self.folder / "other.txt").write_text(text.replace("water", "later"))
        self.expect(
            ["dataset", "other.txt"], "train", *self.resume("--resume", "--data.path=other.txt")
        )

    def test_a_checkpoint_cut_short_falls_back_to_the_one_before(self):
        self.trained("--checkpoint_interval=6")
        newest = self.folder / "out" / "step-00000012" / "model.safetensors"
        newest.write_bytes(newest.read_bytes()[:-100])
        _, errors = self.run_program("train", *self.resume("--resume"))
        self.assertIn("step-00000012", errors)
        self.assertIn("step-00000006", errors)
        steps = [
            json.loads(line)["step"]
            for line in (self.folder / "out" / "metrics.jsonl").read_text().splitlines()
        ]
        self.assertEqual(steps, sorted(steps))

    def test_a_queue_of_other_settings(self):
        self.run_program(
            "prepare",
            *self.recipe(),
            "--queue.uri=file://queue",
            "--samples",
            10,
            "--mask_probability=0.3",
        )
        trainer = self.start("train", *self.recipe(), "--queue.uri=file://queue", "--out_dir=out")
        self.assertIn(
            "mask_probability is 0.15 for train and 0.3 for prepare",
            self.first_line_with("waiting for data", trainer),
        )
        self.stop(trainer)

    def first_line_with(self, part, process):
        for line in process.stderr:
            if part in line:
                return line
        self.fail(f"{process.args} ended without saying '{part}'")

    def test_a_producer_of_other_settings_is_refused(self):
        uri = f"--queue.uri=tcp://127.0.0.1:{free_port()}"
        trainer = self.start("train", *self.recipe(), uri, "--out_dir=out")
        self.expect(
            ["refused", "block_size is 24 for train and 16 for prepare"],
            "prepare",
            *self.recipe(),
            uri,
            "--provider.block_size=16",
        )
        self.stop(trainer, signal.SIGINT)

    def test_a_port_in_use(self):
        with socket.socket() as holder:
            holder.bind(("127.0.0.1", 0))
            holder.listen()
            uri = f"tcp://127.0.0.1:{holder.getsockname()[1]}"
            self.expect(
                [uri, "in use"], "train", *self.recipe(), f"--queue.uri={uri}", "--out_dir=out"
            )

    def test_an_address_that_others_can_reach(self):
        self.expect(
            ["insecure"],
            "train",
            *self.recipe(),
            f"--queue.uri=tcp://0.0.0.0:{free_port()}",
            "--out_dir=out",
            status=WRONG_USAGE,
        )

    def test_an_audit_that_the_transport_cannot_have(self):
        for program, more in (("train", []), ("bench", ["stream"])):
            self.expect(
                ["queue.audit", "does not tell who wrote it", "tcp:// or ipc://"],
                program,
                *more,
                *self.recipe(),
                "--queue.uri=file://queue",
                "--queue.audit=0.5",
                "--out_dir=out",
                status=WRONG_USAGE,
            )


if __name__ == "__main__":
    unittest.main()
