"""What each finding means, what looks like it and is not, and what to do: for letters, and for ``docs/findings/``."""

from __future__ import annotations

TEXTS: dict[str, tuple[str, str, str]] = {
    "constant_inputs": (
        "The model gets the same numbers for every example, or most features never change: there is nothing to "
        "learn from them.",
        "A mask or a padding feature may be constant on purpose. Images with a black border have constant pixels; "
        "that is why only a large share counts.",
        "Look at a batch as the model gets it. Usual reasons: a division that rounds to 0 in an integer dtype, a "
        "wrong column, a generator that repeats one batch.",
    ),
    "constant_predictions": (
        "The model says the same whatever it is shown.",
        "With rare classes, always naming the frequent one can be the best a weak model does: compare with the "
        "share of that class. A regression of pure noise rightly predicts the mean.",
        "Look at causes that cut the input off: dead or saturated units, a constant signal, inputs on a wrong "
        "scale; then the output layer.",
    ),
    "constant_signal": (
        "From this layer on, all examples look alike, so nothing behind it can tell them apart.",
        "A batch of one example cannot vary, and is not judged. A layer behind dead units only passes on what it "
        "gets: the first layer named is where to look.",
        "Look at the first layer named: dead or saturated units before it, weights of 0, a normalisation over too "
        "small a group.",
    ),
    "contradicting_metric": (
        "Training makes a number small that does not measure what is wanted.",
        "Accuracy can stand still while the loss falls for a while: the model becomes surer before it changes its "
        "mind. A loss from `add_loss` or a variational bound may be negative rightly.",
        "Check that labels, output layer, loss and metric belong together: `from_logits`, one-hot against whole "
        "numbers, the axis of classes.",
    ),
    "dead_units": (
        "A dead unit is 0 on every example: it gets no gradient from them and adds nothing to the output.",
        "Zeros are no deaths: a ReLU that is 0 on half of the examples is as it should be. A unit silent on one "
        "batch may answer to others, and dead units of a wide layer often do no harm. Units may come back; see the"
        " survival curve.",
        "Try a smaller learning rate, He initialisation, a leaky activation, or clipping of the gradient's norm. "
        "Give the probe a fixed reference set: `probes.DeadUnits(reference=x[:256])`.",
    ),
    "diverging_loss": (
        "The loss left the range of sense; what was trained after this step cannot be used.",
        "A loss that jumps once and comes back is oscillating, not diverging. The loss of a GAN or of "
        "reinforcement learning has no fixed bottom and may rise while training goes well.",
        "Divide the learning rate by ten, clip the gradient's norm, and look for NaN in the data; the flight "
        "recorder names the operation.",
    ),
    "dropout_before_batch_norm": (
        "The moving variance is that of training, with dropout's extra variance in it; inference has less.",
        "With a small drop rate the shift is hardly measurable, and a later layer may absorb it: only a validation"
        " loss that shows it makes it a warning.",
        "Move dropout behind the last batch normalisation, or leave it out.",
    ),
    "dropout_rate": (
        "So little of the signal is left in each step that the model cannot learn from it.",
        "Keras' `Dropout(rate)` is the share removed, older frameworks gave the share kept: 0.9 is rarely meant. "
        "High rates can be right for very wide layers and large inputs.",
        "Use 0.1 to 0.5, and fewer dropouts in a row.",
    ),
    "ended": (
        "The run failed, was stopped, or has too few readings; all other findings concern what there is.",
        "A run that is still going on says so, too. Early stopping ends a run as finished.",
        "See the error in the report's details; for a NaN, `python -m diagnostics.replay RUN`.",
    ),
    "exploding_gradient": (
        "The gradient grows from layer to layer on its way back, and a step moves the early layers so far that it "
        "erases what they learned.",
        "A large gradient is not an explosion: with Adam, or behind a normalisation, the size of the gradient "
        "hardly decides the size of the step. That is why the update ratio decides here.",
        "Clip the gradient's norm, use a smaller initialisation or learning rate, or a warm-up.",
    ),
    "float16_headroom": (
        "Activations come near 65,504, the largest number of float16; beyond it they are infinite.",
        "bfloat16 reaches as far as float32 and needs no headroom. A few large values in a float32 layer of a "
        "mixed model do no harm.",
        "Use `mixed_bfloat16`, scale the inputs, or normalise before this layer.",
    ),
    "frozen_layers": (
        "These layers keep the weights that they began with.",
        "That is right for a pretrained extractor, for LoRA and for fine-tuning the head; it is wrong for random "
        "weights.",
        "Set `trainable=True` for the layers that are to learn, and compile again.",
    ),
    "initialisation": (
        "The first weights are copies of each other, or let the signal grow or shrink from layer to layer.",
        "Biases are 0 at first, rightly; a last layer of zeros in a residual branch is a known trick. "
        "Normalisation makes the scale of the weights before it unimportant.",
        "He for ReLU, LeCun for SELU, Glorot for tanh and linear layers; orthogonal for recurrent weights.",
    ),
    "invalid_labels": (
        "The loss is not defined for some targets, and its gradient misleads.",
        "Targets between 0 and 1 are valid for cross-entropy: soft labels, label smoothing, mixup. A class that "
        "this run never showed is no fault.",
        "Whole numbers from 0 for sparse categorical cross-entropy, 0 and 1 for binary cross-entropy, no NaN.",
    ),
    "learning_rate_too_high": (
        "A step changes a large part of a layer's weights at once, overshoots, and erases what was learned.",
        "Weights that begin at 0, such as biases or LoRA's second matrix, change by any factor in their first "
        "step. Weight decay makes weights small, and their relative change large, without harm.",
        "Divide the rate by ten, add a warm-up, or clip the gradient's norm.",
    ),
    "learning_rate_too_low": (
        "In the steps that it had, no layer could move far from where it began.",
        "A loss that falls slowly may also lie on a plateau, have a gradient that vanishes, or be at its best "
        "already. Fine-tuning moves little on purpose.",
        "Raise the rate tenfold until the loss gets restless, then take a third of that.",
    ),
    "linear_stack": (
        "Without an activation between them, these layers together are one linear map.",
        "A low-rank factorisation, as in LoRA, has two linear layers on purpose. An activation may stand in a "
        "layer of its own.",
        'Give the hidden layers an activation, such as `activation="relu"`.',
    ),
    "narrow_layer": (
        "All that the model can tell of an example passes through one or two numbers.",
        "Two units are enough for XOR and for other tasks of textbooks: a model that learns with them is told so as an oddity at most. "
        "The narrow layer of an autoencoder is meant, and not judged.",
        "Use 16 to 128 units in each hidden layer; make it smaller once the model learns.",
    ),
    "no_learning": (
        "The model ends no better than one that always gives the same answer.",
        "Fine-tuning may begin near its best. A small training loss of unshuffled data can come from predicting "
        "the class of the moment.",
        "Train on twenty examples until the loss is near 0. If that fails, model, loss or labels are wrong; if "
        "not, the rate or the data.",
    ),
    "non_finite": (
        "Something became NaN or infinite, and every weight that it reaches is lost.",
        "Loss scaling in float16 skips steps with infinite gradients on purpose, and masks of attention hold −∞: "
        "while the loss stays finite, this is told as a remark.",
        "Record again with `flight_recorder=True`, then `python -m diagnostics.replay RUN` names layer and operation.",
    ),
    "not_connected": (
        "The loss does not depend on these weights; they have no gradient, which is not a gradient of 0.",
        "A second head that this loss does not use is fine. Frozen layers are not meant.",
        "Check that their outputs are used, and that nothing stops the gradient: `stop_gradient`, argmax, "
        "rounding, NumPy.",
    ),
    "oscillating_loss": (
        "The model has learned, and again and again jumps back to worse than a constant.",
        "Single hard batches make spikes as well; groups of steps are judged, so that small batches do not count "
        "as swings. A cyclic learning rate swings on purpose.",
        "A learning rate a tenth as large, or a larger batch.",
    ),
    "output_loss_mismatch": (
        "Output layer, loss and targets do not speak of the same thing, so that the gradient does not lead to "
        "right predictions.",
        "Keras finds the logits behind a softmax or sigmoid, so that a doubled softmax may do no harm there. "
        "Binary cross-entropy with several sigmoids is right for several labels an example.",
        "One unit a class with softmax and (sparse) categorical cross-entropy; a sigmoid with binary "
        "cross-entropy; no activation for a regression; `from_logits=True` without activation.",
    ),
    "over_fitting": (
        "What the model goes on learning holds for its training examples only.",
        "With dropout or augmentation the training loss is measured under worse conditions than the validation "
        "loss. Loss may rise while accuracy holds: the model gets too sure, not worse at telling classes.",
        "Stop at the lowest validation loss, get more data, or add weight decay, dropout or augmentation.",
    ),
    "repeated_batches": (
        "Every step of an epoch is given the same batch.",
        "Learning one batch by heart on purpose, to see whether a model can learn at all, is told as an oddity as long as there are no "
        "validation data. Training on all data in one batch is meant, and not judged.",
        "Look at the generator: the index must move on with each batch, and begin again with each epoch.",
    ),
    "saturation": (
        "Most outputs lie where the activation is flat, so that hardly any gradient passes.",
        "Gates of an LSTM are open or shut on purpose, and a saturated output layer is a sure classifier: it is "
        "left out.",
        "Smaller first weights, scaled inputs, batch normalisation, or ReLU.",
    ),
    "slow_loss": (
        "Training ended while the model still learned, and had not learned much.",
        "A schedule that ends at 0 makes the loss flatten by itself. A model at the limit of noisy data stands "
        "still, it is not slow.",
        "Train for longer, or raise the learning rate.",
    ),
    "stopped_early": (
        "The loss was falling when training ended: such a run shows neither that the model can learn nor that it "
        "cannot.",
        "A quick test of the code is stopped on purpose. A loss falls a little for very long; the share by which "
        "it falls decides.",
        "Train for ten times as many epochs, and judge then.",
    ),
    "strong_penalty": (
        "The penalty costs more than what large weights could gain, so that training makes them small, and hardly anything of the "
        "input reaches the output.",
        "Before a batch normalisation the size of the weights is arbitrary, and a decay that shrinks them does no harm. Weights that "
        "were initialised far too large shrink rightly. In both cases the model learns, and this is told as an oddity.",
        "Divide the penalty by a hundred; 1e-4 is common for L2. Once the model learns, raise it while validation improves.",
    ),
    "stuck_loss": (
        "The model learned little and no longer improves.",
        "It may be all that the data allow: targets full of noise leave a loss that nobody can lower. This is "
        "therefore never a warning.",
        "Compare with a simple model, such as a linear one or nearest neighbours.",
    ),
    "tiny_batches": (
        "Mean and variance of a handful of examples are mostly noise, and that noise goes into every layer behind.",
        "Frozen batch normalisation uses its moving statistics and does not mind. For images, each channel "
        "averages over many places, too.",
        "Batches of 16 or more, or layer or group normalisation.",
    ),
    "uneven_weights": (
        "The loss counts one class only, so that a model need learn nothing but to name it.",
        "Weights against imbalance make rare classes heavier, but leave each class its share. A frequent class may "
        "have most of the loss rightly: only one that fewer than half of the examples have is judged.",
        "Check `class_weight` and `sample_weight`: a mask the wrong way round, or one class left at weight 1. Balanced weights are "
        "examples / (classes × examples of the class).",
    ),
    "unrelated_targets": (
        "What the model learns holds for single training examples: inputs and targets do not belong together.",
        "Over-fitting looks alike, but there the validation loss is good at first. Validation data from elsewhere "
        "look alike as well.",
        "Look at twenty inputs beside their targets, as the model gets them; shuffle both by one permutation.",
    ),
    "unscaled_inputs": (
        "The first layer's outputs and gradients are as far off as its inputs, and no learning rate suits all its "
        "weights.",
        "Token numbers go into an embedding and need no scale; a normalisation layer in the model does the scaling.",
        "Mean 0 and standard deviation 1 for each feature (`keras.layers.Normalization`), pixels to 0 to 1; "
        "statistics from the training data.",
    ),
    "unscaled_targets": (
        "Most of the training goes into reaching the targets' scale, with gradients of the wrong size.",
        "Class numbers are no measurements and have no scale. Adam gets there in the end, only late.",
        "Scale targets to mean 0 and standard deviation 1, and undo it after prediction.",
    ),
    "unshuffled_data": (
        "Each stretch of training pulls the model towards the targets that come just then.",
        "Time series and reinforcement learning have an order that is meant. By chance some order is always there:"
        " it is compared with random orders.",
        "`fit(shuffle=True)`, or `dataset.shuffle(number of examples)` before `batch()`; a buffer of a tenth is "
        "not enough for sorted data.",
    ),
    "unusual_activation": (
        "A softmax between hidden layers, or a recurrent layer without the tanh that it is made for.",
        "A softmax is right where weights over places or experts are wanted, as in attention and gates. A recurrent net of ReLUs "
        "that begins at the identity learns well, and short sequences allow almost anything: without a bad outcome it is told as "
        "an oddity.",
        "ReLU or tanh in hidden layers; in LSTM, GRU and SimpleRNN the default.",
    ),
    "update_ratio": (
        "A layer that moves by much less than a thousandth of its weights a step hardly learns; by far more, and "
        "it forgets.",
        "One in a thousand is a rule of thumb, no law: late in training, with a decayed rate, less is right. "
        "Scales of a normalisation and biases move at their own pace.",
        "If single layers are slow, look at vanishing gradient first; if all are, raise the rate. If fast, lower "
        "it or clip.",
    ),
    "vanishing_gradient": (
        "Less and less gradient arrives at the early layers, and they hardly move.",
        "A small gradient alone is none: with Adam, or behind a normalisation, early layers move all the same, "
        "which the update ratio shows. At the end of a good training, all gradients are small.",
        "An activation with the initialisation that keeps its gain at 1 (ReLU with He, SELU with LeCun), "
        "normalisation, or residual connections. A larger learning rate does not help.",
    ),
    "weights_do_not_move": (
        "Gradient arrives and the weights stay: the steps are rounded away, or the optimizer does not know these "
        "weights.",
        "Frozen layers have no gradient and are not meant. A warm-up begins at a rate of 0.",
        "Check the rate and its schedule, which variables the optimizer was built with, and the dtype: keep "
        "weights in float32.",
    ),
    "wrong_outputs": (
        "Predictions and targets differ in shape, so that each prediction is compared with targets of other "
        "examples or classes.",
        "More outputs than classes are common with a fixed vocabulary: only many times as many count. A mask may "
        "broadcast on purpose.",
        "One unit for each class, or one for each number to predict, and targets of the same shape: `y[:, None]` "
        "for one output.",
    ),
}
"""By rule: what it means; false friends; what to do."""
