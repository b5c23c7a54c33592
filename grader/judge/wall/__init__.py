"""The learner's process behind the kernel's wall, and the trusted side's hold on it."""
