"""The command line, one module for what belongs together.

Import order: parsing, progress -> settings -> the modules with the verbs -> `vqvae.__main__`.

A verb is one function `add_<verb>(subparsers)`: it adds a parser and calls
`parser.set_defaults(run=function)`, where `function(args)` does the work and returns the exit code
(None: 0). List it in `vqvae.__main__.VERBS`. A module here imports torch only inside functions, so
that help and wrong calls are answered at once.
"""
