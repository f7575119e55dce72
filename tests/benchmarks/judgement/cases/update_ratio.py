"""Some layers move far too much or too little for their size."""

import keras
import tensorflow as tf

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import cnn, mlp
from tests.benchmarks.judgement.programs import SPARSE, fit


class ScaledGradients(keras.Sequential):
    """Multiplies the gradients of all layers but the last by a factor: a rate for the body, and one for the head."""

    factor = 1.0

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        head = len(self.layers[-1].trainable_variables)
        factors = [self.factor] * (len(gradients) - head) + [1.0] * head
        gradients = [factor * each for factor, each in zip(factors, gradients, strict=True)]
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def scaled(model, factor):
    """The same layers with scaled gradients."""
    made = ScaledGradients([keras.Input(model.input_shape[1:]), *model.layers])
    made.factor = factor
    return made


@ill("update_ratio", "weights_do_not_move", "learning_rate_too_low", twin="healthy_mlp/digits_sgd")
def body_hardly_moves(directory):
    model = scaled(mlp(64, 10, hidden=(8, 8), output="softmax"), 1e-6)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=keras.optimizers.SGD(0.1), epochs=10, metrics=[])


@ill("update_ratio", "learning_rate_too_high", "dead_units", twin="healthy_cnn/digits_sgd")
def body_moves_too_fast(directory):
    model = scaled(cnn(), 200.0)
    return fit(
        model, digits((8, 8, 1)), directory, loss=SPARSE, optimizer=keras.optimizers.SGD(0.02), epochs=6, metrics=[]
    )


@ill("update_ratio", "learning_rate_too_high", twin="healthy_mlp/digits_tanh")
def small_weights_large_steps(directory):
    small = keras.initializers.RandomNormal(stddev=0.01)
    model = mlp(64, 10, activation="tanh", output="softmax", kernel_initializer=small)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=keras.optimizers.RMSprop(0.3), epochs=8)
