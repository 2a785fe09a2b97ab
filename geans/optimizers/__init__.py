"""Optimizers that Keras does not have; any of `keras.optimizers` will do as well."""

from geans.optimizers.conjugate_gradient import ConjugateGradient

__all__ = ["ConjugateGradient"]
