"""Training, export to ONNX, and the runtime that a robot needs."""
