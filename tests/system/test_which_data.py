"""A trainer takes the data that its recipe names, over every transport, and no other; and an
address that leads nowhere is named."""

import sys
import unittest

from harness import SMALL, SOURCE, TEXT, TINY, SystemTest, free_port

WANTED = ["--data.path=mine.txt"]


class WhichData(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "mine.txt").write_text(TEXT.replace("water", "later"))

    def prepare(self, uri, *arguments):
        return self.start("prepare", SMALL, *TINY, f"--queue.uri={uri}", *arguments)

    def train(self, uri, *arguments):
        return self.start(
            "train",
            SMALL,
            *TINY,
            "--max_iters=4",
            "--out_dir=out",
            f"--queue.uri={uri}",
            *arguments,
        )

    def wait_for_line(self, process, part):
        """Reads the log up to a line with `part`."""
        process.read = getattr(process, "read", "")
        while part not in process.read:
            line = process.stderr.readline()
            self.assertNotEqual(line, "", f"no '{part}' in: {process.read}")
            process.read += line
        return process.read

    def earlier_stream(self, path):
        self.run_program(
            "prepare", SMALL, *TINY, "--queue.uri=file://q", f"--data.path={path}", "--samples=200"
        )

    def check_mine(self, trainer):
        log = self.wait_for_line(trainer, "(mine.txt)")
        self.finish(trainer)
        return log

    def test_an_earlier_stream_in_the_queue_folder_is_not_taken(self):
        self.earlier_stream("text.txt")
        trainer = self.train("file://q", *WANTED)
        self.wait_for_line(trainer, "dataset is mine.txt (content ")
        self.assertIn("for train and text.txt (content ", trainer.read)
        maker = self.prepare("file://q", *WANTED)
        self.check_mine(trainer)
        self.stop(maker)

    def test_nor_one_of_the_same_name_with_other_content(self):
        (self.folder / "old").mkdir()
        (self.folder / "old/mine.txt").write_text(TEXT)
        self.earlier_stream("old/mine.txt")
        trainer = self.train("file://q", *WANTED)
        self.wait_for_line(trainer, "for train and mine.txt (content ")
        maker = self.prepare("file://q", *WANTED)
        self.check_mine(trainer)
        self.stop(maker)

    def test_a_host_without_the_file_goes_by_its_name(self):
        self.earlier_stream("text.txt")
        self.earlier_stream("mine.txt")
        self.earlier_stream("text.txt")  # the newest
        trainer = self.train("file://q", "--data.path=/on/another/host/mine.txt")
        self.check_mine(trainer)

    def test_the_same_content_by_another_name_is_the_same(self):
        (self.folder / "renamed.txt").write_text((self.folder / "mine.txt").read_text())
        self.earlier_stream("renamed.txt")
        trainer = self.train("file://q", *WANTED)
        self.wait_for_line(trainer, "(renamed.txt)")
        self.finish(trainer)

    def test_a_recipe_without_data_takes_what_comes_and_says_so(self):
        self.earlier_stream("text.txt")
        trainer = self.train("file://q")
        self.wait_for_line(trainer, "(text.txt)")
        self.finish(trainer)

    def test_of_several_that_match_one_that_is_still_made_is_taken(self):
        maker = self.prepare("file://q", *WANTED)
        self.wait_until(lambda: list(self.folder.glob("q/*/producers/*")), "it shows that it lives")
        self.earlier_stream("text.txt")  # newer, and its producer has ended
        trainer = self.train("file://q")
        log = self.check_mine(trainer)
        self.assertIn("2 streams in q match; taking ", log)
        self.stop(maker)

    def test_over_tcp_the_other_is_refused_and_the_right_one_awaited(self):
        uri = f"tcp://127.0.0.1:{free_port()}"
        trainer = self.train(uri, *WANTED)
        other = self.prepare(uri, "--data.path=text.txt")
        self.finish(other, status=1)
        self.assertIn("dataset is mine.txt (content ", other.errors)
        self.assertIn("for train and text.txt (content ", other.errors)
        right = self.prepare(uri, *WANTED)
        self.check_mine(trainer)
        self.stop(right)

    def test_a_resumed_run_keeps_to_its_data(self):
        self.earlier_stream("text.txt")
        self.finish(self.train("file://q"))
        trainer = self.train("file://q", "--resume", "--max_iters=6", *WANTED)
        self.finish(trainer, status=2)
        self.assertIn("in the recipe and text.txt (content ", trainer.errors)
        self.assertIn("a run keeps to its data", trainer.errors)


class Addresses(SystemTest):
    def train(self, uri, *arguments):
        return self.start("train", *self.recipe(), f"--queue.uri={uri}", *arguments)

    def test_a_file_at_an_ipc_path_stays(self):
        (self.folder / "notes.txt").write_text("my thesis\n")
        trainer = self.train("ipc://notes.txt")
        self.finish(trainer, status=1)
        self.assertIn("it is no socket", trainer.errors)
        self.assertEqual((self.folder / "notes.txt").read_text(), "my thesis\n")

    def test_the_python_reader_keeps_it_too(self):
        (self.folder / "notes.txt").write_text("my thesis\n")
        reader = self.start_command(
            [
                sys.executable,
                "-c",
                "import zmq; from millrace.sockets import router; "
                "router(zmq.Context(), 'ipc://notes.txt')",
            ],
            {"PYTHONPATH": str(SOURCE / "python")},
        )
        self.finish(reader, status=1)
        self.assertIn("what lies there is no socket", reader.errors)
        self.assertEqual((self.folder / "notes.txt").read_text(), "my thesis\n")

    def test_a_second_trainer_at_an_ipc_path_is_refused(self):
        first = self.train("ipc://s", "--out_dir=a")
        self.wait_until(lambda: (self.folder / "s").exists(), "the first trainer listens")
        second = self.train("ipc://s", "--out_dir=b")
        self.finish(second, status=1)
        self.assertIn("Address already in use; another trainer may hold it", second.errors)
        maker = self.start("prepare", *self.recipe(), "--queue.uri=ipc://s")
        self.finish(first)
        self.stop(maker)

    def test_the_place_of_a_killed_trainer_is_taken(self):
        first = self.train("ipc://s", "--out_dir=a")
        self.wait_until(lambda: (self.folder / "s").exists(), "the first trainer listens")
        first.kill()
        self.finish(first, status=-9)
        self.assertTrue((self.folder / "s").exists())
        maker = self.start("prepare", *self.recipe(), "--queue.uri=ipc://s")
        self.finish(self.train("ipc://s", "--out_dir=b"))
        self.stop(maker)

    def test_a_host_that_does_not_resolve_is_named(self):
        name = "x" * 70  # no name has so long a part: no name server is asked
        maker = self.start("prepare", *self.recipe(), f"--queue.uri=tcp://{name}:5555")
        line = ""
        while f"{name}: " not in line:
            line = maker.stderr.readline()
            self.assertNotEqual(line, "")
            line = line.partition("5555: ")[2]
        self.assertIn("trying again, as it may come up later", line)
        self.stop(maker)

    def test_a_queue_folder_that_cannot_be_is_an_error_at_once(self):
        (self.folder / "link").symlink_to("nowhere/at/all")
        for place in ("text.txt", "text.txt/queue", "link"):
            for program in ("prepare", "train"):
                with self.subTest(program=program, place=place):
                    process = self.start(program, *self.recipe(), f"--queue.uri=file://{place}")
                    self.finish(process, status=1, within_s=20)
                    self.assertIn(place.partition("/")[0], process.errors)


if __name__ == "__main__":
    unittest.main()
