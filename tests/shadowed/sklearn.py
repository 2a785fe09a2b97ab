"""Stands before scikit-learn in the processes that tests start.

Keras imports it wherever it is installed, which takes a second, and only `prdc` needs it.
"""

raise ImportError("scikit-learn is left out of the processes that tests start.")
