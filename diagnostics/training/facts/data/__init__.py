"""What the inputs, targets and outputs of a training look like: summarised inside the step, put together on the host."""
