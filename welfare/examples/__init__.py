"""A simulated industry written out in the agencies' own file layouts, with planted effects: the truth is known."""

from welfare.examples.truth import PlantedTruth
from welfare.examples.write import MINIMUM_PLANTS, write_example

__all__ = ["MINIMUM_PLANTS", "PlantedTruth", "write_example"]
