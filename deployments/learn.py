"""`make learn`, `python -m deployments.learn`: learns weights from the labelled sample and writes them to the lexicons.

Fits the part `learn` of `data/samples`, writes `data/lexicons/learned.yaml` and prints what learning adds: there, "in
force" are the analysts' weights alone. Run it after an edit of the lexicons or of the sample, and look before you
commit.
"""

from __future__ import annotations

import sys

from models.labelled_sample import SampleError
from models.learning import learn
from models.lexicon_files import LexiconError, load_lexicons
from models.recognition_page import change_markdown, recognise
from tasks.desk_data import floors, instruction, labelled_sample
from tasks.settings import Settings


def main() -> int:
    """Learn and print the change; returns the exit status."""
    folder = Settings().data / "lexicons"
    try:
        sample, lexicons, least = labelled_sample(), load_lexicons(folder, learned_too=False), floors()
        learned = learn([row for row in sample[0] if row.part == "learn"], lexicons)
        (folder / "learned.yaml").write_text(learned.as_yaml(), "utf-8")
        thresholds = instruction().priority.thresholds
        before, after = (recognise(sample, one, thresholds) for one in (lexicons, load_lexicons(folder)))
    except (LexiconError, SampleError) as error:
        print(error, file=sys.stderr)
        return 2
    print(change_markdown(before, after, least))
    return 0


if __name__ == "__main__":
    sys.exit(main())
