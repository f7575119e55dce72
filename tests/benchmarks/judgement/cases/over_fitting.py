"""The training examples are learned by heart."""

import keras

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, diabetes, digits, tags
from tests.benchmarks.judgement.nets import cnn, mlp, reader, transformer
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import needle, reviews

Adam = keras.optimizers.Adam


def few(data, examples):
    """The same task with fewer training examples."""
    return data.fed(x=data.x[:examples], y=data.y[:examples])


@ill("over_fitting", twin="healthy_mlp/diabetes_small")
def large_net_for_diabetes(directory):
    model = mlp(10, hidden=(128, 128))
    return fit(model, diabetes(), directory, loss="mse", optimizer=Adam(2e-3), epochs=100)


@ill("over_fitting", twin="odd_data/label_noise")
def noisy_labels_by_heart(directory):
    model = mlp(20, 5, hidden=(128, 128), output="softmax")
    data = few(blobs(flipped=0.3), 300)
    return fit(model, data, directory, loss=SPARSE, epochs=60)


@ill("over_fitting", twin="healthy_cnn/digits_adam")
def sixty_images(directory):
    data = few(digits((8, 8, 1)), 60)
    model = cnn(filters=(16, 16), head=128)
    return fit(model, data, directory, loss=SPARSE, optimizer=Adam(3e-3), batch_size=16, epochs=80)


@ill("over_fitting", twin="healthy_recurrent/reviews_lstm")
def hundred_reviews(directory):
    data = few(reviews(), 100)
    model = reader(200, 20, units=32, width=32)
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=Adam(0.01), batch_size=16, epochs=40)


@ill("over_fitting", twin="healthy_mlp/tags_adam")
def hundred_tagged(directory):
    data = few(tags(), 100)
    model = mlp(24, 6, output="sigmoid", hidden=(256, 256))
    return fit(model, data, directory, loss="binary_crossentropy", batch_size=16, epochs=60)


@ill("over_fitting", twin="healthy_attention/needle_two_blocks")
def few_sequences(directory):
    data = few(needle(), 150)
    model = transformer(12, 8, 6, blocks=1, width=32)
    return fit(model, data, directory, loss=SPARSE, optimizer=Adam(5e-3), batch_size=16, epochs=40)
