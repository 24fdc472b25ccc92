"""Scores the words of passages with spaCy or KeyBERT, for annotate: passages on standard input,
words on standard output.

annotate starts this program with the user's Python; its text is part of annotate, so there is no
file to find. It first writes one line, {"scorer": name} or {"error": why}. Then it reads batches of
lines {"text": passage}, each batch ended by an empty line, and writes one line a passage:

    {"words": [[begin, end, value, is_stop], ...]}

with bounds in bytes of the passage's UTF-8. The value is spaCy's universal part of speech, or
KeyBERT's similarity between the word and the passage; null where the word was not scored.
"""

import argparse
import json
import os
import re
import sys

# Words as sklearn's CountVectorizer, and so KeyBERT, defines them; others get no similarity.
WORDS = re.compile(r"(?u)\w+|[^\w\s]")
SCORED = re.compile(r"(?u)\w\w+")


class Unusable(Exception):
    pass


def byte_offsets(text):
    """Where each character begins in the UTF-8 of the text, and where the text ends."""
    offsets = [0]
    for character in text:
        offsets.append(offsets[-1] + len(character.encode()))
    return offsets


def version(module):
    return getattr(module, "__version__", "unknown")


class Spacy:
    def __init__(self, model, processes):
        try:
            import spacy
        except ImportError as error:
            raise Unusable(
                f"this Python has no spaCy ({error}); pip install spacy, then "
                f"python -m spacy download {model}"
            ) from error
        try:
            self.nlp = spacy.load(model, disable=["ner", "parser", "lemmatizer"])
        except OSError as error:
            raise Unusable(
                f"spaCy has no model {model}; python -m spacy download {model}"
            ) from error
        self.processes = processes
        self.name = f"spacy {version(spacy)} {model} {self.nlp.meta.get('version', 'unknown')}"

    def score(self, texts):
        for text, document in zip(
            texts, self.nlp.pipe(texts, n_process=self.processes), strict=True
        ):
            at = byte_offsets(text)
            yield [
                [at[token.idx], at[token.idx + len(token.text)], token.pos_, bool(token.is_stop)]
                for token in document
                if not token.is_space
            ]


class Keybert:
    def __init__(self, model):
        try:
            import keybert
            from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS
        except ImportError as error:
            raise Unusable(f"this Python has no KeyBERT ({error}); pip install keybert") from error
        try:
            self.model = keybert.KeyBERT(model=model)
        except Exception as error:
            raise Unusable(f"KeyBERT cannot load the model {model}: {error}") from error
        self.stop_words = ENGLISH_STOP_WORDS
        self.name = f"keybert {version(keybert)} {model}"

    def score(self, texts):
        for text in texts:
            similarities = self.similarities_of(text)
            at = byte_offsets(text)
            yield [
                [
                    at[word.start()],
                    at[word.end()],
                    similarities.get(word.group().lower()),
                    word.group().lower() in self.stop_words,
                ]
                for word in WORDS.finditer(text)
            ]

    def similarities_of(self, text):
        words = {word.lower() for word in SCORED.findall(text)}
        if not words:
            return {}
        pairs = self.model.extract_keywords(
            text, keyphrase_ngram_range=(1, 1), stop_words=None, top_n=len(words)
        )
        return {word: float(score) for word, score in pairs}


def batches(lines):
    batch = []
    for line in lines:
        if line.strip():
            batch.append(json.loads(line)["text"])
        elif batch:
            yield batch
            batch = []


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--selection", choices=["constituency", "keybert_no_stopword"], required=True
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()

    # What libraries print goes to standard error: standard output is for our lines alone.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(message):
        out.write(json.dumps(message) + "\n")
        out.flush()

    try:
        constituency = arguments.selection == "constituency"
        scorer = (
            Spacy(arguments.model, arguments.processes)
            if constituency
            else Keybert(arguments.model)
        )
    except Unusable as error:
        say({"error": str(error)})
        return
    say({"scorer": scorer.name})
    for texts in batches(sys.stdin):
        for words in scorer.score(texts):
            say({"words": words})


if __name__ == "__main__":
    main()
