"""The package millrace: the same words, settings, messages and samples as the C++ side, and clear
errors. No trainer is needed."""

import contextlib
import os
import random
import re
import subprocess
import sys
import textwrap
import unittest

import numpy as np
import zmq
from google.protobuf import descriptor_pb2, json_format

from foreign_producer import load_messages
from harness import BIN, LONG_ENOUGH_S, SOURCE, SystemTest
from sdk_support import ENVIRONMENT, EXAMPLE, FRAIL, PYTHON, RECIPE, without_pythonpath

import millrace
from millrace import folder, messages, philox, protobuf
from millrace.recipe import load_recipe, to_toml
from progressions import Progressions

NUMBERS = [
    0.0,
    -0.0,
    1.0,
    3.0,
    0.1,
    1e-4,
    1e-5,
    0.00012345,
    1e5,
    100000.5,
    123456.0,
    1e15,
    1e16,
    1e17,
    1e22,
    1e23,
    123456789012345680000.0,
    5e-324,
    1.7976931348623157e308,
    -2.5e-7,
    0.30000000000000004,
    4503599627370497.5,
    9007199254740993.0,
    2.0**70,
]


class Sdk(SystemTest):
    def lines_of(self, *words):
        done = subprocess.run(
            [BIN / "sdk_oracle", *map(str, words)],
            capture_output=True,
            text=True,
            timeout=LONG_ENOUGH_S,
            cwd=self.folder,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def write(self, name, text):
        (self.folder / name).write_text(textwrap.dedent(text))
        return self.folder / name

    def refusal(self, call, kind=millrace.UsageError):
        with self.assertRaises(kind) as caught:
            call()
        return str(caught.exception)


class Words(Sdk):
    def test_are_those_of_cpp_for_one_key(self):
        for place in [(1337, 0, 0, 0), (2**63 - 1, 1, 3, 2**33 + 5), (5, 2, 255, 2**64 - 1)]:
            draws = millrace.Draws(*place)
            lines = self.lines_of("draws", *place)
            self.assertEqual(len(lines), 5 + 5 + 21 + 4)
            for kind, *numbers in (line.split() for line in lines):
                numbers = [int(number) for number in numbers]
                self.assertEqual(*self.both(draws, kind, numbers), (place, kind, numbers))

    @staticmethod
    def both(draws, kind, numbers):
        """What Python says, and what C++ said."""
        first, *rest = numbers
        if kind == "words":
            return list(draws.words(first, 9, 2)), rest
        if kind == "below":
            return draws.below(first, millrace.Purpose.START, 5), rest[0]
        if kind == "permuted":
            return draws.permuted(first, rest[0]), rest[1]
        return list(draws.shuffled(first, millrace.Purpose.MIX)), rest

    def test_are_those_of_the_page(self):
        page = (SOURCE / "docs/reference/philox.md").read_text()
        block = philox.philox4x32_10([5, 2, 1, 0x01000302], [1337, 0])
        self.assertIn(" ".join(f"{word:08x}" for word in block), page)
        self.assertEqual(millrace.Draws(1337, 1, 3, 2**33 + 5).word(2, 6), block[2])

    def test_many_at_once_are_the_same(self):
        keys = millrace.Keys(77, "val", 2**32 - 2, 5, 9)
        many = keys.words(millrace.Purpose.SELECT, 7, 3)
        self.assertEqual((many.dtype, many.shape), (np.uint32, (5, 7)))
        for row, key in zip(many, keys):
            self.assertEqual(
                list(row), [key.word(millrace.Purpose.SELECT, 3 + number) for number in range(7)]
            )

    def test_purposes_have_the_numbers_of_cpp(self):
        header = (SOURCE / "providers/random/philox.h").read_text()
        theirs = {
            name.upper(): int(number)
            for name, number in re.findall(r"^  k(\w+) = (\d+),", header, re.MULTILINE)
        }
        for purpose in millrace.Purpose:
            self.assertEqual(theirs[purpose.name], purpose)

    def test_thresholds_are_rounded_as_the_page_says(self):
        self.assertEqual(
            [int(millrace.threshold(p)) for p in (0, 0.8, 1, 2.0**-33)], [0, 3435973837, 2**32, 1]
        )
        self.assertIn("from 0 to 1", self.refusal(lambda: millrace.threshold(1.5), ValueError))


class LogLines(Sdk):
    def said(self, call):
        """What a process writes to stderr that logs or fails as `call` says."""
        lines = [
            "from millrace.standard_streams import errors_end_the_program, log_to_stderr",
            "import logging, millrace",
            "log_to_stderr()",
            "with errors_end_the_program():",
            f"    {call}",
        ]
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)],
            env=ENVIRONMENT,
            stderr=subprocess.PIPE,
            timeout=LONG_ENOUGH_S,
        )
        return done.stderr.decode()

    def test_cannot_be_forged_and_command_no_terminal(self):
        forged = "gone\n[2026-01-01 00:00:00.000] [INFO] all is well\x1b[31m\u202e\udc80"
        said = self.said(f"logging.getLogger('millrace').warning('%s', {forged!a})")
        first, second = said.splitlines()
        self.assertTrue(first.endswith("[WARNING] gone"), said)
        self.assertEqual(
            second, r"    [2026-01-01 00:00:00.000] [INFO] all is well\x1b[31m\u202e\udc80"
        )
        said = self.said(f"raise millrace.Error({forged!a})")
        self.assertEqual(
            said,
            r"error: gone [2026-01-01 00:00:00.000] [INFO] all is well\x1b[31m\u202e\udc80" "\n",
        )


class Recipes(Sdk):
    def check(self, path, *overrides):
        lines = self.lines_of(
            "settings", path, *(override.removeprefix("--") for override in overrides)
        )
        recipe = load_recipe(path, overrides)
        ours = {
            "provider": millrace.recipe.provider_name(recipe.provider_name),
            "data_seed": str(recipe.data_seed),
        }
        self.assertEqual(
            {**ours, **recipe.stream_settings()}, dict(line.split("=", 1) for line in lines)
        )

    def test_give_the_settings_that_cpp_compares(self):
        many = "".join(f"n{i} = {value!r}\n" for i, value in enumerate(NUMBERS))
        path = self.write("r.toml", '[provider]\nname = "mine"\n[provider.settings]\n' + many)
        self.check(path)
        base = self.write(
            "base.toml",
            """\
            [data]
            data_seed = 9
            [provider]
            name = "./lib/libmine.so"
            block_size = 7
            settings = {level = 3, style = "pl\\"ain\\\\ ü\\u00e9", deep = false}
            """,
        )
        self.check(base)
        path = self.write(
            "over.toml", 'include = "base.toml"\n[provider.settings]\nlevel = -4\nshare = 1.0\n'
        )
        self.check(
            path,
            "--settings.style=very plain",
            "--block_size=12",
            "--provider.settings={deep = true, x = 1e300}",
            "--settings.n=7",
        )

    def test_numbers_are_written_as_cpp_does_at_random(self):
        draw = random.Random(5)
        values = [
            draw.choice([1, -1]) * draw.random() * 10.0 ** draw.randint(-30, 30) for _ in range(60)
        ]
        self.assertTrue(all(float(to_toml(value)) == value for value in values))
        path = self.write(
            "r.toml",
            '[provider]\nname = "mine"\n[provider.settings]\n'
            + "".join(f"n{i} = {v!r}\n" for i, v in enumerate(values)),
        )
        self.check(path)

    def test_are_refused_with_the_file_the_value_and_what_was_expected(self):
        for text, expected in [
            (
                "[provider]\nblock_size = 0\n",
                "provider.block_size = 0: expected a whole number from 1 to 1048576",
            ),
            (
                "[provider]\nblock_size = 4.0\n",
                "provider.block_size = 4.0: expected a whole number",
            ),
            ("[provider]\nsettings = 3\n", "provider.settings = 3: expected a table"),
            ("[provider.settings]\nlevel = [1]\n", "level = an array: expected true or false"),
            ("[provider.settings]\nlevel = nan\n", "level = nan: expected"),
            ("[provider.settings]\nblock_size = 3\n", "the name 'block_size' is taken"),
            ('[provider.settings]\n"a b" = 3\n', "expected up to 64 letters"),
            ("[queue]\nuri = \n", "not TOML"),
            ('include = "none.toml"\n', "there is no such file"),
            ('include = "r.toml"\n', "the file includes itself"),
        ]:
            path = self.write("r.toml", text)
            message = self.refusal(lambda: load_recipe(path))
            self.assertIn(expected, message)
            self.assertTrue(message.startswith(str(path)), message)
        path = self.write("r.toml", "")
        self.assertIn(
            "cannot read the recipe", self.refusal(lambda: load_recipe(self.folder / "none.toml"))
        )
        self.assertIn(
            "--block_size=x: expected a whole number",
            self.refusal(lambda: load_recipe(path, ["--block_size=x"])),
        )
        self.assertIn(
            "expected an override", self.refusal(lambda: load_recipe(path, ["block_size=3"]))
        )

    def test_that_no_person_wrote_are_refused_in_one_line(self):
        os.mkfifo(self.folder / "pipe")  # nobody writes into it
        for text, expected in [
            ("[data]\nx = " + "[" * 5000 + "]" * 5000 + "\n", "values nest too deep"),
            ("[data]\n" + "a." * 100_000 + "a = 1\n", "more than 1000 dots in a line"),
            ("[data]\ndata_seed = " + "9" * 5000 + "\n", "not TOML"),
            ("[data]\ndata_seed = 0x" + "f" * 5000 + "\n", "a number of more than 64 bits"),
            ("[provider.settings]\nlevel = 9223372036854775808\n", "level = 9223372036854775808"),
            ("#" * (2 << 20), "it has more than 1 MiB"),
            ('include = "pipe"\n', "it is a pipe or a device, not a file"),
            ('include = "/dev/zero"\n', "it is a pipe or a device, not a file"),
            ('include = "."\n', "it is a folder"),
        ]:
            path = self.write("r.toml", text)
            message = self.refusal(lambda: load_recipe(path))
            self.assertIn(expected, message)
            self.assertNotIn("\n", message)
        self.assertIn("more than 1 MiB", self.refusal(lambda: load_recipe("/dev/zero")))
        path = self.write("r.toml", "")
        self.assertIn(
            "values nest too deep",
            self.refusal(lambda: load_recipe(path, ["--provider.settings=" + "[" * 5000])),
        )


class Messages(Sdk):
    @classmethod
    def setUpClass(cls):
        cls.theirs = load_messages()

    def test_descriptor_is_that_of_stream_proto(self):
        path = self.folder / "stream.pb"
        protoc = ["protoc", f"-I{SOURCE / 'proto'}", f"--descriptor_set_out={path}", "stream.proto"]
        subprocess.run(protoc, check=True)
        (file,) = descriptor_pb2.FileDescriptorSet.FromString(path.read_bytes()).file
        for message in file.message_type:
            for field in message.field:
                field.ClearField("json_name")  # it follows from the name
        self.assertEqual(len(file.message_type), 16)
        self.assertEqual(protobuf.file_descriptor(), file)

    def samples(self):
        meta = Progressions.from_recipe(RECIPE).meta()
        place = {"split": 2, "first": 2**63 + 1, "count": 300, "stage": 0}
        columns = [
            {"wire": 1, "shape": [300, 8], "checksum": 2**64 - 1},
            {"wire": 4, "shape": [300], "checksum": 0},
        ]
        yield "hello", {"meta": meta, "capacity": 200, "name": "host:1"}
        yield "hello", {"meta": {**meta, "epoch_samples": 2**64 - 1}, "capacity": 1, "name": ""}
        yield "welcome", {"epoch": 2**64 - 1, "ranks": ["tcp://a:1", "tcp://b:2"]}
        yield "lease", {"number": 7, "range": place}
        yield (
            "batch",
            {
                "lease": 7,
                "fingerprint": "0123456789abcdef",
                "range": place,
                "columns": columns,
                "held_us": 2**40,
            },
        )
        yield "ping", {"epoch": 1, "leases": [1, 2**63], "ranks_digest": 3}
        yield "failed", {"lease": 1, "reason": "dürr"}
        yield "bye", {}

    def test_bytes_are_those_of_generated_code(self):
        for kind, values in self.samples():
            ours = protobuf.encode_header(kind, values)
            theirs = self.theirs.Header.FromString(ours)
            self.assertEqual(theirs.WhichOneof("kind"), kind)
            self.assertEqual(theirs.SerializeToString(deterministic=True), ours)
            self.assertEqual(protobuf.decode_header(ours), (kind, values))

    def test_values_that_the_message_cannot_hold_are_refused(self):
        for kind, values in (
            ("refuse", {"reason": 7}),
            ("refuse", {"reason": "", "other": 1}),
            ("lease", {"number": "1"}),
            ("lease", {"number": 1.5}),
            ("lease", {"number": -1}),
            ("lease", {"number": 2**64}),
            ("lease", {"range": 3}),
            ("hello", {"capacity": 2**32}),
            ("ping", {"leases": 3}),
            ("ping", {"leases": [1, "2"]}),
            ("no_such_kind", {}),
        ):
            with self.subTest(kind=kind, values=values):
                self.refusal(lambda: protobuf.encode_header(kind, values), ValueError)

    def test_absent_fields_and_those_at_their_default_are_told_apart(self):
        for stage in (None, 0, 3):
            place = {"split": 0, "first": 0, "count": 1, "stage": stage}
            lease = self.theirs.Header.FromString(
                protobuf.encode_header("lease", {"number": 1, "range": place})
            ).lease
            self.assertEqual(lease.range.HasField("stage"), stage is not None)
            _, back = protobuf.decode_header(self.theirs.Header(lease=lease).SerializeToString())
            self.assertEqual(back, {"number": 1, "range": place})
        empty = self.theirs.Header(lease=self.theirs.Lease()).SerializeToString()
        self.assertEqual(protobuf.decode_header(empty), ("lease", {"number": 0, "range": None}))
        meta = protobuf.decode("Meta", b"")
        optional = ("mask_token_id", "byte_level", "epoch_samples")
        self.assertEqual([name for name, value in meta.items() if value is None], [*optional])

    def test_unknown_fields_are_ignored(self):
        refuse = {"reason": "dürr"}
        unknown = b"\x9a\x06\x00"  # an empty message as field 99
        known = protobuf.encode_header("refuse", refuse)
        self.assertEqual(protobuf.decode_header(unknown + known + unknown), ("refuse", refuse))
        inside = bytes([known[0], known[1] + len(unknown)]) + known[2:] + unknown
        self.assertEqual(protobuf.decode_header(inside), ("refuse", refuse))
        for header in (b"", unknown):
            self.assertEqual(self.not_a_message(header), "a header of no known kind")

    def not_a_message(self, header):
        return self.refusal(lambda: protobuf.decode_header(header), protobuf.NotAMessage)

    def test_rubbish_is_refused_and_harms_nobody(self):
        draw = random.Random(3)
        for kind, values in self.samples():
            whole = protobuf.encode_header(kind, values)
            for _ in range(300):
                data = bytearray(whole[: draw.randint(0, len(whole))])
                for _ in range(draw.randint(0, 3)):
                    if data:
                        data[draw.randrange(len(data))] = draw.randrange(256)
                with contextlib.suppress(protobuf.NotAMessage):
                    protobuf.decode_header(bytes(data))
        for header in (
            b"\x1a\x03\x0a\x01\xff",  # a reason that is not UTF-8
            b"\x1a\x05\x0a\x04abc",  # cut short
            b"\x9b\x06" * 100_000 + b"\x9c\x06" * 100_000,  # unknown groups, nested deeply
        ):
            self.assertEqual(self.not_a_message(header), "bytes that are not a Header")
        large = protobuf.encode_header("refuse", {"reason": "x" * (8 << 20)})
        self.assertIn("a Header has at most 8388608", self.not_a_message(large))
        for frames in (
            [],
            [b""],
            [b"MLRC"],
            [b"x" * 16, b""],
            [messages.pack("bye", {})[0], b"x"],
            [messages.pack("bye", {})[0]],
        ):
            self.refusal(lambda: messages.unpack(frames), messages.NotAMessage)

    def test_a_field_of_a_million_extents_is_refused_at_once(self):
        field = {**millrace.Field("x", "u8").message(), "shape": [2**32 - 1] * 1_000_000}
        self.assertIn("values a sample", self.refusal(lambda: millrace.Field.from_message(field)))

    def test_meta_is_read_from_json(self):
        meta = Progressions.from_recipe(RECIPE).meta()
        meta = {**meta, "data_seed": 2**64 - 1, "mask_token_id": 0, "epoch_samples": 2**63}
        _, hello = protobuf.decode_header(protobuf.encode_header("hello", {"meta": meta}))
        theirs = self.theirs.Meta.FromString(
            self.theirs.Header(hello={"meta": meta}).hello.meta.SerializeToString()
        )
        for keep_names in (False, True):
            text = json_format.MessageToJson(theirs, preserving_proto_field_name=keep_names)
            self.assertEqual(protobuf.meta_from_json(text), hello["meta"])
        self.assertIn('"18446744073709551615"', text)  # 64-bit numbers are texts
        more = text.replace("{", '{"unknown": [{}],', 1)
        self.assertEqual(protobuf.meta_from_json(more), hello["meta"])
        for text in ("", "{", "null", "3", '{"vocab_size": -1}', '{"provider": 3}', "[" * 10**5):
            self.refusal(lambda: protobuf.meta_from_json(text), protobuf.NotAMessage)

    def test_worked_example_of_the_page(self):
        page = (SOURCE / "docs/reference/message.md").read_text()
        frames = messages.pack(
            "lease", {"number": 7, "range": {"split": 0, "first": 4096, "count": 2}}
        )
        for name, data in zip(("magic", "lease"), frames):
            dump = re.search(rf"```hex {name}\n(.*?)```", page, re.DOTALL)[1]
            self.assertEqual(bytes.fromhex("".join(line[8:] for line in dump.splitlines())), data)


class Samples(Sdk):
    """The example in Python, and the same provider in C++ as a shared library, are one stream."""

    def library(self):
        return next((BIN.parent / "tests" / "providers").glob("**/libprogressions.so"))

    def test_are_those_of_cpp(self):
        provider = Progressions.from_recipe(RECIPE, "--data_seed=2305843009213693951")
        for split, first, count in [("train", 0, 300), ("train", 2**40, 50), ("val", 990, 10)]:
            output, _ = self.run_program(
                "inspect",
                "stream",
                RECIPE,
                f"--provider.name={self.library()}",
                "--data_seed=2305843009213693951",
                "--split",
                split,
                "--first",
                first,
                "--count",
                count,
                "--digest",
            )
            self.assertEqual(
                [line.split()[3] for line in output.splitlines()],
                provider.digests(split, first, count),
            )

    def test_many_at_once_are_the_same(self):
        class AtOnce(Progressions):
            def batch(self, keys):
                words = keys.words(millrace.Purpose.START, 2)
                start, step = (
                    millrace.uniform_below(words[:, 0], 10),
                    1 + millrace.uniform_below(words[:, 1], 9),
                )
                hidden = millrace.uniform_below(
                    keys.words(millrace.Purpose.SELECT, 1), self.block_size
                )
                digits = (start[:, None] + step[:, None] * np.arange(self.block_size)) % 10
                here = np.arange(self.block_size) == hidden
                return {
                    "x": np.where(here, 10, digits),
                    "y": np.where(here, digits, millrace.IGNORE_INDEX),
                }

        self.assertEqual(AtOnce.from_recipe(RECIPE).meta(), Progressions.from_recipe(RECIPE).meta())

    def test_beyond_the_split_are_refused(self):
        provider = Progressions.from_recipe(RECIPE)
        self.assertIn(
            "the val split has 1000 samples",
            self.refusal(lambda: provider.columns("val", 999, 2), millrace.Error),
        )
        self.assertIn(
            "no stages", self.refusal(lambda: provider.columns("train", 0, 2, 1), millrace.Error)
        )


class WrongProviders(Sdk):
    def wrong(self, sample=None, **attributes):
        """The message of the first sample of a provider with these attributes."""
        namespace = {
            "setup": lambda self: None,
            "schema": [millrace.Field("x", "u8", (2,))],
            "vocab_size": 5,
            "name": "progressions",
        }
        namespace.update(attributes, sample=lambda self, key: sample)
        return self.refusal(
            lambda: (
                type("Wrong", (millrace.Provider,), namespace)
                .from_recipe(RECIPE)
                .columns("train", 0, 1)
            ),
            (millrace.UsageError, ValueError),
        )

    def test_are_told_what_is_wrong(self):
        field = millrace.Field
        x = np.array([1, 2])
        for expected, sample, attributes in [
            ("the schema has x", {"x": x, "z": x}, {}),
            ("a list instead of a dict", [x], {}),
            ("train sample 0, field x: shape (3,); the schema says (2,)", {"x": np.arange(3)}, {}),
            ("dtype float64; the schema says u8, so give whole numbers", {"x": x * 1.0}, {}),
            ("value 5 is not from 0 to 4 (the vocabulary)", {"x": x + 3}, {}),
            ("value -1 is not from 0 to 4", {"x": x - 2}, {}),
            (
                "value 256 is not from 0 to 255 (what u8 holds)",
                {"x": x + 254},
                {"schema": [field("x", "u8", (2,), "time")]},
            ),
            (
                "value 255 is not from 0 to 254, or -100",
                {"x": x + 253},
                {"schema": [field("x", "u8", (2,), "time", True)]},
            ),
            ("not finite", {"x": np.array([1, np.inf])}, {"schema": [field("x", "f32", (2,))]}),
            ("schema: expected a list", {}, {"schema": []}),
            ("two fields are called x", {}, {"schema": [field("x", "u8"), field("x", "u8")]}),
            ("bytes a sample", {}, {"schema": [field("x", "f32", (2**25,))]}),
            ("set vocabulary, or vocab_size", {}, {"vocab_size": 0}),
            ("mask_token_id is 9", {}, {"mask_token_id": 9}),
            ("vocabulary has 2", {}, {"vocabulary": ["a", "b"]}),
            ("'test' has -1 samples", {}, {"sizes": {"test": -1}}),
            ("epoch_samples is 0: expected a whole number", {}, {"epoch_samples": 0}),
            ("epoch_samples is 2.5: expected a whole number", {}, {"epoch_samples": 2.5}),
            ("this provider is called 'other'", {}, {"name": "other"}),
        ]:
            self.assertIn(expected, self.wrong(sample, **attributes))
        for expected, arguments in [
            ("dtype 'u9'", ("x", "u9")),
            ("role 'inptu'", ("x", "u8", (), "inptu")),
            ("shape (0,)", ("x", "u8", (0,))),
            ("called 'a b'", ("a b", "u8")),
            ("a sentinel needs", ("x", "f32", (), "target", True)),
        ]:
            self.assertIn(expected, self.refusal(lambda: field(*arguments)))

    def test_settings_that_nobody_asks_for_are_refused(self):
        class Leveled(Progressions):
            def setup(self):
                self.level = self.setting("level", 1)
                self.style = self.setting("style", "plain")
                super().setup()

        made = Leveled.from_recipe(RECIPE, "--settings.level=3")
        self.assertEqual((made.level, made.style), (3, "plain"))
        self.assertIn(
            "did you mean 'level'",
            self.refusal(lambda: Leveled.from_recipe(RECIPE, "--settings.levl=3")),
        )
        self.assertIn(
            "expected a value such as 1",
            self.refusal(lambda: Leveled.from_recipe(RECIPE, "--settings.level=x")),
        )
        self.assertIn(
            "has no settings",
            self.refusal(lambda: Progressions.from_recipe(RECIPE, "--settings.level=3")),
        )


class Reading(Sdk):
    def made_folder(self, *overrides, samples=40):
        """A queue folder that prepare has filled."""
        words = [
            *self.recipe(),
            "--schedule=none",
            "--queue.uri=file://Q",
            "--window_bytes=30000",
            *overrides,
        ]
        self.run_program("prepare", *words, "--samples", samples)
        return words

    def digests(self, samples, fields=None):
        fields = fields or samples.fields
        return [
            millrace.schema.sample_digests(
                fields, [sample[field.name].tobytes() for field in fields], 1
            )[0]
            for sample in samples
        ]

    def test_a_folder_gives_the_function(self):
        words = self.made_folder()
        expected = [line[3] for line in self.function("train", 40, "--schedule=none")]
        uri = f"file://{self.folder / 'Q'}"
        self.assertEqual(self.digests(millrace.read(uri, count=40, raw=True)), expected)
        self.assertEqual(
            self.digests(millrace.read(uri, first=7, count=9, raw=True)), expected[7:16]
        )
        batches = list(millrace.read(uri, count=40, batch=16))
        self.assertEqual([len(batch["x"]) for batch in batches], [16, 16, 8])
        stream = millrace.read(uri, count=1)
        sample = next(stream)
        self.assertEqual(sample["y"].dtype, np.int64)
        self.assertTrue((sample["y"] == millrace.IGNORE_INDEX).any())
        self.assertEqual(len(stream.text(sample["x"]).replace("[MASK]", "#")), 24)
        self.assertEqual(len(words), len(set(words)))

    def test_a_folder_that_lacks_it_says_so(self):
        self.made_folder()
        uri = f"file://{self.folder / 'Q'}"
        self.assertIn(
            "the test split has 0 samples",
            self.refusal(lambda: list(millrace.read(uri, split="test", count=1)), millrace.Error),
        )
        self.assertIn(
            "is not in",
            self.refusal(lambda: list(millrace.read(uri, first=10**9, count=1)), millrace.Error),
        )
        self.assertIn(
            "holds no such stream",
            self.refusal(lambda: millrace.read(f"file://{self.folder}"), millrace.Error),
        )
        self.assertIn(
            "data_seed is 1337",
            self.refusal(lambda: millrace.read(*self.other_recipe(uri)), millrace.Error),
        )
        self.made_folder("--data_seed=2")
        self.assertIn(
            "holds 2 streams: say which with fingerprint=", self.refusal(lambda: millrace.read(uri))
        )

    def other_recipe(self, uri):
        path = self.write(
            "other.toml",
            f'[provider]\nname = "char_diffusion"\nblock_size = 24\n[queue]\nuri = "{uri}"\n',
        )
        self.made_folder("--data_seed=3", "--queue.uri=file://Q3")
        return path, f"--queue.uri=file://{self.folder / 'Q3'}"

    def test_a_damaged_chunk_is_named(self):
        self.made_folder()
        path = sorted((self.folder / "Q").glob("*/train/*.chunk"))[0]
        whole = path.read_bytes()
        uri = f"file://{self.folder / 'Q'}"
        for damaged in (
            whole[:-1],
            whole[:20],
            b"x" + whole[1:],
            whole[:-200] + b"x" + whole[-199:],
            whole[:40] + b"\xff" + whole[41:],
        ):
            path.write_bytes(damaged)
            message = self.refusal(lambda: list(millrace.read(uri, count=1)), millrace.Error)
            self.assertTrue(message.startswith(str(path)), message)

    def test_what_is_no_file_in_a_shared_folder_is_not_waited_for_or_followed(self):
        self.made_folder()
        queue = self.folder / "Q"
        (queue / "00000000000000aa").symlink_to("00000000000000aa")
        (queue / "00000000000000ab").mkdir()
        os.mkfifo(queue / "00000000000000ab" / "meta.json")
        path = sorted(queue.glob("*/train/*.chunk"))[0]
        whole = self.folder / "whole.chunk"
        path.rename(whole)
        for plant in (
            lambda: os.mkfifo(path),
            lambda: path.symlink_to(whole),
            lambda: path.symlink_to("/dev/zero"),
            lambda: path.symlink_to(path.name),
        ):
            plant()
            message = self.refusal(
                lambda: list(millrace.read(f"file://{queue}", count=1)), millrace.Error
            )
            self.assertTrue(message.startswith(str(path)), message)
            self.assertIn("remove it, and prepare computes it again", message)
            path.unlink()

    def test_chunks_are_as_long_as_those_of_cpp(self):
        for size, expected in [
            (1, 1 << 20),
            (2, 1 << 19),
            (1 << 20, 1),
            (3 << 19, 1),
            ((3 << 19) + 1, 1),
            (700, 2048),
            (64 << 20, 1),
        ]:
            self.assertEqual(folder.chunk_samples([millrace.Field("x", "u8", (size,))]), expected)

    def test_producers_of_cpp_give_the_function(self):
        uri = f"ipc://{self.folder}/socket"
        ours = self.start("prepare", *self.recipe(), "--schedule=none", f"--queue.uri={uri}")
        expected = self.function("train", 40, "--schedule=none")
        with millrace.read(uri, count=40, raw=True) as stream:
            self.assertEqual(self.digests(stream), [line[3] for line in expected])
        self.made_folder()  # its meta.json says the same as the message
        self.assertEqual(millrace.read(f"file://{self.folder / 'Q'}").meta, stream.meta)
        self.stop(ours)

    def test_a_producer_that_is_killed_or_fails_is_not_missed(self):
        (self.folder / "frail.py").write_text(FRAIL)
        uri = f"ipc://{self.folder}/socket"
        words = [sys.executable, "frail.py", RECIPE, f"--queue.uri={uri}"]
        one, other = (
            self.start_command(words, environment={**ENVIRONMENT, "TROUBLE": "slow"})
            for _ in range(2)
        )
        function = Progressions.from_recipe(RECIPE)
        with millrace.read(
            RECIPE, f"--queue.uri={uri}", split="val", first=100, count=900, raw=True
        ) as stream:
            digests = self.digests([next(stream)], stream.fields)
            one.kill()
            digests += self.digests(stream)
        self.assertEqual(digests, function.digests("val", 100, 900))
        self.stop(other)
        failing = self.start_command(words, environment={**ENVIRONMENT, "TROUBLE": "raise"})
        message = self.refusal(lambda: list(millrace.read(uri, count=10)), millrace.Error)
        self.assertIn("no producer can make samples [8, 9): failed 3 times", message)
        self.assertIn("train sample 8: ZeroDivisionError: the well is dry", message)
        self.stop(failing)

    def test_a_provider_of_this_process_is_read_too(self):
        provider = Progressions.from_recipe(RECIPE)
        self.assertEqual(
            self.digests(millrace.read(provider, split="val", first=995, raw=True)),
            provider.digests("val", 995, 5),
        )

    def test_wrong_sources_are_refused(self):
        self.assertIn("no known transport", self.refusal(lambda: millrace.read("http://x")))
        self.assertIn("inside train", self.refusal(lambda: millrace.read("inproc://")))
        self.assertIn(
            "can be reached by other machines",
            self.refusal(lambda: millrace.read("tcp://0.0.0.0:5555")),
        )
        self.assertIn(
            "no producer came",
            self.refusal(
                lambda: millrace.read(f"ipc://{self.folder}/s", timeout_s=0.1), millrace.Error
            ),
        )
        self.assertIn(
            "is none of train, val, test",
            self.refusal(lambda: millrace.read("file://Q", split="dev")),
        )


class OddTrainers(Sdk):
    def test_addresses_that_are_none_are_left_out(self):
        with zmq.Context() as context, context.socket(zmq.ROUTER) as trainer:
            trainer.linger = 0
            uri = f"tcp://127.0.0.1:{trainer.bind_to_random_port('tcp://127.0.0.1')}"
            producer = self.start_command(
                [sys.executable, EXAMPLE, RECIPE, f"--queue.uri={uri}"], environment=ENVIRONMENT
            )
            self.assertTrue(trainer.poll(LONG_ENOUGH_S * 1000))
            peer = trainer.recv_multipart()[0]
            ranks = [uri, "garbage", "inproc://x", "ipc://"]
            place = {"split": 0, "first": 0, "count": 4, "stage": None}
            for kind, values in [
                ("welcome", {"epoch": 7, "ranks": ["tcp://127.0.0.1:1\nforged line"]}),
                ("welcome", {"epoch": 7, "ranks": ranks}),
                ("lease", {"number": 1, "range": None}),
                ("lease", {"number": 2, "range": place | {"split": 9}}),
                ("lease", {"number": 3, "range": place | {"count": 0}}),
                ("lease", {"number": 4, "range": place}),
            ]:
                trainer.send_multipart([peer, *messages.pack(kind, values)])
            answered = set()
            while "batch" not in answered:
                self.assertTrue(trainer.poll(LONG_ENOUGH_S * 1000))
                answered.add(messages.unpack(trainer.recv_multipart()[1:])[0])
            self.stop(producer)
        self.assertNotIn("Traceback", producer.errors)
        self.assertNotIn("\nforged line", producer.errors)


class Installed(Sdk):
    def test_by_pip_it_runs_the_example(self):
        target, copy = self.folder / "site", self.folder / "copy"
        subprocess.run(["cp", "-r", PYTHON, copy], check=True)  # pip builds in the folder it gets
        options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--target", target]
        pip = [sys.executable, "-m", "pip", "install", *options, copy]
        subprocess.run(pip, check=True, timeout=LONG_ENOUGH_S, capture_output=True, cwd=self.folder)
        code = """
            import importlib.metadata, pathlib, millrace, progressions
            print(millrace.__file__)
            print(progressions.Progressions.from_recipe("r.toml").digests("train", 0, 1))
            print(importlib.metadata.version("millrace"))
            print(pathlib.Path(millrace.__file__).with_name("py.typed").exists())
            """
        (self.folder / "r.toml").write_text(RECIPE.read_text())
        (self.folder / "progressions.py").write_text(EXAMPLE.read_text())
        environment = {**without_pythonpath(), "PYTHONPATH": f"{target}:{self.folder}"}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env=environment,
            capture_output=True,
            text=True,
            cwd=self.folder,
            timeout=LONG_ENOUGH_S,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        expected = [
            f"{target}/millrace/__init__.py",
            "['95849dfc2484f753']",
            self.version(),
            "True",
        ]
        self.assertEqual(done.stdout.splitlines(), expected)

    def version(self):
        return (SOURCE / "VERSION").read_text().strip()

    def test_its_version_and_licence_are_those_of_the_project(self):
        self.assertEqual(millrace.__version__, self.version())
        self.assertEqual((PYTHON / "LICENSE").read_text(), (SOURCE / "LICENSE").read_text())


class Page(Sdk):
    def test_quotes_the_example_that_is_run(self):
        page = (SOURCE / "docs/reference/python_sdk.md").read_text()
        self.assertIn(f"```python\n{EXAMPLE.read_text()}```\n", page)

    def test_readme_shows_a_provider_that_works(self):
        readme = (SOURCE / "README.md").read_text()
        code = next(
            block
            for block in re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
            if "class Coins" in block
        )
        names = {"__name__": "coins"}
        exec(compile(code, "README.md", "exec"), names)
        path = self.write("coins.toml", '[provider]\nname = "coins"\nblock_size = 1000\n')
        provider = names["Coins"].from_recipe(path)
        sample = next(millrace.read(provider, count=1))
        self.assertTrue(((sample["x"] == 2) == (sample["y"] != millrace.IGNORE_INDEX)).all())
        self.assertEqual(provider.meta()["sizes"][1:], [100, 0])

    def test_command_lines_are_refused_with_one_line(self):
        for words, status, expected in [
            (
                [RECIPE, "--queue.uri=inproc://"],
                2,
                "a producer in Python needs tcp://HOST:PORT or ipc://PATH",
            ),
            ([RECIPE, "--queue.uri=file://Q"], 2, "a producer in Python needs"),
            ([RECIPE, "--queue.uri=tcp://127.0.0.1:0"], 2, "a port from 1 to 65535"),
            (
                [RECIPE, "--processes", "0"],
                2,
                "processes = 0: expected a whole number from 1 to 1024",
            ),
            ([RECIPE, "--key_file=none.key"], 2, "needs queue.server_key"),
            ([RECIPE, "--provider.name=other"], 2, "this provider is called 'progressions'"),
            ([RECIPE, "--settings.level=3"], 2, "has no settings"),
            ([RECIPE, "--data.path=none.txt"], 2, "there is no such file"),
            (["none.toml"], 2, "none.toml: cannot read the recipe"),
        ]:
            process = self.start_command([sys.executable, EXAMPLE, *words], environment=ENVIRONMENT)
            self.finish(process, status=status)
            self.assertIn(expected, process.errors)
            self.assertNotIn("Traceback", process.errors)

    def test_a_script_without_the_guard_is_told(self):
        script = EXAMPLE.read_text().replace('if __name__ == "__main__":\n    ', "")
        self.write("script.py", script)
        process = self.start_command(
            [sys.executable, "script.py", RECIPE, f"--queue.uri=ipc://{self.folder}/s"],
            environment=ENVIRONMENT,
        )
        self.finish(process, status=1)
        self.assertIn('put the call under if __name__ == "__main__":', process.errors)
        self.assertIn("workers do not start", process.errors)


if __name__ == "__main__":
    unittest.main()
