"""What the commands share: finding scenarios, checking what was typed, starting processes. Loads TensorFlow only when it must."""
