"""The app: a page of tabs over the public names of `vqvae`.

Import order, each line knowing only those above it:

    settings, text, theme         plain values
    session, runfiles, storage, model_cache, models, transfer
                                  visitors, room on the disk and checkpoints, no UI
    page, handing                 what every tab is handed, and how a grid goes to the editor
    widgets, tabs                 one custom component, one tab a folder or file
    header, interface             create_app(): the model picker, the loop over the tabs
    guard, server                 the web server around it, and who may talk to it
    quickstart                    called before gradio is imported
"""
