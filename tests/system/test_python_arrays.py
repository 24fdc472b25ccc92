"""Every kind of array that a provider in Python may hand over is either exactly right or refused
with the field, what was found and what was wanted; and random words are the same whichever kind of
whole number asks for them."""

import collections
import unittest
import warnings

import numpy as np

import sdk_support  # noqa: F401 (puts the package on sys.path)

import millrace

try:
    import torch
except ImportError:
    torch = None

NAN = float("nan")
MASKED = np.ma.array([1, 2, 3], mask=[0, 1, 0])
with warnings.catch_warnings(action="ignore"):
    MATRIX = np.matrix([[1, 2, 3]])
IDS = millrace.Field("x", "u8", (3,))
TARGETS = millrace.Field("y", "u16", (3,), "target", sentinel=True)
NUMBERS = millrace.Field("w", "f32", (3,), "weight")
SCALAR = millrace.Field("s", "u8", ())


class Column:
    """A column of a table, as pandas and pyarrow give it: a missing value becomes NaN, or None."""

    def __init__(self, values, dtype=None):
        self.values = np.array(values, dtype)

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or self.values.dtype)


class Arrays(unittest.TestCase):
    def wire(self, field, values, count=1):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            data = field.to_wire(values, count, 10)
        return np.frombuffer(data, field.wire_dtype).tolist()

    def refusal(self, field, values, count=1):
        with self.assertRaises(ValueError) as caught:
            self.wire(field, values, count)
        message = str(caught.exception)
        self.assertTrue(message.startswith(f"field {field.name}: "), message)
        return message

    def test_are_exactly_right(self):
        for field, values, expected in [
            (IDS, np.arange(6)[None, ::2], [0, 2, 4]),
            (IDS, np.arange(3)[None, ::-1], [2, 1, 0]),
            (IDS, np.asfortranarray([[1, 2, 3]]), [1, 2, 3]),
            (TARGETS, np.array([[-100, 2, 3]], ">i4"), [65535, 2, 3]),
            (TARGETS, np.array([[-100, 2, 3]], np.int8), [65535, 2, 3]),
            (IDS, np.array([[1, 2, 3]], ">u8"), [1, 2, 3]),
            (NUMBERS, np.array([[1, 2.5, 3]], ">f8"), [1, 2.5, 3]),
            (NUMBERS, np.array([[1, 2.5, 3]], np.float16), [1, 2.5, 3]),
            (NUMBERS, np.array([[1, 2.5, 3]], np.longdouble), [1, 2.5, 3]),
            (IDS, np.array([[True, False, True]]), [1, 0, 1]),
            (IDS, MATRIX, [1, 2, 3]),
            (IDS, np.ma.array([[1, 2, 3]]), [1, 2, 3]),
            (IDS, np.ma.array([[1, 2, 3]], mask=False), [1, 2, 3]),
            (IDS, MASKED.filled(9)[None], [1, 9, 3]),
            (IDS, [range(3)], [0, 1, 2]),
            (IDS, [(np.uint32(1), 2, np.int8(3))], [1, 2, 3]),
            (IDS, Column([[1, 2, 3]]), [1, 2, 3]),
            (SCALAR, [np.array(3)], [3]),
        ]:
            with self.subTest(values=repr(values)):
                self.assertEqual(self.wire(field, values), expected)
        two = millrace.Field("x", "u8", (2,))
        self.assertEqual(self.wire(two, np.arange(10).reshape(2, 5)[:, ::4].T, 2), [0, 5, 4, 9])

    def test_a_mask_is_never_ignored(self):
        pair = [MASKED, MASKED]
        for field, values, count in [
            (IDS, MASKED[None], 1),
            (TARGETS, MASKED[None], 1),
            (NUMBERS, MASKED[None] * 1.0, 1),
            (IDS, pair, 2),
            (IDS, tuple(pair), 2),
            (IDS, collections.deque(pair), 2),
            (IDS, [[1, np.ma.masked, 3]], 1),
            (NUMBERS, [[1.0, np.ma.masked, 3.0]], 1),
            (IDS, [np.array([1, 2, 3]), MASKED], 2),
            (SCALAR, [np.ma.masked], 1),
        ]:
            with self.subTest(values=repr(values)):
                message = self.refusal(field, values, count)
                self.assertIn("whose mask hides values: fill them in first", message)
                self.assertIn(f"the schema says {field.dtype}", message)
        self.assertIn("MaskedArray of dtype int64", self.refusal(IDS, MASKED[None]))

    def test_other_dtypes_are_named(self):
        for field, values, found in [
            (IDS, [[1.0, 2.0, 3.0]], "dtype float64; "),
            (IDS, [[1, NAN, 3]], "dtype float64 (with NaN, as missing values become); "),
            (IDS, Column([[1, NAN, 3]]), "dtype float64 (with NaN, as missing values become); "),
            (IDS, Column([[1, None, 3]], object), "dtype object (NoneType, int); "),
            (IDS, np.array([[1, 2, 3]], object), "dtype object (int); "),
            (IDS, [[2**70, 2, 3]], "dtype object (int); "),
            (IDS, [["1", "2", "3"]], "dtype <U1; "),
            (IDS, np.array([[1, 2, 3]], complex), "dtype complex128; "),
            (NUMBERS, np.array([[1, 2, 3]], complex), "dtype complex128; "),
            (IDS, np.array([[1, 2, 3]], "M8[s]"), "dtype datetime64[s]; "),
            (IDS, np.array([[1, 2, 3]], "m8[s]"), "dtype timedelta64[s]; "),
            (IDS, np.array([[(1,), (2,), (3,)]], [("a", "u1")]), "dtype [('a', 'u1')]; "),
            (IDS, np.zeros((1, 3), "V1"), "dtype |V1; "),
        ]:
            with self.subTest(values=repr(values)):
                self.assertIn(found, self.refusal(field, values))
                self.assertIn(
                    f"the schema says {field.dtype}, so give ", self.refusal(field, values)
                )

    def test_other_shapes_are_named(self):
        for values, found in [
            ([b"\1\2\3"], "shape (1,); the schema says (1, 3)"),
            ([{1, 2, 3}], "shape (1,); "),
            ((i for i in range(3)), "shape (); "),
            (3, "shape (); "),
            (np.rec.array([(1,)], dtype=[("a", "u1")]), "shape (1,); "),
            ([[1, 2], [1, 2, 3]], "a list that NumPy cannot read as one array: "),
        ]:
            with self.subTest(values=repr(values)):
                self.assertIn(found, self.refusal(IDS, values))

    def test_values_beyond_the_field_are_named(self):
        stage = millrace.Field("z", "u16", (3,), "stage")
        wide = millrace.Field("z", "u32", (3,), "time", sentinel=True)
        for field, values, found in [
            (IDS, [[1, -1, 3]], "value -1 is not from 0 to 9 (the vocabulary)"),
            (IDS, [[1, 10, 3]], "value 10 is not from 0 to 9 (the vocabulary)"),
            (IDS, [[1, 256, 3]], "value 256 "),
            (TARGETS, np.array([[1, 156, 3]], np.uint8), "value 156 "),  # -100, wrapped by others
            (stage, [[1, 65536, 3]], "value 65536 is not from 0 to 65535 (what u16 holds)"),
            (wide, np.array([[2**64 - 100, 2, 3]], np.uint64), "value 18446744073709551516 "),
            (NUMBERS, [[1, NAN, 2]], "value nan of dtype float64 is not finite as f32"),
            (NUMBERS, Column([[1, None, 2]], float), "value nan of dtype float64 is not finite"),
            (NUMBERS, [[1, -np.inf, 2]], "value -inf of dtype float64 is not finite"),
            (NUMBERS, [[1, 1e300, 2]], "value 1e+300 of dtype float64 is not finite"),
        ]:
            with self.subTest(values=repr(values)):
                self.assertIn(found, self.refusal(field, values))

    @unittest.skipIf(torch is None, "PyTorch is not installed")
    def test_tensors(self):
        tensor = torch.tensor([[1.0, 2.0, 3.0]])
        self.assertEqual(self.wire(NUMBERS, tensor), [1, 2, 3])
        self.assertEqual(self.wire(IDS, tensor.long()), [1, 2, 3])
        self.assertEqual(self.wire(IDS, [tensor.long()[0]]), [1, 2, 3])
        self.assertEqual(self.wire(NUMBERS, tensor.T.contiguous().T), [1, 2, 3])
        self.assertIn("dtype float32; the schema says u8", self.refusal(IDS, tensor))
        for values, found in [
            (tensor.clone().requires_grad_(), "a Tensor of dtype torch.float32 that NumPy cannot"),
            ([tensor[0].clone().requires_grad_()], "requires grad"),
            (tensor.bfloat16(), "a Tensor of dtype torch.bfloat16 that NumPy cannot read"),
            (torch.zeros((1, 3), device="meta"), "device type tensor"),
            (tensor.to_sparse(), "Sparse"),
        ]:
            with self.subTest(values=repr(values)):
                message = self.refusal(NUMBERS, values)
                self.assertIn(found, message)
                self.assertIn("the schema says f32", message)


class OfAProvider(unittest.TestCase):
    def provider(self, made, **attributes):
        namespace = {
            "schema": [millrace.Field("x", "u8", (3,))],
            "vocab_size": 5,
            "name": "mine",
            "sample": lambda self, key: made,
            **attributes,
        }
        recipe = millrace.Recipe(path="r.toml", provider_name="mine", block_size=3)
        return type("Mine", (millrace.Provider,), namespace)(recipe)

    def test_the_sample_is_named(self):
        for made, found in [
            ({"x": MASKED}, "val sample 7, field x: a MaskedArray of dtype int64 whose mask hides"),
            ({"x": [1, NAN, 3]}, "val sample 7, field x: dtype float64 (with NaN"),
            ({"x": MATRIX}, "val sample 7, field x: shape (1, 3)"),
            ({"x": [1, 2, 3], 4: 5}, "fields 4, x; the schema has x"),
        ]:
            with self.subTest(made=made), self.assertRaises(ValueError) as caught:
                self.provider(made, sizes={"val": 9}).columns("val", 7, 1)
            self.assertIn(found, str(caught.exception))

    def test_batches_are_looked_at_too(self):
        with self.assertRaisesRegex(ValueError, "field x: a MaskedArray"):
            self.provider(None, batch=lambda self, keys: {"x": MASKED[None]}).columns("train", 0, 1)

    def test_what_describes_it_is_whole(self):
        made = {"x": [1, 2, 3]}
        for attributes, found in [
            ({"vocab_size": 5.0}, "vocab_size is 5.0: expected a whole number"),
            ({"vocab_size": True}, "vocab_size is True"),
            ({"mask_token_id": 1.5}, "mask_token_id is 1.5"),
            ({"format_version": "2"}, "format_version is '2'"),
        ]:
            with self.subTest(**attributes), self.assertRaises(millrace.UsageError) as caught:
                self.provider(made, **attributes)
            self.assertIn(found, str(caught.exception))
        for arguments, found in [
            (("x", "u8", (True,)), "shape"),
            (("x", "u8", (2.0,)), "shape"),
            (("x", "u8", (2,), "input", 2), "sentinel is 2, not True or False"),
        ]:
            with (
                self.subTest(arguments=arguments),
                self.assertRaisesRegex(millrace.UsageError, found),
            ):
                millrace.Field(*arguments)
        plain = self.provider(made, mask_token_id=4, vocabulary=[*"abcd_"])
        numpys = self.provider(
            made,
            vocab_size=np.int64(5),
            mask_token_id=np.uint8(4),
            schema=[millrace.Field("x", "u8", np.int64(3))],
            vocabulary=np.array([*"abcd_"]),
        )
        self.assertEqual(numpys.meta(), plain.meta())


class Words(unittest.TestCase):
    KINDS = (np.int8, np.uint8, np.int32, np.uint32, np.int64, np.uint64)

    def test_do_not_depend_on_the_kind_of_number(self):
        plain = millrace.Draws(57, 1, 2, 93)
        for kind in self.KINDS:
            with self.subTest(kind=kind.__name__), warnings.catch_warnings():
                warnings.simplefilter("error")
                draws = millrace.Draws(kind(57), kind(1), kind(2), kind(93))
                self.assertEqual(draws.word(kind(3), kind(6)), plain.word(3, 6))
                self.assertEqual(draws.block(kind(3), kind(6)), plain.block(3, 6))
                self.assertEqual(
                    draws.words(kind(3), kind(4), kind(5)).tolist(), plain.words(3, 4, 5).tolist()
                )
                self.assertEqual(draws.below(kind(10), kind(3), kind(6)), plain.below(10, 3, 6))
                self.assertEqual(draws.permuted(kind(100), kind(6)), plain.permuted(100, 6))
                self.assertEqual(
                    draws.shuffled(kind(9), kind(3)).tolist(), plain.shuffled(9, 3).tolist()
                )
                words = np.array([0, 7, 100], kind)
                self.assertEqual(millrace.uniform_below(words, kind(5)).tolist(), [0, 0, 0])
                self.assertEqual(
                    millrace.philox4x32_10(kind([1, 2, 3, 4]), kind([5, 6])).tolist(),
                    millrace.philox4x32_10([1, 2, 3, 4], [5, 6]).tolist(),
                )

    def test_samples_asked_for_by_numpys_numbers_are_the_same(self):
        class Mine(millrace.Provider):
            name, vocab_size = "mine", 256
            schema = [millrace.Field("x", "u8", (1,))]

            def sample(self, key):
                return {"x": [key.word(0) >> 24]}

        mine = Mine(millrace.Recipe(provider_name="mine"))
        self.assertEqual(
            mine.columns("train", np.int64(5), np.int64(9)), mine.columns("train", 5, 9)
        )

    def test_readers_take_them_too(self):
        made = type(
            "Mine",
            (millrace.Provider,),
            {
                "vocab_size": 256,
                "schema": [millrace.Field("x", "u8")],
                "sample": lambda self, key: {"x": key.word(0) >> 24},
            },
        )(millrace.Recipe(provider_name="mine"))
        plain = [sample["x"] for sample in millrace.read(made, first=300, count=4)]
        for kind in (np.int16, np.uint64):
            stream = millrace.read(made, first=kind(300), count=kind(4))
            self.assertEqual([sample["x"] for sample in stream], plain)
        for wrong, found in [
            ({"first": 1.5}, "first 1.5: expected a whole number from 0"),
            ({"count": -1}, "count -1"),
            ({"batch": 0}, "batch 0: expected a whole number from 1"),
        ]:
            with self.assertRaisesRegex(millrace.UsageError, found):
                millrace.read(made, **wrong)

    def test_beyond_the_counter_are_refused(self):
        draws = millrace.Draws(1, 0, 0, 0)
        masked = np.ma.array([1, 2], mask=[0, 1])
        for call, found in [
            (lambda: millrace.Draws(-1, 0, 0, 0), "seed -1"),
            (lambda: millrace.Draws(1, 0, 0, 2**64), "index 18446744073709551616"),
            (lambda: millrace.Draws(1, 0, 0, 1.0), "index 1.0: expected a whole number"),
            (lambda: millrace.Draws(1, 256, 0, 0), "split 256"),
            (lambda: draws.word(256), "purpose 256"),
            (lambda: draws.word(0, -1), "number -1"),
            (lambda: draws.words(-1, 2), "purpose -1"),
            (lambda: draws.words(0, 2, -4), "first -4"),
            (lambda: draws.permuted(5, 5), "entry 5: expected a whole number from 0 to 4"),
            (lambda: draws.below(0, 0), "n 0"),
            (lambda: millrace.uniform_below(2**32, 5), "word 4294967296"),
            (lambda: millrace.uniform_below(np.array([2**40]), 5), "words of dtype int64"),
            (lambda: millrace.uniform_below(np.array([-1]), 5), "words of dtype int64"),
            (lambda: millrace.uniform_below(np.array([0.5]), 5), "words of dtype float64"),
            (lambda: millrace.uniform_below(np.array([5], np.uint32), 2.5), "n 2.5"),
            (lambda: millrace.uniform_below(masked, 5), "mask hides"),
            (lambda: millrace.philox4x32_10([1.5, 0, 0, 0], [0, 0]), "words of dtype float64"),
        ]:
            with self.subTest(found=found), self.assertRaises(ValueError) as caught:
                call()
            self.assertIn(found, str(caught.exception))


if __name__ == "__main__":
    unittest.main()
