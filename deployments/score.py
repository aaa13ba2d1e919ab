"""`make score`, `python -m deployments.score [--lexicons FOLDER]`: how well texts and accounts are recognised.

Reads the labelled sample of `data/samples` with the lexicons in force and prints the report; with `--lexicons` prints
what an edited copy of `data/lexicons` would change. Exit status 1 where a figure is below its floor, 2 where a file is
wrong.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from models.labelled_sample import SampleError
from models.lexicon_files import LexiconError, load_lexicons
from models.recognition_page import below_floors, change_markdown, recognise, score_markdown
from tasks.desk_data import floors, instruction, labelled_sample, lexicons


def main() -> int:
    """Print the report; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deployments.score", description=__doc__)
    parser.add_argument("--lexicons", type=Path, help="a folder with an edited copy of data/lexicons")
    changed = parser.parse_args().lexicons
    try:
        thresholds, least = instruction().priority.thresholds, floors()
        recognised = in_force = recognise(labelled_sample(), lexicons(), thresholds)
        if changed:
            recognised = recognise(labelled_sample(), load_lexicons(changed), thresholds)
    except (LexiconError, SampleError) as error:
        print(error, file=sys.stderr)
        return 2
    print(change_markdown(in_force, recognised, least) if changed else score_markdown(recognised, least))
    return 1 if below_floors(recognised, least) else 0


if __name__ == "__main__":
    sys.exit(main())
