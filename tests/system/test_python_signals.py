"""A producer in Python under signals and without standard streams: it does what
docs/reference/signals.md says of all programs."""

import os
import signal
import subprocess
import sys
import time
import unittest

from harness import LONG_ENOUGH_S, SystemTest, catches, without_ranks
from sdk_support import ENVIRONMENT, EXAMPLES, RECIPE, children, is_alive

import millrace
from progressions import Progressions

# Says what it does on both streams, as users' providers do; sleeps as long as the environment says.
SCRIPT = f"""
import os, sys, time
sys.path.insert(0, {str(EXAMPLES)!r})
import millrace
from progressions import Progressions

class Talks(Progressions):
    def setup(self):
        print("setting up", flush=True)
        print("setting up", file=sys.stderr, flush=True)
        time.sleep(float(os.environ.get("SETUP_S", 0)))
        super().setup()

    def sample(self, key):
        if key.split == "train" and key.index >= 4:
            time.sleep(float(os.environ.get("SAMPLE_S", 0)))
        return super().sample(key)

if __name__ == "__main__":
    Talks.main()
"""
SOON_S = 10
ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class PythonSignals(SystemTest):
    def setUp(self):
        super().setUp()
        (self.folder / "talks.py").write_text(SCRIPT)
        self.uri = f"ipc://{self.folder}/socket"

    def producer(self, *more, before=(), environment=None, **options):
        """A producer in a process group of its own, whose log goes to a file."""
        self.logs = getattr(self, "logs", 0) + 1
        log = self.folder / f"log{self.logs}"
        with log.open("w") as stderr:
            process = subprocess.Popen(
                [*before, sys.executable, "talks.py", RECIPE, f"--queue.uri={self.uri}", *more],
                cwd=self.folder,
                env={**without_ranks(os.environ), **ENVIRONMENT, **(environment or {})},
                **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": stderr}
                | options,
                start_new_session=True,
            )
        process.log = log
        self.processes.append(process)
        return process

    def end_all(self):
        for process in self.processes:
            if process.poll() is None:
                for worker in children(process.pid):
                    os.kill(worker, signal.SIGKILL)
        super().end_all()

    def wait_for(self, producer, words):
        self.wait_until(lambda: words in producer.log.read_text(), f"'{words}'")
        self.wait_until(lambda: catches(producer.pid, signal.SIGTERM), "it listens")

    def check_end(self, producer, workers=(), status=0):
        self.assertEqual(producer.wait(timeout=SOON_S), status, producer.log.read_text())
        self.wait_until(lambda: not any(map(is_alive, workers)), "the workers have ended")
        text = producer.log.read_text()
        for word in ("Traceback", "starting another", "error"):
            self.assertNotIn(word, text)

    def test_each_ends_it_in_order_however_often_it_comes_to_whomever(self):
        for number in ENDS:
            for send in (os.kill, os.killpg):
                with self.subTest(signal=number.name, to=send.__name__):
                    producer = self.producer()
                    self.wait_for(producer, "process")
                    workers = children(producer.pid)
                    for _ in range(4):
                        if producer.poll() is None:
                            send(producer.pid, number)
                        time.sleep(0.005)
                    self.check_end(producer, workers)
                    self.assertIn("samples out", producer.log.read_text())

    def test_while_workers_start_and_set_up(self):
        for words in ("", "setting up"):
            for number in ENDS:
                with self.subTest(words=words, signal=number.name):
                    producer = self.producer(environment={"SETUP_S": "60"})
                    self.wait_for(producer, words)
                    os.killpg(producer.pid, number)
                    self.check_end(producer, children(producer.pid))

    def test_while_a_sample_takes_its_time(self):
        producer = self.producer("--processes=2", environment={"SAMPLE_S": "60"})
        reader = self.reader(count=100)
        self.wait_for(producer, "making samples")
        time.sleep(0.3)
        os.killpg(producer.pid, signal.SIGTERM)
        self.check_end(producer, children(producer.pid))
        reader.kill()

    def reader(self, count):
        code = f"import millrace; print(len(list(millrace.read({self.uri!r}, count={count}))))"
        return self.start_command([sys.executable, "-c", code], environment=ENVIRONMENT)

    def test_a_worker_alone_is_not_ended_by_a_signal(self):
        producer = self.producer()
        self.wait_for(producer, "process")
        (worker,) = children(producer.pid)
        for number in (*ENDS, signal.SIGUSR1):
            os.kill(worker, number)
        time.sleep(0.2)
        self.assertEqual(children(producer.pid), [worker])
        self.check_samples(producer)

    def check_samples(self, producer):
        """It makes the right ones, and ends when told to."""
        with millrace.read(self.uri, count=60, raw=True) as stream:
            samples = [[each[field.name].tobytes() for field in stream.fields] for each in stream]
        digests = [millrace.schema.sample_digests(stream.fields, each, 1)[0] for each in samples]
        self.assertEqual(digests, Progressions.from_recipe(RECIPE).digests("train", 0, 60))
        os.kill(producer.pid, signal.SIGTERM)
        self.check_end(producer)

    def test_a_worker_without_parent_is(self):
        producer = self.producer(environment={"SAMPLE_S": "60"})
        reader = self.reader(count=100)
        self.wait_for(producer, "making samples")
        time.sleep(0.3)
        workers = children(producer.pid)
        self.assertTrue(workers)
        producer.kill()
        producer.wait()
        for worker in workers:
            os.kill(worker, signal.SIGTERM)
        self.wait_until(lambda: not any(map(is_alive, workers)), "the workers have ended")
        reader.kill()

    def test_a_user_signal_and_a_hangup_under_nohup_are_ignored(self):
        producer = self.producer(before=["nohup"])
        self.wait_for(producer, "process")
        for number in (signal.SIGUSR1, signal.SIGHUP):
            os.killpg(producer.pid, number)
        time.sleep(0.2)
        self.assertIsNone(producer.poll())
        self.check_samples(producer)

    def test_what_is_ignored_from_the_start_stays_ignored(self):
        code = """
import os, signal
from millrace.signals import StopBySignal
for number in (signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
stop = StopBySignal()
for number in (signal.SIGINT, signal.SIGHUP):
    os.kill(os.getpid(), number)
print(stop.is_set())
"""
        process = self.start_command([sys.executable, "-c", code], environment=ENVIRONMENT)
        self.assertEqual(self.finish(process), "False\n")

    def test_only_a_late_second_interrupt_ends_it_at_once(self):
        code = """
import os, signal, time
from millrace.signals import StopBySignal
stop = StopBySignal()
for _ in range(3):
    os.kill(os.getpid(), signal.SIGINT)
print(stop.is_set(), flush=True)
time.sleep(2)
os.kill(os.getpid(), signal.SIGINT)
print("still there", flush=True)
"""
        process = self.start_command([sys.executable, "-c", code], environment=ENVIRONMENT)
        self.assertEqual(self.finish(process, status=-signal.SIGINT), "True\n")

    def test_streams_that_are_closed_full_or_read_by_nobody_change_nothing(self):
        reader, writer = os.pipe()
        os.close(reader)
        with open("/dev/full", "wb") as full, os.fdopen(writer, "wb") as unread:
            for name, streams in {
                "all closed": (0, 1, 2),
                "stderr closed": (2,),
                "stdin closed": (0,),
                "stderr full": {"stderr": full},
                "stderr unread": {"stderr": unread},
            }.items():
                closed = streams if isinstance(streams, tuple) else ()
                given = streams if isinstance(streams, dict) else {}
                with self.subTest(streams=name):
                    producer = self.producer(
                        preexec_fn=lambda: [os.close(fd) for fd in closed],
                        environment={"PYTHONUNBUFFERED": ""},
                        **given,
                    )
                    if "stderr" in given:
                        self.wait_until(lambda: catches(producer.pid, signal.SIGTERM), "listens")
                        os.kill(producer.pid, signal.SIGTERM)
                        self.check_end(producer)
                        continue
                    self.check_samples(producer)

    def run_main(self, *words, closed=(), **streams):
        return subprocess.run(
            [sys.executable, "talks.py", *words],
            cwd=self.folder,
            env={**without_ranks(os.environ), **ENVIRONMENT},
            timeout=LONG_ENOUGH_S,
            preexec_fn=lambda: [os.close(fd) for fd in closed],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams,
        )

    def test_help_is_a_result(self):
        self.assertIn(b"usage: talks.py CONFIG", self.run_main("--help").stdout)
        with open("/dev/full", "wb") as full:
            done = self.run_main("--help", stdout=full)
        self.assertEqual((done.returncode, done.stdout), (1, None))
        self.assertEqual(done.stderr, b"error: stdout: No space left on device\n")
        done = self.run_main("--help", closed=(1,))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, b"error: stdout: Bad file descriptor\n")
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as unread:
            done = self.run_main("--help", stdout=unread)
        self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, b""))

    def test_errors_are_one_line_and_keep_their_status(self):
        for words in (["none.toml"], [], [RECIPE, "--processes=x"], [RECIPE, "--processes=0"]):
            with self.subTest(words=words):
                done = self.run_main(*words)
                self.assertEqual(done.returncode, 2, done.stderr)
                self.assertRegex(done.stderr, rb"\Aerror: [^\n]+\n\Z")
                self.assertEqual(done.stdout, b"")
                done = self.run_main(*words, closed=(2,))
                self.assertEqual((done.returncode, done.stdout), (2, b""))
                with open("/dev/full", "wb") as full:
                    done = self.run_main(*words, stderr=full)
                self.assertEqual((done.returncode, done.stdout), (2, b""))


if __name__ == "__main__":
    unittest.main()
