"""What programs may call: encode, decode, reconstruct, generate, complete. Nothing else of the app
is public.

    from gradio_client import Client
    client = Client("http://127.0.0.1:7860")
    grid = client.predict(image=base64_of_a_png, model="mnist", api_name="/encode")["indices"]

Pictures are base64 text: PNG out; any file that the page takes in, with or without
`data:image/png;base64,` before it. A grid is a list of rows of whole numbers from 0 to K - 1. The
same five are tools of the optional MCP server (`python app.py --mcp`), which reads these
docstrings. What cannot be answered is one sentence, in a gr.Error.
"""
