"""Tapes and the layers called inside them are reported on the listener's own thread, and everything is put back."""

from __future__ import annotations

import threading

import keras
import pytest
import tensorflow as tf

from probes.seams import tapes


class Heard:
    def __init__(self) -> None:
        self.events = []

    def enter_tape(self) -> None:
        self.events.append("tape")

    def leave_tape(self) -> None:
        self.events.append("end of tape")

    def enter_layer(self, layer) -> None:
        self.events.append(layer.name)

    def leave_layer(self) -> None:
        self.events.append("end of layer")


def step() -> None:
    with tf.GradientTape():
        keras.layers.Dense(1, name="d")(tf.ones([1, 2]))


def test_events_come_in_order_and_the_originals_come_back():
    tape, heard = tf.GradientTape, Heard()
    originals = tape.__enter__, tape.__exit__, keras.Layer.__call__
    with pytest.raises(KeyError), tapes.hearing_tapes(heard):
        step()
        with tapes.unheard():
            step()
        thread = threading.Thread(target=step)
        thread.start()
        thread.join()
        raise KeyError
    assert heard.events == ["tape", "d", "end of layer", "end of tape"]
    assert (tape.__enter__, tape.__exit__, keras.Layer.__call__) == originals


def test_a_layer_that_raises_is_left():
    heard = Heard()
    with tapes.hearing_tapes(heard), pytest.raises(ValueError, match="ndim"):
        keras.layers.Dense(1, name="d")(tf.ones([2]))
    assert heard.events == ["d", "end of layer"]
