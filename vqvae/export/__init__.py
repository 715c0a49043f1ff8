"""A model for programs that do not have this project: a page that runs it in a browser, or graphs
for ONNX and PyTorch."""
